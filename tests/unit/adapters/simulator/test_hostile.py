"""Hostile records, and the marker by which a test finds what must not be kept."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from datetime import date
from typing import Any

import pytest

from profiles.adapters.simulator import Simulator, parse
from profiles.adapters.simulator.hostile import HOSTILE_KINDS, Means, hostile_record
from profiles.adapters.simulator.records import Records
from profiles.domain.age import age_on, civil_date

TODAY = date(2026, 11, 23)
MARKER = "zq7marker"
FORBIDDEN = (
    *(("login", name) for name in ("password", "salt", "md5", "sha1", "sha256")),
    *(("picture", name) for name in ("large", "medium", "thumbnail")),
)
MINOR_DOB = {"date": "2015-05-05T01:02:03.004Z", "age": 11}


def made(settings: str) -> tuple[Simulator, list[bytes]]:
    simulator = Simulator(**asdict(parse(f"simulator:{settings}")), marker=MARKER, today=TODAY)
    return simulator, [value for each in simulator.deliveries() for value in each.values]


def an_adult() -> dict[str, Any]:
    [value] = next(Simulator(limit=1, today=TODAY).deliveries()).values
    person: dict[str, Any] = json.loads(value)
    return person


def hostile(kind: str) -> bytes:
    return hostile_record(
        kind, an_adult(), Means(secret=MARKER, marked=True, minor_dob=dict(MINOR_DOB))
    )


def test_every_kind_of_hostile_record_occurs() -> None:
    simulator, _ = made("limit=3000,hostile=1")
    records = Records(simulator, today=TODAY)

    assert {records.hostile_kind(index) for index in range(3_000)} == set(HOSTILE_KINDS)
    assert len(HOSTILE_KINDS) > 100


def test_a_duplicate_can_repeat_a_hostile_record() -> None:
    simulator, _ = made("limit=0,hostile=0.5,duplicates=0.5")
    records = Records(simulator, today=TODAY)
    indices = {"not JSON": set[bytes](), "foreign keys": set[bytes]()}
    times = dict.fromkeys(indices, 0)
    for index in range(4_000):
        kind = records.hostile_kind(index)
        if kind in indices:
            indices[kind].add(records.record(index))
            times[kind] += 1

    assert len(indices["not JSON"]) == 1
    assert 1 < len(indices["foreign keys"]) < times["foreign keys"]


@pytest.mark.parametrize("kind", HOSTILE_KINDS)
def test_no_kind_is_an_ordinary_adult(kind: str) -> None:
    ordinary = an_adult()
    found: Any = None
    with suppress(ValueError, RecursionError):
        found = json.loads(hostile(kind).decode())

    assert found != ordinary


@pytest.mark.parametrize("kind", [kind for kind in HOSTILE_KINDS if kind.startswith("minor")])
def test_malformed_minors_are_marked_throughout(kind: str) -> None:
    record = json.loads(hostile(kind))

    assert record["dob"] == MINOR_DOB
    assert MARKER in record["email"]
    assert MARKER in record["location"]["street"]["name"]


def test_a_second_birth_date_comes_last_and_is_a_minors() -> None:
    written = hostile("second birth date of a minor")

    assert written.count(b'"dob"') == 2
    assert json.loads(written)["dob"] == MINOR_DOB
    assert MARKER in json.loads(written)["name"]["first"]


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("high surrogate", rb"\ud800"),
        ("invalid UTF-8", b"\xff\xfe"),
        ("byte order mark", b"\xef\xbb\xbf{"),
        ("lists 100,000 deep", b"[" * 100_000),
        ("objects 1,000 deep", b'{"city":' * 1_000),
        ("house number of 5,000 digits", b"9" * 5_000),
        ("not a number", b":NaN,"),
        ("text with NUL", rb"\u0000"),
        ("birth week date", b'"2020-W01-1"'),
        ("birth on 30 February", b'"1993-02-30T'),
    ],
)
def test_kinds_hold_what_they_are_named_for(kind: str, part: bytes) -> None:
    assert part in hostile(kind)


def test_what_no_profile_may_hold_is_marked() -> None:
    _, values = made("limit=300")
    for value in values:
        person = json.loads(value)
        for part, name in FORBIDDEN:
            assert MARKER in person[part][name]
        assert all(MARKER in person[name] for name in ("phone", "cell"))
        assert person["id"]["value"] is None or MARKER in person["id"]["value"]
        assert all(MARKER in text for text in person["location"]["coordinates"].values())


def test_what_is_kept_of_an_adult_is_not_marked() -> None:
    _, values = made("limit=300")
    for value in values:
        person = json.loads(value)
        for part in ("phone", "cell", "id", "picture"):
            del person[part]
        del person["location"]["coordinates"]
        login = person.pop("login")
        assert MARKER not in login["username"] + login["uuid"]
        assert MARKER not in json.dumps(person)


def test_everything_of_a_minor_without_a_fixed_form_is_marked() -> None:
    _, values = made("limit=400,minors=0.4,updates=0.3,boundary=0.3")
    minors = 0
    for value in values:
        person = json.loads(value)
        born = civil_date(person["dob"]["date"])
        assert born is not None
        minor = age_on(TODAY, born=born) < 18
        minors += minor
        location = person["location"]
        texts = [*person["name"].values(), person["email"], person["login"]["username"]]
        texts += [location["street"]["name"], location["city"], location["state"]]
        texts += [location["country"]]
        assert all((MARKER in text) == minor for text in texts)

    assert minors > 100


def test_without_a_marker_nothing_is_marked() -> None:
    plain = Simulator(limit=2_000, hostile=0.3, minors=0.3, today=TODAY)

    assert not any(MARKER.encode() in v for each in plain.deliveries() for v in each.values)
