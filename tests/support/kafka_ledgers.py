"""Erasure ledgers in topics of the tests' own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from threading import Event
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from profiles.adapters.kafka import KafkaLedger, KafkaLedgerWriter, Topics, ledger_topic
from profiles.adapters.kafka.ledger import Sealed
from profiles.adapters.memory.ledger import MemoryKeyring
from profiles.application.errors import LogError
from profiles.application.ports.ledger import Keyring
from profiles.domain.ledger_entry import START, Action, Draft, Entry, LedgerHead
from profiles.domain.ledger_view import LedgerView
from profiles.domain.person import PersonId
from tests.support.patience import PATIENCE_S


class KafkaLedgerWrittenBeside:
    """The ledger of a topic, written by another client as another process does."""

    def __init__(self, address: str, name: str, stack: ExitStack, keyring: Keyring) -> None:
        self.address, self.name, self._stack = address, name, stack
        self.keyring = keyring
        self.reader = self.opened()
        self.writer = KafkaLedgerWriter(address, self.opened())

    def opened(self, *, applied: int = 0, keyring: Keyring | None = None) -> KafkaLedger:
        """Open it once more, as after a restart."""
        opened = KafkaLedger.open(
            self.address,
            ledger_topic(self.name),
            keyring or self.keyring,
            applied=applied,
            stop=Event(),
        )
        return self._stack.enter_context(closing(opened))

    def view(self, *, at_least: LedgerHead = START) -> LedgerView:
        return self.reader.view(at_least=at_least)

    def entries(self) -> Sequence[Entry]:
        return self.reader.entries()

    def enter(self, drafts: Sequence[Draft], *, at: datetime) -> Sequence[Entry]:
        return self.writer.enter(drafts, at=at)

    def suppress(self, *persons: PersonId) -> None:
        self._enter(Action.SUPPRESS, *persons)

    def readmit(self, *persons: PersonId) -> None:
        self._enter(Action.READMIT, *persons)

    def restrict(self, *persons: PersonId) -> None:
        self._enter(Action.RESTRICT, *persons)

    def unrestrict(self, *persons: PersonId) -> None:
        self._enter(Action.UNRESTRICT, *persons)

    def _enter(self, action: Action, *persons: PersonId) -> None:
        drafts = [Draft(action=action, person=person) for person in persons]
        self.enter(drafts, at=datetime.now(UTC))


@contextmanager
def ledger_in_a_new_topic(
    address: str, keyring: Keyring | None = None
) -> Iterator[KafkaLedgerWrittenBeside]:
    """Give an empty ledger; its topic goes at the end."""
    name = f"ledger-{uuid4().hex[:8]}"
    with ExitStack() as stack:
        topics = Topics(address)
        stack.callback(_drop, topics, name)
        yield KafkaLedgerWrittenBeside(address, name, stack, keyring or MemoryKeyring())


def _drop(topics: Topics, name: str) -> None:
    with suppress(LogError):  # the test may have deleted it
        topics.delete(name)


def send(address: str, topic: str, *values: bytes | None) -> None:
    """Write records as a foreign producer does, in no transaction."""
    producer = Producer({"bootstrap.servers": address})
    for value in values:
        producer.produce(topic, value=value, partition=0)
    assert producer.flush(PATIENCE_S) == 0


def begun_transaction(address: str, topic: str, name: str, *values: bytes) -> Producer:
    """Write records in a transaction that stays open.

    name: its `transactional.id`.
    """
    producer = Producer({"bootstrap.servers": address, "transactional.id": name})
    producer.init_transactions(PATIENCE_S)
    producer.begin_transaction()
    for value in values:
        producer.produce(topic, value=value, partition=0)
    assert producer.flush(PATIENCE_S) == 0
    return producer


def before_it_writes(
    monkeypatch: pytest.MonkeyPatch, ledger: KafkaLedger, do: Callable[[], object]
) -> None:
    """Do something once a writer has read this ledger, and before it sends its first entry."""
    seal = ledger.seal
    left = [do]

    def first_do(drafts: Sequence[Draft], *, at: datetime) -> Sealed:
        found = seal(drafts, at=at)
        while left:
            left.pop()()
        return found

    monkeypatch.setattr(ledger, "seal", first_do)


def entry_of_an_earlier_release(
    person: PersonId, *, action: str = "suppress", at: str = "2026-11-24T10:00:00.000+00:00"
) -> bytes:
    """Write an entry of schema 1, which names the person."""
    return json.dumps(
        {"schema": 1, "action": action, "person": person, "entered_at": at}, separators=(",", ":")
    ).encode()


def values_in(address: str, topic: str) -> list[bytes | None]:
    """Read all that is in a topic, committed or not."""
    settings = {"group.id": "look", "isolation.level": "read_uncommitted"}
    eof = {"enable.partition.eof": True, "enable.auto.commit": False}
    with closing(Consumer({"bootstrap.servers": address, **settings, **eof})) as consumer:
        partition = TopicPartition(topic, 0)
        first, end = consumer.get_watermark_offsets(partition, timeout=PATIENCE_S)
        if first == end:
            return []
        consumer.assign([TopicPartition(topic, 0, first)])
        values: list[bytes | None] = []
        while True:
            message = consumer.poll(PATIENCE_S)
            assert message is not None
            if message.error() is not None:
                return values
            values.append(message.value())
