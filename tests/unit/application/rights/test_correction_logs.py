"""The logs that corrections are appended to, and how they are taken in where no job works."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from profiles.adapters import codec
from profiles.adapters.memory import MemoryDecidingStore, MemoryLedger, MemoryLog
from profiles.application.errors import LogError
from profiles.application.ingest.embedded import EmbeddedEngine
from profiles.application.log.deciding import Rules
from profiles.application.log.records import LogPartition
from profiles.application.rights.correction_logs import EmbeddedCorrections, TopicCorrections
from profiles.application.rights.rectifying import Place
from profiles.domain.correcting import correction_of
from profiles.domain.policy import DEFAULT_POLICY
from tests.support.histories import ADA, chunk, stored
from tests.support.memory_streams import MemoryPublisher, MemoryTopic

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
CORRECTION = json.dumps(correction_of(ADA, {"city": "Ribe"}, [])).encode()
PARTITION = LogPartition("topic-1", 0, 2)


def embedded() -> tuple[EmbeddedCorrections, MemoryDecidingStore, MemoryLog]:
    store, log = MemoryDecidingStore(), MemoryLog("a-topic", encode=codec.encode)
    engine = EmbeddedEngine(
        log=log,
        store=store,
        ledger=MemoryLedger(),
        rules=Rules(policy=DEFAULT_POLICY, decode=codec.decode),
        clock=lambda: NOW,
    )
    corrections = EmbeddedCorrections(
        log=log, catch_up=engine.catch_up, clock=lambda: NOW, name="log.sqlite"
    )
    return corrections, store, log


def test_a_correction_is_appended_to_the_embedded_log_and_taken_in() -> None:
    corrections, store, log = embedded()

    place = corrections.append(ADA, CORRECTION)

    assert place == Place(log.partition, 0)
    assert [record.value for record in log.records_of(ADA)] == [CORRECTION]
    assert corrections.take_in(place)
    assert store.counts().superseded == 1


def test_a_run_that_has_the_log_to_itself_takes_in_what_is_appended() -> None:
    corrections, store, log = embedded()

    with log.claim():
        place = corrections.append(ADA, CORRECTION)
        assert not corrections.take_in(place)

    assert store.position(log.partition) is None
    assert corrections.take_in(place)


class Topic:
    """A topic that notes what is taken in of it."""

    def __init__(self, publisher: MemoryPublisher | None = None) -> None:
        self.topic = MemoryTopic()
        self.store = MemoryDecidingStore()
        self.processed: list[tuple[LogPartition, int | None, int]] = []
        self.corrections = TopicCorrections(
            publisher=publisher or MemoryPublisher(self.topic),
            partition=lambda number: LogPartition("topic-1", number, 2),
            store=self.store,
            process=lambda *arguments: self.processed.append(arguments),
            name="topic people",
            within_s=3.0,
        )


def test_a_correction_is_published_with_the_key_of_the_person() -> None:
    site = Topic()
    site.topic.append(0, b"{}")

    assert site.corrections.append(ADA, CORRECTION) == Place(PARTITION, 1)
    (_, record) = site.topic.logs[0]
    assert (record.key, record.value) == (ADA.encode(), CORRECTION)


def test_a_topic_that_does_not_confirm_is_an_error() -> None:
    site = Topic(MemoryPublisher(MemoryTopic(), refused=lambda _value: True))

    with pytest.raises(LogError, match="topic people: it did not confirm the correction"):
        site.corrections.append(ADA, CORRECTION)


def test_a_partition_is_taken_in_up_to_the_correction() -> None:
    site = Topic()
    assert site.corrections.take_in(Place(PARTITION, 4))

    at_2 = chunk(stored(ADA), stored(ADA), partition=PARTITION)
    site.store.apply(at_2, MemoryLedger())
    assert site.corrections.take_in(Place(PARTITION, 4))
    assert site.corrections.take_in(Place(PARTITION, 1))

    assert site.processed == [(PARTITION, None, 5), (PARTITION, 2, 5), (PARTITION, 1, 2)]
