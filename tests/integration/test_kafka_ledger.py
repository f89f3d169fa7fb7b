"""What only the erasure ledger of a topic has to withstand (the suite of its port runs beside)."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Generator
from contextlib import closing
from datetime import UTC, datetime
from threading import Event

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    ResourceType,
)

from profiles.adapters.kafka import (
    KafkaLedger,
    KafkaLedgerWriter,
    Topic,
    Topics,
    TopicSettings,
    ledger_topic,
)
from profiles.application.errors import LedgerAwayError, LedgerError, LogError
from profiles.application.ports.ledger import Action, LedgerView
from profiles.domain.person import PersonId
from tests.support.kafka_ledgers import KafkaLedgerWrittenBeside, ledger_in_a_new_topic

PATIENCE_S = 30.0
ADA, BEA, CLEO = (PersonId(f"{number:08x}-0000-4000-8000-000000000000") for number in (1, 2, 3))


@pytest.fixture
def ledger(kafka_address: str) -> Generator[KafkaLedgerWrittenBeside]:
    with ledger_in_a_new_topic(kafka_address) as written_beside:
        yield written_beside


@pytest.fixture
def topics(kafka_address: str) -> Topics:
    return Topics(kafka_address)


@pytest.fixture
def admin(kafka_address: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": kafka_address})


def delete(topics: Topics, name: str) -> None:
    """Delete a topic; return when Kafka knows it no longer."""
    topics.delete(name)
    deadline = time.monotonic() + PATIENCE_S
    while topics.find(name, stop=Event()) is not None:
        assert time.monotonic() < deadline


def make(topics: Topics, name: str) -> None:
    """Make a ledger's topic; return when Kafka knows it."""
    topics.ensure(ledger_topic(name), stop=Event())


def alter(admin: AdminClient, name: str, **settings: str) -> None:
    entries = [
        ConfigEntry(key.replace("_", "."), value, incremental_operation=AlterConfigOpType.SET)
        for key, value in settings.items()
    ]
    resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=entries)
    admin.incremental_alter_configs([resource])[resource].result(PATIENCE_S)


def send(ledger: KafkaLedgerWrittenBeside, value: bytes | None) -> None:
    producer = Producer({"bootstrap.servers": ledger.address})
    producer.produce(ledger.name, value=value, partition=0)
    assert producer.flush(PATIENCE_S) == 0


def entry(**other: object) -> bytes:
    fields = {"schema": 1, "action": "suppress", "person": BEA, "entered_at": "2026-11-24T10:00Z"}
    return json.dumps({**fields, **other}).encode()


def test_its_topic_loses_nothing_and_has_one_partition(
    ledger: KafkaLedgerWrittenBeside, topics: Topics, admin: AdminClient
) -> None:
    resource = ConfigResource(ResourceType.TOPIC, ledger.name)
    found = admin.describe_configs([resource])[resource].result(PATIENCE_S)

    assert {
        name: found[name].value for name in ("cleanup.policy", "retention.ms", "retention.bytes")
    } == {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
    assert topics.describe(ledger.name).partitions == 1
    assert topics.differences(ledger_topic(ledger.name)) == {}


def test_the_position_is_the_number_of_entries(ledger: KafkaLedgerWrittenBeside) -> None:
    assert [ledger.enter(Action.SUPPRESS, person) for person in (ADA, BEA, ADA)] == [1, 2, 3]
    assert ledger.view(at_least=3).position == 3


def test_entries_are_there_after_opening_again(ledger: KafkaLedgerWrittenBeside) -> None:
    ledger.suppress(ADA)

    opened = ledger.opened(applied=1)

    assert opened.view(at_least=1) == LedgerView(position=1, suppressed=frozenset({ADA}))


def test_another_process_opens_it_with_the_topic_alone(ledger: KafkaLedgerWrittenBeside) -> None:
    ledger.suppress(ADA)

    with closing(KafkaLedger(ledger.address, ledger.reader.topic)) as opened:
        assert opened.view(at_least=1).suppressed == {ADA}


def test_many_entries_are_read_at_once(ledger: KafkaLedgerWrittenBeside) -> None:
    producer = Producer({"bootstrap.servers": ledger.address})
    ids = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(25_000)]
    for identity in ids:
        producer.produce(ledger.name, value=entry(person=identity), partition=0)
    assert producer.flush(PATIENCE_S) == 0

    assert ledger.view(at_least=25_000).suppressed == set(ids)


# --- A ledger that is not there --------------------------------------------------------------


def test_a_missing_one_is_made_where_none_was_applied(
    ledger: KafkaLedgerWrittenBeside, topics: Topics
) -> None:
    delete(topics, ledger.name)

    assert ledger.opened().view(at_least=0) == LedgerView()


