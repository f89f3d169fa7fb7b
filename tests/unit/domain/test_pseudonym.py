from __future__ import annotations

import re

import pytest
from hypothesis import given

from profiles.domain import pseudonym as module
from profiles.domain.pseudonym import PseudonymKey, pseudonym
from tests.strategies import clean_texts, emails, pseudonym_keys

# RFC 4231, test case 6: the first whose key is long enough for ours.
KEY_OF_THE_RFC = b"\xaa" * 131


def test_a_key_is_not_shorter_than_the_hash() -> None:
    assert module.MINIMUM_KEY_LENGTH == 32
    with pytest.raises(ValueError, match=r"at least 32 bytes; make one with secrets\.token_bytes$"):
        PseudonymKey(id="k1", secret=b"x" * 31)
    assert PseudonymKey(id="k1", secret=b"x" * 32).secret == b"x" * 32


@pytest.mark.parametrize("key_id", ["k", "2026-11_a", "K" * 32, "0", "-a", "a_"])
def test_a_key_id_has_letters_digits_hyphens_and_underscores(key_id: str) -> None:
    assert PseudonymKey(id=key_id, secret=b"x" * 32).id == key_id


@pytest.mark.parametrize("key_id", ["", "k" * 33, "clé", "k 1", "k:1", "k\n", "-", "__", "٣"])
def test_any_other_key_id_is_refused(key_id: str) -> None:
    with pytest.raises(ValueError, match=r"^a key id has 1 to 32 ASCII letters, digits") as refused:
        PseudonymKey(id=key_id, secret=b"x" * 32)
    assert str(refused.value).endswith("'-' or '_'; choose another")


def test_a_pseudonym_is_the_hmac_of_rfc_4231() -> None:
    key = PseudonymKey(id="rfc", secret=KEY_OF_THE_RFC)

    assert pseudonym("Test Using Larger Than Block-Size Key - Hash Key First", key) == (
        "rfc:60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    )


def test_a_value_counts_as_its_utf8_bytes() -> None:
    key = PseudonymKey(id="k", secret=b"\x0b" * 32)

    assert pseudonym("é", key) != pseudonym("e", key)
    assert pseudonym("علی@ایران.ایران", key) != pseudonym("", key)


@given(emails, pseudonym_keys)
def test_a_pseudonym_names_its_key_and_shows_nothing_of_the_value(
    value: str, key: PseudonymKey
) -> None:
    made = pseudonym(value, key)

    assert made == pseudonym(value, key)
    assert re.fullmatch(rf"{re.escape(key.id)}:[0-9a-f]{{64}}", made)
    assert value not in made


@given(clean_texts, clean_texts, pseudonym_keys, pseudonym_keys)
def test_equal_values_have_equal_pseudonyms_only_under_one_key(
    one: str, other: str, key: PseudonymKey, next_key: PseudonymKey
) -> None:
    def digest(value: str, by: PseudonymKey) -> str:
        return pseudonym(value, by).split(":")[1]

    assert (digest(one, key) == digest(other, key)) == (one == other)
    # HMAC fills a short key up with zeros: keys that differ by these only are one.
    same = key.secret.rstrip(b"\0") == next_key.secret.rstrip(b"\0")
    assert (digest(one, key) == digest(one, next_key)) == same


@given(pseudonym_keys)
def test_a_key_does_not_show_its_secret(key: PseudonymKey) -> None:
    assert repr(key) == f"PseudonymKey(id={key.id!r})"
