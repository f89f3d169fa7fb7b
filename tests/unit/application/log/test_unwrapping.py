"""Envelopes are opened where the operator says so, and else named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given

from profiles.adapters import codec
from profiles.application.ingest.admission import admit_batch
from profiles.application.log import messages
from profiles.application.log.deciding import Entry, Rules, decide_chunk
from profiles.application.log.messages import Decode, Records
from profiles.application.log.records import LogPartition, LogRecord
from profiles.application.log.unwrapping import Envelope, unwrapping
from profiles.domain.outcome import Erased, Rejected, RejectionReason, Withheld
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.profile import Profile
from tests.strategies import Json, json_values
from tests.support.histories import ADA, BEA

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PERSON: dict[str, Any] = {"login": {"uuid": ADA}, "dob": {"date": "1990-02-28"}, "nat": "DK"}
OTHER: dict[str, Any] = {**PERSON, "login": {"uuid": BEA}}
SCHEMA = {"type": "struct", "fields": []}
CREATED = {"before": None, "after": PERSON, "op": "c", "ts_ms": 1, "source": {"db": "d"}}
DELETED = {"before": PERSON, "after": None, "op": "d"}

both_decoders = pytest.mark.parametrize(
    "decode", [messages.decode, codec.decode], ids=["the rule", "the fast way"]
)


def text(document: object) -> bytes:
    return json.dumps(document).encode()


def connect(payload: object) -> dict[str, object]:
    return {"schema": SCHEMA, "payload": payload}


def decided(
    document: object, envelope: Envelope | None, decode: Decode = codec.decode
) -> list[Entry]:
    value = document if isinstance(document, bytes) else text(document)
    rules = Rules(policy=DEFAULT_POLICY, decode=unwrapping(envelope, decode))
    record = LogRecord(0, NOON, b"a key", value)
    chunk = decide_chunk(LogPartition("t"), [record], start=0, end=1, rules=rules, read_at=NOON)
    assert chunk.read == len(chunk.entries)
    return list(chunk.entries)


def outcome(document: object, envelope: Envelope | None = Envelope.DEBEZIUM) -> object:
    (entry,) = decided(document, envelope)
    return entry.outcome


@both_decoders
@pytest.mark.parametrize(
    ("document", "envelope"),
    [
        (connect(PERSON), Envelope.CONNECT),
        (connect(json.dumps(PERSON)), Envelope.CONNECT),
        (b"\0\0\0\0\7" + text(connect(PERSON)), Envelope.CONNECT),
        (PERSON, Envelope.CONNECT),
        (connect(PERSON), Envelope.DEBEZIUM),
        (CREATED, Envelope.DEBEZIUM),
        (connect(CREATED), Envelope.DEBEZIUM),
        ({**CREATED, "op": "u", "before": OTHER}, Envelope.DEBEZIUM),
        ({"after": PERSON, "op": "r"}, Envelope.DEBEZIUM),
        ({**CREATED, "after": json.dumps(PERSON)}, Envelope.DEBEZIUM),
        (PERSON, Envelope.DEBEZIUM),
        ({**CREATED, **PERSON}, Envelope.DEBEZIUM),
        ({**connect(OTHER), **PERSON, "schema": None}, Envelope.CONNECT),
    ],
)
def test_a_person_in_its_envelope_is_read_as_without(
    document: object, envelope: Envelope, decode: Decode
) -> None:
    assert decided(document, envelope, decode) == decided(PERSON, None)


def test_what_is_too_deep_to_be_written_once_more_is_read_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # How deep a text may be is another number for reading and writing on some Pythons.
    too_deep = Mock(side_effect=RecursionError)
    value = text(connect(PERSON))
    monkeypatch.setattr("profiles.application.log.unwrapping.json.dumps", too_deep)

    records = unwrapping(Envelope.CONNECT, codec.decode)(value)
    assert too_deep.called
    assert records == Records((PERSON,))


def test_a_whole_response_may_be_in_an_envelope_as_well() -> None:
    entries = decided(connect({"results": [PERSON, 5, OTHER]}), Envelope.CONNECT)

    assert [entry.person for entry in entries] == [ADA, None, BEA]
    assert isinstance(entries[1].outcome, Rejected)
    assert entries[1].outcome.path == "results[1]"


def test_who_was_deleted_at_the_source_is_erased() -> None:
    for document in (DELETED, connect(DELETED), {**DELETED, "before": json.dumps(PERSON)}):
        assert [(e.person, e.outcome) for e in decided(document, Envelope.DEBEZIUM)] == [
            (ADA, Erased())
        ]


@pytest.mark.parametrize("before", [None, {}, {"id": 5}, {"login": {"uuid": "?"}}, "x", 5])
def test_a_deletion_of_nobody_knows_whom_is_rejected_and_says_what_is_missing(
    before: object,
) -> None:
    for document in ({**DELETED, "before": before}, {"after": None, "op": "d"}):
        rejected = outcome(document)

        assert isinstance(rejected, Rejected)
        assert (rejected.reason, rejected.path) == (RejectionReason.ENVELOPE, "before.login.uuid")
        assert "REPLICA IDENTITY FULL" in rejected.expected


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({**CREATED, "after": None}, "after"),
        ({"before": PERSON, "op": "u"}, "after"),
        ({**CREATED, "op": "t"}, "op"),
        ({**CREATED, "op": None}, "op"),
        ({**CREATED, "op": {}}, "op"),
        (connect(None), "payload"),
    ],
)
def test_an_envelope_without_a_person_is_rejected_where_it_has_none(
    document: object, path: str
) -> None:
    rejected = outcome(document)

    assert isinstance(rejected, Rejected)
    assert (rejected.reason, rejected.path) == (RejectionReason.ENVELOPE, path)


@pytest.mark.parametrize(
    ("document", "envelope", "name"),
    [
        (CREATED, None, "Debezium"),
        (CREATED, Envelope.CONNECT, "Debezium"),
        (connect(CREATED), Envelope.CONNECT, "Debezium"),
        (connect(PERSON), None, "Kafka Connect"),
        (connect(connect(PERSON)), Envelope.CONNECT, "Kafka Connect"),
        ({**CREATED, "after": CREATED}, Envelope.DEBEZIUM, "Debezium"),
        ({"specversion": "1.0", "data": PERSON}, Envelope.DEBEZIUM, "CloudEvents"),
    ],
)
def test_another_envelope_is_still_named(
    document: object, envelope: Envelope | None, name: str
) -> None:
    rejected = outcome(document, envelope)

    assert isinstance(rejected, Rejected)
    assert rejected.reason is RejectionReason.ENVELOPE
    assert name in rejected.expected
    if name != "CloudEvents":
        assert "--envelope" in rejected.expected


def test_a_child_in_an_envelope_is_withheld() -> None:
    child = {**PERSON, "dob": {"date": "2015-01-01"}}

    assert isinstance(outcome({**CREATED, "after": child}), Withheld)


def test_a_deletion_is_nothing_that_a_source_delivers() -> None:
    rules = Rules(policy=DEFAULT_POLICY, decode=unwrapping(Envelope.DEBEZIUM, codec.decode))

    admitted = admit_batch([text(DELETED)], rules, now=NOON)

    assert admitted.persons == []
    assert [each.reason for each in admitted.notice.rejected] == [RejectionReason.ENVELOPE]


@given(json_values)
def test_without_an_envelope_the_flag_changes_nothing(document: Json) -> None:
    if isinstance(document, dict) and (
        {"schema", "payload"} <= document.keys() or "op" in document
    ):
        return
    assert decided(text(document), Envelope.DEBEZIUM) == decided(text(document), None)


def test_whom_a_deletion_is_about_is_not_shown() -> None:
    assert ADA not in repr(messages.Deletion(ADA))


def test_what_is_no_json_is_rejected_as_without() -> None:
    assert outcome(b"{") == outcome(b"{", None)
    assert not isinstance(outcome(PERSON), Rejected)
    assert isinstance(outcome(PERSON), Profile)
