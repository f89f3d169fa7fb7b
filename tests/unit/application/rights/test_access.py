"""The right of access: an export has all that is held of a person, and of nobody else."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from profiles.adapters import codec
from profiles.adapters.memory import MemoryDecidingStore, MemoryLedger, MemoryLog
from profiles.application.log.deciding import Rules, decide_chunk
from profiles.application.log.records import Notice
from profiles.application.rights.access import export_person
from profiles.domain.outcome import WithheldReason
from profiles.domain.person import Birth, Login, Person, PersonId, Registration
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.profile import Profile

ADA = PersonId("00000000-0000-4000-8000-00000000000a")
BEA = PersonId("00000000-0000-4000-8000-00000000000b")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULES = Rules(policy=DEFAULT_POLICY, decode=codec.decode)


def person(identity: PersonId) -> Person:
    return Person(
        login=Login(uuid=identity),
        dob=Birth(date="1990-05-17T04:12:00.000Z"),
        registered=Registration(date="2015-02-03T10:00:00.000Z"),
        email="ada@example.com",
    )


def log_with(*persons: Person) -> MemoryLog:
    log = MemoryLog("topic", encode=codec.encode)
    kept_out = Notice(withheld={WithheldReason.MINOR: 1})
    log.append(persons, kept_out, logged_at=NOW, source="", expected=0, position=None)
    return log


def store_of(log: MemoryLog) -> MemoryDecidingStore:
    store = MemoryDecidingStore()
    records = log.read(0, limit=10)
    end = len(records)
    chunk = decide_chunk(log.partition, records, start=0, end=end, rules=RULES, read_at=NOW)
    store.apply(chunk, MemoryLedger())
    return store


def test_an_export_has_the_profile_with_every_field_and_its_version() -> None:
    log = log_with(person(BEA), person(ADA))
    store = store_of(log)

    exported = export_person(ADA, store, log, DEFAULT_POLICY)

    held = store.profile(ADA)
    assert held is not None
    assert exported["id"] == ADA
    assert tuple(exported["profile"]) == (*Profile._fields, "version")
    assert exported["profile"]["registered_on"] == "2015-02-03"
    assert exported["profile"]["expires_at"] == "2027-11-23"
    assert exported["profile"]["version"] == held[1]


def test_an_export_has_the_records_of_the_log_as_they_were_taken_in() -> None:
    log = log_with(person(BEA), person(ADA))

    (record,) = export_person(ADA, store_of(log), log, DEFAULT_POLICY)["log"]

    assert (record["offset"], record["logged_at"]) == (1, NOW.isoformat())
    assert record["person"]["login"]["uuid"] == ADA
    assert record["person"]["dob"]["date"] == "1990-05-17T04:12:00.000Z"


def test_an_export_says_why_each_field_is_kept_on_what_basis_and_for_how_long() -> None:
    log = log_with(person(ADA))

    fields = export_person(ADA, store_of(log), log, DEFAULT_POLICY)["fields"]

    assert tuple(fields) == Profile._fields
    assert fields["email"] == {
        "purpose": "write to the person",
        "legal_basis": "GDPR Art. 6(1)(b)",
        "retention_days": 365,
    }


def test_the_export_of_an_unknown_person_is_empty_and_shows_nobody_else() -> None:
    log = log_with(person(BEA))

    exported = export_person(ADA, store_of(log), log, DEFAULT_POLICY)

    assert exported["profile"] is None
    assert exported["log"] == []
    assert BEA not in json.dumps(exported)


def test_without_a_log_the_export_tells_of_the_store() -> None:
    log = log_with(person(ADA))

    exported = export_person(ADA, store_of(log), None, DEFAULT_POLICY)

    assert exported["log"] == []
    assert exported["profile"] is not None
