from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given

from profiles.domain.assessing import decide
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.outcome import Rejected, RejectionReason, Withheld, WithheldReason
from profiles.domain.person import Person
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.reading import read_person
from tests.strategies import Json, api_records, put

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DATES = DecisionDates.of(logged_at=NOON, read_at=NOON)
PERSON: dict[str, Json] = {
    "login": {"uuid": "0b54cf1e-89a6-4c3b-8f0a-1f7dd4c9f7a1"},
    "dob": {"date": "1990-02-28"},
    "location": {"city": "Oslo", "postcode": "0150"},
}
CHANGE = {"before": None, "after": PERSON, "op": "c", "ts_ms": 1}

AROUND = [
    ({"schema": {"type": "struct"}, "payload": PERSON}, "Kafka Connect", "schemas.enable"),
    ({"schema": None, "payload": None}, "Kafka Connect", "schemas.enable"),
    ({"schema": {}, "payload": CHANGE}, "Debezium", "ExtractNewRecordState"),
    (CHANGE, "Debezium", "ExtractNewRecordState"),
    ({"before": PERSON, "after": None, "op": "d"}, "Debezium", "ExtractNewRecordState"),
    ({"after": PERSON, "op": "r"}, "Debezium", "ExtractNewRecordState"),
    ({"before": PERSON, "op": "d"}, "Debezium", "ExtractNewRecordState"),
    ({"specversion": "1.0", "id": "1", "data": PERSON}, "CloudEvents", "data"),
    ({"database": "d", "table": "t", "type": "insert", "data": PERSON}, "Maxwell", "data"),
    ({"_index": "i", "_id": "1", "_source": PERSON}, "Elasticsearch", "_source"),
    ({"_id": {"$oid": "65f0c0ffee0c0ffee0c0ffee"}, "person": PERSON}, "MongoDB", "as text"),
    ({"person": PERSON}, "envelope", "alone"),
    ({"users": [PERSON]}, "envelope", "alone"),
    ({"users": [PERSON, 5]}, "envelope", "alone"),
]


@pytest.mark.parametrize(("record", "name", "remedy"), AROUND)
def test_an_envelope_is_named_with_what_to_do(
    record: dict[str, Json], name: str, remedy: str
) -> None:
    read = read_person(record)

    assert isinstance(read, Rejected)
    assert (read.reason, read.path) == (RejectionReason.ENVELOPE, "")
    assert name in read.expected
    assert remedy in read.expected


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"payload": PERSON["login"]},
        {"schema": 1},
        {"op": "c"},
        {"before": 1, "after": 1},
        {"database": "d", "table": "t"},
        {"_id": "65f0c0ffee0c0ffee0c0ffee"},
        {"_id": {"oid": "x"}},
        {"user": {"login": {}}},
        {"user": {"dob": {}}},
        {"users": []},
        {"users": "login dob"},
        {"login": None, "email": "x"},
    ],
)
def test_what_is_no_envelope_lacks_its_login(record: dict[str, Json]) -> None:
    assert read_person(record) == Rejected(RejectionReason.MISSING, "login", "object")


@pytest.mark.parametrize(("record", "_name", "_remedy"), AROUND)
def test_with_a_login_an_object_is_a_person_whatever_else_it_has(
    record: dict[str, Json], _name: str, _remedy: str
) -> None:
    read = read_person({**record, "schema": None, **PERSON})

    assert read == read_person(PERSON)
    assert isinstance(read, Person)


@pytest.mark.parametrize("login", [5, "text", []])
def test_a_login_of_a_wrong_type_is_no_envelope(login: Json) -> None:
    assert read_person({**CHANGE, "login": login}) == Rejected(
        RejectionReason.TYPE, "login", "object"
    )


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("login.uuid", {"$binary": {"base64": "AA==", "subType": "04"}}, "UUID of 36 characters"),
        ("login.uuid", {"$uuid": "0b54cf1e-89a6-4c3b-8f0a-1f7dd4c9f7a1"}, "UUID of 36 characters"),
        ("dob.date", {"$date": "1990-02-28T00:00:00Z"}, "date YYYY-MM-DD"),
        ("dob.date", {"$date": {"$numberLong": "636163200000"}}, "date YYYY-MM-DD"),
        ("location.postcode", {"$numberInt": "150"}, "integer, text or null"),
        ("location.city", {"$symbol": "Oslo"}, "text or null"),
        ("schema", {"$numberLong": "1"}, "integer or null"),
    ],
)
def test_extended_json_of_mongodb_is_named_at_its_path(
    path: str, value: Json, expected: str
) -> None:
    read = read_person(put({**PERSON, "_id": {"$oid": "65f0"}}, path.split("."), value))

    assert isinstance(read, Rejected)
    assert (read.reason, read.path) == (RejectionReason.ENVELOPE, path)
    assert read.expected.startswith(f"{expected}; ")
    assert "MongoDB" in read.expected


@pytest.mark.parametrize("value", [{}, {"$gt": "x"}, {"date": "1990-02-28"}, ["$date"], 5])
def test_any_other_object_is_of_the_wrong_type(value: Json) -> None:
    read = read_person(put(PERSON, ["location", "city"], value))

    assert read == Rejected(RejectionReason.TYPE, "location.city", "text or null")


@pytest.mark.parametrize("login", [{"$oid": "x"}, {"uuid": None, "$oid": "x"}])
def test_a_missing_id_stays_missing(login: Json) -> None:
    assert read_person({**PERSON, "login": login}) == Rejected(
        RejectionReason.MISSING, "login.uuid", "UUID of 36 characters"
    )


def test_a_person_in_a_dump_of_mongodb_with_plain_values_is_read() -> None:
    assert read_person({**PERSON, "_id": {"$oid": "65f0"}}) == read_person(PERSON)


def test_a_readable_child_with_extended_json_elsewhere_is_withheld() -> None:
    child = put(PERSON, ["dob", "date"], "2015-03-04")
    record = put(child, ["location", "postcode"], {"$numberInt": "150"})

    assert decide(record, DEFAULT_POLICY, DATES) == Withheld(WithheldReason.MINOR)


@given(api_records())
def test_a_rejected_envelope_shows_nothing_of_who_is_in_it(record: dict[str, Json]) -> None:
    for around in ({"schema": record, "payload": record}, {"after": record, "op": "c"}):
        read = decide(around, DEFAULT_POLICY, DATES)

        assert isinstance(read, Rejected)
        assert read == decide(
            {**dict.fromkeys(around), "op": "c"} if "op" in around else dict.fromkeys(around),
            DEFAULT_POLICY,
            DATES,
        )
