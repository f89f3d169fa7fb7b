"""What one message may cost."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from profiles.adapters import codec
from profiles.application.ingest import chunking
from profiles.application.ingest.admission import admit_batch
from profiles.application.ingest.chunking import decide_run
from profiles.application.log import messages
from profiles.application.log.bounds import (
    MAXIMUM_PERSONS,
    QUARANTINED_PER_MESSAGE,
    QUARANTINED_PER_NOTICE,
    TOO_MANY,
)
from profiles.application.log.deciding import Chunk, Rules, decide_chunk
from profiles.application.log.messages import Decode
from profiles.application.log.quarantine import quarantined_of
from profiles.application.log.records import LogPartition, LogRecord, Run
from profiles.application.ports.sources import Places
from profiles.domain.outcome import Rejected, RejectionReason
from profiles.domain.policy import DEFAULT_POLICY

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PARTITION = LogPartition("topic")


def response(*results: object) -> bytes:
    return json.dumps({"results": results}).encode()


def rules(decode: Decode = codec.decode) -> Rules:
    return Rules(policy=DEFAULT_POLICY, decode=decode)


def chunk_of(*values: bytes, decode: Decode = codec.decode) -> Chunk:
    records = [LogRecord(offset, NOON, None, value) for offset, value in enumerate(values)]
    return decide_chunk(
        PARTITION, records, start=0, end=len(records), rules=rules(decode), read_at=NOON
    )


@pytest.mark.parametrize("decode", [codec.decode, messages.decode], ids=["fast", "plain"])
def test_a_message_of_more_persons_than_the_api_returns_is_one_rejection(decode: Decode) -> None:
    chunk = chunk_of(response(*[0] * (MAXIMUM_PERSONS + 1)), decode=decode)

    assert chunk.read == 1
    assert [entry.outcome for entry in chunk.entries] == [TOO_MANY]
    assert "5,000" in TOO_MANY.expected


def test_the_largest_response_of_the_api_is_taken_person_by_person() -> None:
    chunk = chunk_of(response(*[0] * MAXIMUM_PERSONS))

    assert chunk.read == len(chunk.entries) == MAXIMUM_PERSONS


def test_such_a_message_is_not_admitted_to_a_log_either() -> None:
    admitted = admit_batch([response(*[0] * (MAXIMUM_PERSONS + 1))], rules(), now=NOON)

    assert admitted.persons == []
    assert list(admitted.notice.rejected) == [TOO_MANY]


def test_of_many_rejected_persons_of_a_message_some_places_are_kept_and_all_are_counted() -> None:
    chunk = chunk_of(response(*[0] * 300), response(*[0] * 20), b"{")

    kept = quarantined_of(chunk)

    assert sum(isinstance(entry.outcome, Rejected) for entry in chunk.entries) == 321
    assert [each.offset for each in kept] == [0] * QUARANTINED_PER_MESSAGE + [1] * 20 + [2]
    assert [each.rejected.path for each in kept[:2]] == ["results[0]", "results[1]"]
    assert [each.ordinal for each in kept[100:102]] == [0, 1]
    assert {each.offset: each.further for each in kept} == {0: 200, 1: 0, 2: 0}
    assert [each.further for each in kept[:100]] == [0] * 99 + [200]


def test_of_many_rejected_persons_of_a_response_a_notice_keeps_as_many_places_as_a_message() -> (
    None
):
    values = [response(*[0] * 300), response(*[0] * 20), b"{"]

    notice = admit_batch(values, rules(), now=NOON, places=Places("line", [1, 2, 4])).notice

    assert list(notice.places) == ["line 1"] * QUARANTINED_PER_MESSAGE + ["line 2"] * 20 + [
        "line 4"
    ]
    assert len(notice.rejected) == len(notice.places)
    assert notice.more == {RejectionReason.TYPE: 200}
    assert notice.reasons == {RejectionReason.TYPE: 320, RejectionReason.JSON: 1}


def test_of_many_messages_a_notice_keeps_some_places_and_one_of_each_reason_at_least() -> None:
    values = [*[b"0"] * 2_000, b"{", b"{"]

    notice = admit_batch(values, rules(), now=NOON).notice

    assert len(notice.rejected) == QUARANTINED_PER_NOTICE + 1
    assert notice.rejected[-1].reason == RejectionReason.JSON
    assert notice.reasons == {RejectionReason.TYPE: 2_000, RejectionReason.JSON: 2}


def test_a_chunk_ends_with_the_message_that_fills_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunking, "CHUNK_PERSONS", 5)
    values = [response(0, 0), response(0, 0, 0), response(*[0] * 9), response(0), response()]
    records = [LogRecord(offset, NOON, None, value) for offset, value in enumerate(values, 3)]
    run = Run(partition=PARTITION, records=records, start=2, end=11)

    chunks = list(decide_run(run, rules=rules(), clock=lambda: NOON))

    assert [(chunk.start, chunk.end, chunk.read) for chunk in chunks] == [
        (2, 5, 5),
        (5, 6, 9),
        (6, 11, 1),
    ]


def test_a_run_of_offsets_without_records_is_a_chunk_of_nobody() -> None:
    run = Run(partition=PARTITION, records=[], start=2, end=7)

    (chunk,) = decide_run(run, rules=rules(), clock=lambda: NOON)

    assert (chunk.start, chunk.end, chunk.read) == (2, 7, 0)