def test_a_missing_one_stops_a_store_that_has_applied_it(
    ledger: KafkaLedgerWrittenBeside, topics: Topics
) -> None:
    delete(topics, ledger.name)

    with pytest.raises(LedgerError, match="is missing, though the store has applied it") as raised:
        ledger.opened(applied=3)

    assert f"topic {ledger.name}" in str(raised.value)
    assert topics.find(ledger.name, stop=Event()) is None


def test_one_made_anew_and_empty_stops_a_store_that_has_applied_the_old(
    ledger: KafkaLedgerWrittenBeside, topics: Topics
) -> None:
    delete(topics, ledger.name)
    make(topics, ledger.name)

    opened = ledger.opened(applied=3)

    with pytest.raises(LedgerError, match="ends at entry 0, before 3"):
        opened.view(at_least=3)


def test_one_deleted_while_it_is_used_stops_everything(
    ledger: KafkaLedgerWrittenBeside, topics: Topics
) -> None:
    ledger.suppress(ADA)
    ledger.view(at_least=1)

    delete(topics, ledger.name)

    for _ in range(2):
        with pytest.raises(LedgerError, match="does not exist, or was deleted") as raised:
            ledger.view(at_least=0)
        assert not isinstance(raised.value, LedgerAwayError)


def test_one_made_anew_while_it_is_used_stops_everything_however_full_it_is(
    ledger: KafkaLedgerWrittenBeside, topics: Topics
) -> None:
    ledger.suppress(ADA)
    ledger.view(at_least=1)
    delete(topics, ledger.name)
    make(topics, ledger.name)
    with closing(KafkaLedgerWriter(ledger.address, ledger.name)) as writer:
        for person in (BEA, CLEO):
            writer.enter(Action.SUPPRESS, person, entered_at=datetime.now(UTC))

    for _ in range(2):
        with pytest.raises(LedgerError, match="was deleted and created again"):
            ledger.view(at_least=0)


def test_a_cluster_that_is_away_can_be_asked_again() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{listener.getsockname()[1]}"

    with (
        closing(KafkaLedger(nobody, Topic("some", "id", 1), answer_s=0.5)) as ledger,
        pytest.raises(LedgerAwayError, match="does not answer") as raised,
    ):
        ledger.view(at_least=0)

    assert "Nothing was stored" in str(raised.value)
    assert raised.value.__cause__ is None


def test_an_entry_that_is_not_confirmed_is_an_error() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{listener.getsockname()[1]}"

    with (
        closing(KafkaLedgerWriter(nobody, "some", answer_s=0.5)) as writer,
        pytest.raises(LogError, match="did not confirm an entry") as raised,
    ):
        writer.enter(Action.SUPPRESS, ADA, entered_at=datetime.now(UTC))

    assert ADA not in str(raised.value)


# --- A ledger that has lost or may lose entries ----------------------------------------------


@pytest.mark.parametrize(
    "setting", [{"retention_ms": "86400000"}, {"retention_bytes": "1000"}], ids=str
)
def test_a_topic_that_would_lose_entries_is_not_used(
    ledger: KafkaLedgerWrittenBeside, admin: AdminClient, setting: dict[str, str]
) -> None:
    alter(admin, ledger.name, **setting)

    with pytest.raises(LedgerError, match=r"would lose entries: it has retention\."):
        ledger.opened()


def test_a_compacted_topic_is_not_used_and_takes_no_entry(
    ledger: KafkaLedgerWrittenBeside, admin: AdminClient
) -> None:
    alter(admin, ledger.name, cleanup_policy="compact")

    with pytest.raises(LedgerError, match=r"would lose entries: it has cleanup\.policy=compact"):
        ledger.opened()
    with pytest.raises(LogError, match="did not confirm"):
        ledger.suppress(ADA)


