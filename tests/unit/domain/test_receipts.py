"""Receipts: signed by whoever has the ledger's key, and of no worth once they are changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.domain.ledger_entry import LedgerHead, UnknownKey
from profiles.domain.person import PersonId
from profiles.domain.pseudonym import PseudonymKey
from profiles.domain.receipts import (
    FORMAT,
    Document,
    Signed,
    Untrusted,
    digest,
    read_receipt,
    sign,
)

ADA = PersonId("00000000-0000-4000-8000-000000000001")
BEA = PersonId("00000000-0000-4000-8000-000000000002")
K1 = PseudonymKey(id="k1", secret=b"1" * 32)
K2 = PseudonymKey(id="k2", secret=b"2" * 32)
KEYS = {"k1": K1, "k2": K2}
CONTENT: Document = {
    "format": FORMAT,
    "at": "2026-11-26T08:00:00+00:00",
    "action": "erase",
    "persons": [{"id": ADA, "entry": 1, "complete": True}, {"id": BEA, "entry": 3, "note": "é"}],
    "complete": True,
    "ledger": {"number": 3, "seal": "ab" * 32},
}


def written(document: Document, *, indent: int | None = None, sort_keys: bool = False) -> bytes:
    return json.dumps(document, indent=indent, sort_keys=sort_keys).encode()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(others=st.dictionaries(st.text(), values, max_size=4), key=st.sampled_from([K1, K2]))
def test_a_signed_receipt_is_read_however_it_is_written(
    others: dict[str, Any], key: PseudonymKey
) -> None:
    receipt = sign({**others, **CONTENT}, key)

    for text in (
        written(receipt),
        written(receipt, indent=2, sort_keys=True),
        json.dumps(dict(reversed(receipt.items())), ensure_ascii=False).encode(
            "utf-8", "surrogatepass"
        ),
    ):
        assert read_receipt(text, KEYS) == Signed(
            head=LedgerHead(3, "ab" * 32), entries={ADA: 1, BEA: 3}, digest=digest(receipt)
        )


def test_a_receipt_names_the_key_and_the_method_and_shows_neither_key_nor_person() -> None:
    receipt = sign(CONTENT, K1)

    assert list(receipt) == [*CONTENT, "signature"]
    assert receipt["signature"] == {
        "method": "HMAC-SHA-256",
        "key": "k1",
        "value": receipt["signature"]["value"],
    }
    assert len(bytes.fromhex(receipt["signature"]["value"])) == 32
    assert len(bytes.fromhex(digest(receipt))) == 32
    assert ADA not in repr(read_receipt(written(receipt), KEYS))


def test_receipts_are_signed_as_they_always_were_or_none_could_be_proved() -> None:
    receipt = sign(CONTENT, K1)

    assert receipt["signature"]["value"] == (
        "2e59caab78b2f8ce700e5c8ab2404ca183aaebf377077cf086cc868292678efe"
    )
    assert digest(receipt) == "1a11d26e41594e562905d1a071d2c89ab8a070ffc22d30b03780fabe4039ee03"


def places(document: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List every value of a document, by its path."""
    found: list[tuple[Any, ...]] = []
    if isinstance(document, dict | list):
        inner = document.items() if isinstance(document, dict) else enumerate(document)
        for name, value in inner:
            found += [(*path, name), *places(value, (*path, name))]
    return found


@given(data=st.data(), value=values)
def test_whoever_changes_anything_in_a_receipt_is_found_out(
    data: st.DataObject, value: object
) -> None:
    receipt = json.loads(written(sign(CONTENT, K1)))
    before = written(receipt, sort_keys=True)
    *path, last = data.draw(st.sampled_from(places(receipt)))
    within = receipt
    for name in path:
        within = within[name]
    if data.draw(st.booleans()):
        within[last] = value
    else:
        del within[last]

    after = written(receipt, sort_keys=True)

    assert after == before or not isinstance(read_receipt(after, KEYS), Signed)


@given(data=st.data())
def test_another_byte_anywhere_leaves_the_same_receipt_or_none(data: st.DataObject) -> None:
    receipt = sign(CONTENT, K1)
    text = bytearray(written(receipt))
    at = data.draw(st.integers(0, len(text) - 1))
    text[at] = data.draw(st.integers(0, 255))

    found = read_receipt(bytes(text), KEYS)

    assert not isinstance(found, Signed) or found.digest == digest(receipt)


def test_a_receipt_under_a_key_that_is_not_here_names_the_key() -> None:
    assert read_receipt(written(sign(CONTENT, K2)), {"k1": K1}) == UnknownKey("k2")


def test_the_same_key_id_with_another_secret_is_no_signature() -> None:
    forged = sign(CONTENT, PseudonymKey(id="k1", secret=b"3" * 32))

    assert read_receipt(written(forged), KEYS) is Untrusted.SIGNATURE


def test_no_key_can_be_taken_for_another() -> None:
    receipt = sign(CONTENT, K1)
    receipt["signature"]["key"] = "k2"
    assert read_receipt(
        written(receipt), {"k1": K1, "k2": PseudonymKey(id="k2", secret=K1.secret)}
    ) is (Untrusted.SIGNATURE)


def test_a_name_that_is_there_twice_is_not_read() -> None:
    """Who reads it could take the first, and the signature be of the last."""
    text = written(sign(CONTENT, K1)).replace(b'{"format"', b'{"complete": false, "format"', 1)

    assert read_receipt(text, KEYS) is Untrusted.FORM


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"signature": 1}',
        b'{"signature": {"method": "HMAC-SHA-256", "key": 1, "value": ""}}',
        b'{"signature": {"method": "HMAC-SHA-256", "key": "k1", "value": 1}}',
        b'{"signature": {"method": "none", "key": "k1", "value": ""}}',
        b'{"signature": {"method": "HMAC-SHA-256", "key": "k1", "value": "", "more": 1}}',
        b'{"at": NaN, "signature": {"method": "HMAC-SHA-256", "key": "k1", "value": ""}}',
    ],
)
def test_what_is_no_receipt_is_not_read(text: bytes) -> None:
    assert read_receipt(text, KEYS) is Untrusted.FORM


@pytest.mark.parametrize(
    "content",
    [
        {},
        {**CONTENT, "format": "another"},
        {**CONTENT, "persons": None},
        {**CONTENT, "persons": [1]},
        {**CONTENT, "persons": [{"id": 1, "entry": 1}]},
        {**CONTENT, "persons": [{"id": "ADA", "entry": 1}]},
        {**CONTENT, "persons": [{"id": ADA, "entry": None}]},
        {**CONTENT, "persons": [{"id": ADA, "entry": True}]},
        {**CONTENT, "ledger": None},
        {**CONTENT, "ledger": {"number": "1", "seal": "ab" * 32}},
        {**CONTENT, "ledger": {"number": 1, "seal": None}},
    ],
)
def test_what_was_signed_and_is_no_receipt_of_this_form_is_not_read(content: Document) -> None:
    assert read_receipt(written(sign(content, K1)), KEYS) is Untrusted.FORM
