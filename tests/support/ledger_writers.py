"""Writers of a ledger's topic that run in processes of their own."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Event

import pytest
from confluent_kafka import Producer

from profiles.adapters.kafka import KafkaLedger, KafkaLedgerWriter, ledger_topic, ledger_writer
from profiles.adapters.memory.ledger import MemoryKeyring
from profiles.domain.ledger_entry import Action, Draft
from profiles.domain.person import PersonId
from profiles.domain.pseudonym import PseudonymKey
from tests.support.patience import PATIENCE_S

_SPAWN = get_context("spawn")


class _StandsStill(Producer):
    """Hands its entries over, tells so, and never commits."""

    told: Connection

    def commit_transaction(self, *_: object) -> None:
        self.flush()
        self.told.send("inside")
        time.sleep(3_600)  # it is killed meanwhile


def _enter(address: str, topic: str, key: PseudonymKey, persons: Sequence[PersonId]) -> None:
    ledger = KafkaLedger.open(
        address, ledger_topic(topic), MemoryKeyring(key), applied=0, stop=Event()
    )
    for person in persons:
        drafts = [Draft(action=Action.RESTRICT, person=person)]
        drafts += [Draft(action=Action.UNRESTRICT, person=person)]
        KafkaLedgerWriter(address, ledger).enter(drafts, at=datetime.now(UTC))


def _stand_still(
    told: Connection, address: str, topic: str, key: PseudonymKey, person: PersonId
) -> None:
    _StandsStill.told = told
    pytest.MonkeyPatch().setattr(ledger_writer, "Producer", _StandsStill)
    _enter(address, topic, key, [person])


def entering(
    address: str, topic: str, key: PseudonymKey, persons: Sequence[PersonId]
) -> BaseProcess:
    """Start to restrict persons and end that, one after the other."""
    process = _SPAWN.Process(target=_enter, args=(address, topic, key, persons))
    process.start()
    return process


@contextmanager
def inside_its_transaction(
    address: str, topic: str, key: PseudonymKey, person: PersonId
) -> Iterator[BaseProcess]:
    """Start to enter something, and give the process once Kafka has the entries uncommitted."""
    heard, told = _SPAWN.Pipe(duplex=False)
    process = _SPAWN.Process(target=_stand_still, args=(told, address, topic, key, person))
    process.start()
    try:
        assert heard.poll(PATIENCE_S)
        yield process
    finally:
        process.kill()
        process.join()