@pytest.mark.parametrize("seen", [False, True])
def test_one_whose_first_entries_were_deleted_is_not_believed(
    ledger: KafkaLedgerWrittenBeside, admin: AdminClient, *, seen: bool
) -> None:
    for person in (ADA, BEA, CLEO):
        ledger.suppress(person)
    if seen:
        ledger.view(at_least=3)
    gone = TopicPartition(ledger.name, 0, 2)
    admin.delete_records([gone])[gone].result(PATIENCE_S)

    for _ in range(2):
        with pytest.raises(LedgerError, match="begins at entry 3"):
            ledger.view(at_least=0)


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("later", [True, False])
def test_one_written_in_a_transaction_is_not_believed(
    ledger: KafkaLedgerWrittenBeside, *, committed: bool, later: bool
) -> None:
    producer = Producer({"bootstrap.servers": ledger.address, "transactional.id": ledger.name})
    producer.init_transactions(PATIENCE_S)
    producer.begin_transaction()
    producer.produce(ledger.name, value=entry(), partition=0)
    assert producer.flush(PATIENCE_S) == 0
    if committed:
        producer.commit_transaction(PATIENCE_S)
    else:
        producer.abort_transaction(PATIENCE_S)
    with closing(Consumer({"bootstrap.servers": ledger.address, "group.id": "look"})) as consumer:
        deadline = time.monotonic() + PATIENCE_S
        while consumer.get_watermark_offsets(TopicPartition(ledger.name, 0)) != (0, 2):
            assert time.monotonic() < deadline  # the end of a transaction is written a bit later
    if later:
        ledger.suppress(ADA)

    for _ in range(2):
        with pytest.raises(LedgerError, match="has no entry 2"):
            ledger.view(at_least=0)


def test_an_entry_counts_also_behind_a_transaction_that_somebody_left_open(
    ledger: KafkaLedgerWrittenBeside,
) -> None:
    producer = Producer({"bootstrap.servers": ledger.address, "transactional.id": ledger.name})
    producer.init_transactions(PATIENCE_S)
    producer.begin_transaction()
    producer.produce(ledger.name, value=entry(), partition=0)
    assert producer.flush(PATIENCE_S) == 0
    ledger.suppress(ADA)

    assert ledger.view(at_least=0).suppressed == {ADA, BEA}

    producer.abort_transaction(PATIENCE_S)


def test_one_with_more_partitions_has_no_order_and_is_not_believed(
    ledger: KafkaLedgerWrittenBeside, admin: AdminClient, topics: Topics
) -> None:
    ledger.suppress(ADA)
    admin.create_partitions([NewPartitions(ledger.name, 2)])[ledger.name].result(PATIENCE_S)
    deadline = time.monotonic() + PATIENCE_S
    while topics.describe(ledger.name).partitions != 2:
        assert time.monotonic() < deadline

    with pytest.raises(LedgerError, match="has 2 partitions"):
        ledger.view(at_least=0)


# --- Entries that are none -------------------------------------------------------------------

UNREADABLE = {
    "nothing": None,
    "no JSON": b"{",
    "no object": b"[]",
    "another field": entry(note="moved"),
    "a later schema": entry(schema=2),
    "a flag for a schema": entry(schema=True),
    "another action": entry(action="forget"),
    "a list of actions": entry(action=["suppress"]),
    "no UUID": entry(person="ada@example.com"),
    "an id of upper case": entry(person=BEA.upper().replace("0", "A")),
    "no time": entry(entered_at="yesterday"),
    "a time of no zone": entry(entered_at="2026-11-24T10:00"),
    "a number for a time": entry(entered_at=3),
    "deep nesting": b"[" * 100_000,
    "no text": b'{"schema": "\xff"}',
}


@pytest.mark.parametrize("value", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_an_entry_that_cannot_be_read_is_not_passed_over(
    ledger: KafkaLedgerWrittenBeside, caplog: pytest.LogCaptureFixture, value: bytes | None
) -> None:
    caplog.set_level(logging.DEBUG)
    ledger.suppress(ADA)
    send(ledger, value)
    ledger.suppress(CLEO)

    for _ in range(2):
        with pytest.raises(LedgerError, match="has an entry 2 that can't be read") as raised:
            ledger.view(at_least=0)

        shown = f"{raised.value} {caplog.text}".lower()
        assert not any(text.lower() in shown for text in (ADA, BEA, CLEO, "ada@", "forget"))


def test_a_ledger_keeps_what_it_saw_before_an_entry_that_cannot_be_read(
    ledger: KafkaLedgerWrittenBeside,
) -> None:
    ledger.suppress(ADA)
    before = ledger.view(at_least=1)
    send(ledger, b"{")

    with pytest.raises(LedgerError):
        ledger.view(at_least=1)

    assert before == LedgerView(position=1, suppressed=frozenset({ADA}))


def test_a_topic_of_other_things_is_not_taken_for_a_ledger(
    kafka_address: str, topics: Topics, ledger: KafkaLedgerWrittenBeside
) -> None:
    other = f"{ledger.name}-other"
    topics.ensure(TopicSettings(name=other, partitions=2), stop=Event())

    with pytest.raises(LedgerError, match="would lose entries"):
        KafkaLedger.open(kafka_address, ledger_topic(other), applied=0, stop=Event())

    topics.delete(other)
