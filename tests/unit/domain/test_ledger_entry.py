"""Entries of the erasure ledger: sealed, chained, and naming nobody."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.domain.ledger_entry import (
    START,
    Action,
    Draft,
    Entry,
    LedgerHead,
    Reason,
    UnknownKey,
    Unreadable,
    names_nobody,
    person_hash,
    read_entry,
    seal,
)
from profiles.domain.person import PersonId
from profiles.domain.pseudonym import PseudonymKey

ADA = PersonId("00000000-0000-4000-8000-000000000001")
BEA = PersonId("00000000-0000-4000-8000-000000000002")
K1 = PseudonymKey(id="k1", secret=b"1" * 32)
K2 = PseudonymKey(id="k2", secret=b"2" * 32)
KEYS = {"k1": K1, "k2": K2}
NOON = datetime(2026, 11, 23, 12, 0, 0, 123_000, tzinfo=UTC)
SUPPRESSED = Draft(action=Action.SUPPRESS, person=ADA)


def read(value: bytes | None, after: LedgerHead = START) -> Entry:
    entry = read_entry(value, after=after, keys=KEYS)
    assert isinstance(entry, Entry)
    return entry


@pytest.fixture
def local_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    def be_in(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield be_in
    monkeypatch.undo()
    time.tzset()


def sealed(draft: Draft = SUPPRESSED, after: LedgerHead = START, key: PseudonymKey = K1) -> bytes:
    return seal(draft, after=after, at=NOON, key=key)


drafts = st.builds(
    Draft,
    action=st.sampled_from(Action),
    person=st.none() | st.uuids().map(str).map(PersonId),
    reason=st.none() | st.sampled_from(Reason),
    deadline=st.none() | st.dates(),
    refers=st.none() | st.integers(1, 10**9),
    digest=st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex),
    recipient=st.none() | st.text(),
)
moments = st.datetimes(timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)


@given(draft=drafts, at=moments, key=st.sampled_from([K1, K2]), number=st.integers(0, 10**9))
def test_what_is_sealed_is_read(draft: Draft, at: datetime, key: PseudonymKey, number: int) -> None:
    after = LedgerHead(number, "a" * 64)

    entry = read(seal(draft, after=after, at=at, key=key), after)

    assert entry.number == number + 1
    assert (entry.at, entry.key) == (at, key.id)
    assert entry.person == (None if draft.person is None else person_hash(draft.person, key))
    for name in ("action", "reason", "deadline", "refers", "digest", "recipient"):
        assert getattr(entry, name) == getattr(draft, name)
    assert entry.head == (number + 1, entry.seal)


def test_entries_are_written_as_they_always_were_or_no_ledger_could_be_read() -> None:
    assert person_hash(ADA, K1).hex() == (
        "3feb4e4b933abab5cf2a910fc844114af992697f2bc28da2202b722fad3dd421"
    )
    assert sealed(replace(SUPPRESSED, reason=Reason.REQUEST)) == (
        b'{"schema":2,"number":1,"at":"2026-11-23T12:00:00.123+00:00","action":"suppress","key":"k1",'
        b'"person":"3feb4e4b933abab5cf2a910fc844114af992697f2bc28da2202b722fad3dd421",'
        b'"reason":"request",'
        b'"seal":"1bee6167787e6c9890318dc004efaa78a2a139a24983d1c404d381b28a50883c"}'
    )


def test_times_are_kept_in_utc_wherever_the_machine_is(
    local_time: Callable[[str], None],
) -> None:
    local_time("Asia/Tokyo")

    assert b'"at":"2026-11-23T12:00:00.123+00:00"' in sealed()


def test_an_entry_is_json_that_names_nobody_and_ends_with_its_seal() -> None:
    value = sealed(replace(SUPPRESSED, reason=Reason.REQUEST, deadline=date(2026, 12, 23)))

    told = json.loads(value)
    assert list(told.items())[:4] == [
        ("schema", 2),
        ("number", 1),
        ("at", "2026-11-23T12:00:00.123+00:00"),
        ("action", "suppress"),
    ]
    assert told["person"] == person_hash(ADA, K1).hex()
    assert list(told)[-1] == "seal"
    assert ADA.encode() not in value
    assert ADA.replace("-", "").encode() not in value


def test_a_time_is_written_in_utc() -> None:
    cet = timezone(timedelta(hours=1))
    value = seal(SUPPRESSED, after=START, at=NOON.astimezone(cet), key=K1)

    assert value == sealed()


def test_what_was_entered_earlier_keeps_its_time() -> None:
    earlier = NOON - timedelta(days=9)

    assert read(sealed(replace(SUPPRESSED, entered_at=earlier))).at == earlier


def test_one_person_has_another_hash_under_another_key() -> None:
    assert len(person_hash(ADA, K1)) == 32
    assert person_hash(ADA, K1) == person_hash(ADA, K1)
    assert len({person_hash(p, k) for p in (ADA, BEA) for k in (K1, K2)}) == 4


@given(at=st.integers(0, len(sealed()) - 1), flipped=st.integers(1, 255))
def test_an_entry_that_was_changed_anywhere_is_not_read(at: int, flipped: int) -> None:
    value = bytearray(sealed())
    value[at] ^= flipped

    # Upper case of a seal's digit is the same digit.
    changed = read_entry(bytes(value), after=START, keys=KEYS)
    assert not isinstance(changed, Entry) or changed == read(sealed())


def test_an_entry_fits_the_one_before_it_and_no_other() -> None:
    first = read(sealed())
    other = read(sealed(Draft(action=Action.SUPPRESS, person=BEA)))
    second = sealed(Draft(action=Action.READMIT, person=ADA), after=first.head)

    assert read(second, first.head).number == 2
    assert read_entry(second, after=other.head, keys=KEYS) is Unreadable.SEAL
    assert read_entry(second, after=START, keys=KEYS) is Unreadable.NUMBER
    assert read_entry(sealed(), after=first.head, keys=KEYS) is Unreadable.NUMBER


def test_an_entry_under_another_key_of_the_same_name_is_not_read() -> None:
    forged = sealed(key=PseudonymKey(id="k1", secret=b"3" * 32))

    assert read_entry(forged, after=START, keys=KEYS) is Unreadable.SEAL


def test_an_entry_under_a_key_that_is_not_here_says_which() -> None:
    assert read_entry(sealed(key=K2), after=START, keys={"k1": K1}) == UnknownKey("k2")


def resealed(**changes: object) -> bytes:
    """Seal what another program might write."""
    told = {**json.loads(sealed()), **changes}
    told = {name: value for name, value in told.items() if value is not None and name != "seal"}
    content = json.dumps(told, separators=(",", ":")).encode().removesuffix(b"}")
    return content + b',"seal":"' + b"0" * 64 + b'"}'


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, Unreadable.FORM),
        (b"", Unreadable.FORM),
        (b"nothing", Unreadable.FORM),
        (b"[1]", Unreadable.FORM),
        (sealed()[:-1], Unreadable.FORM),
        (sealed() + b" ", Unreadable.FORM),
        (b"[" * 99_999 + sealed()[-75:], Unreadable.FORM),
        (b'"' + sealed()[-75:], Unreadable.FORM),
        (resealed(schema=3), Unreadable.SCHEMA),
        (resealed(schema=1), Unreadable.SCHEMA),
        (resealed(schema=True), Unreadable.SCHEMA),
        (resealed(schema=None), Unreadable.SCHEMA),
        (resealed(action="forgive"), Unreadable.FIELD),
        (resealed(action=None), Unreadable.FIELD),
        (resealed(at="2026-11-23T12:00:00"), Unreadable.FIELD),
        (resealed(at="noon"), Unreadable.FIELD),
        (resealed(at=7), Unreadable.FIELD),
        (resealed(at=None), Unreadable.FIELD),
        (resealed(number="1"), Unreadable.FIELD),
        (resealed(number=True), Unreadable.FIELD),
        (resealed(number=None), Unreadable.FIELD),
        (resealed(key=7), Unreadable.FIELD),
        (resealed(key=None), Unreadable.FIELD),
        (resealed(person="ada"), Unreadable.FIELD),
        (resealed(person="ab"), Unreadable.FIELD),
        (resealed(person=7), Unreadable.FIELD),
        (resealed(reason="spite"), Unreadable.FIELD),
        (resealed(deadline="soon"), Unreadable.FIELD),
        (resealed(refers="1"), Unreadable.FIELD),
        (resealed(refers=True), Unreadable.FIELD),
        (resealed(digest=7), Unreadable.FIELD),
        (resealed(recipient=[]), Unreadable.FIELD),
        (resealed(name="Ada"), Unreadable.FIELD),
        (resealed(number=2), Unreadable.NUMBER),
        (resealed(), Unreadable.SEAL),
    ],
)
def test_what_is_no_entry_says_why(value: bytes | None, why: Unreadable) -> None:
    assert read_entry(value, after=START, keys=KEYS) is why


@given(st.binary())
def test_reading_survives_anything(value: bytes) -> None:
    assert read_entry(value, after=START, keys=KEYS) is Unreadable.FORM


def test_entries_of_an_earlier_release_are_told_by_their_schema() -> None:
    assert not names_nobody(b'{"schema":1,"action":"suppress","person":"x"}')
    assert all(map(names_nobody, (sealed(), None, b"", b"{}", b"[1]", b"x")))


def test_no_repr_shows_whom_it_is_about() -> None:
    assert ADA not in repr(SUPPRESSED)
    assert "person" not in repr(read(sealed()))
    assert {"person"} <= {each.name for each in fields(Entry)}
