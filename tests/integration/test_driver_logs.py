"""What the drivers log about persons on real servers does not get through to standard error.

Every logger writes all that it has to say, at level DEBUG, both as it is and through what the
command puts before standard error. A marker in a person's fields has to be in the first, or the
test would prove nothing, and not in the second.
"""

from __future__ import annotations

import gc
import io
import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from time import monotonic
from uuid import uuid4

import pytest
from cassandra.cluster import Session

from profiles.adapters.cassandra import CassandraFollowingStore, CassandraSettings
from profiles.adapters.cassandra.connection import connect
from profiles.adapters.cassandra.schema import qualified
from profiles.adapters.kafka import KafkaLog, KafkaPublisher, Topics, TopicSettings
from profiles.adapters.memory import MemoryLedger
from profiles.adapters.mongo import MongoDecidingStore
from profiles.application.errors import StoreError
from profiles.application.log.records import Run
from profiles.application.ports.stores import Following
from profiles.domain.person import PersonId
from profiles.entrypoints.log_output import json_handler, log_to
from tests.support.histories import ADA, chunk, profile, stored, version
from tests.support.mongo_stores import database
from tests.support.patience import PATIENCE_S

MARKER = "Qz7plantedXk"
DRIVERS = ("cassandra", "pymongo")

NULLS = dict.fromkeys(("username", "gender", "title", "city", "country", "nationality"))
ROWS_WITH_NULLS = 250
"""More than a thousand cells that hold nothing: the server warns of a query that reads them."""

UNREADABLE_MS = 400_000_000_000_000
"""Milliseconds since 1970: beyond what Python's dates can be."""


@dataclass
class Logs:
    """What is logged, and what of it is shown, as text and as JSON."""

    logged: io.StringIO = field(default_factory=io.StringIO)
    shown: io.StringIO = field(default_factory=io.StringIO)


class Both(logging.Handler):
    """Shows each record in both formats."""

    def __init__(self, stream: io.StringIO) -> None:
        super().__init__()
        self._formats = (logging.StreamHandler(stream), json_handler(stream))

    def emit(self, record: logging.LogRecord) -> None:
        for each in self._formats:
            each.emit(record)


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Logs]:
    found = Logs()
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    names = [name for name in logging.root.manager.loggerDict if name.startswith(DRIVERS)]
    loggers = [root, logging.getLogger("profiles"), *map(logging.getLogger, names)]
    levels = [logger.level for logger in loggers]
    try:
        log_to(Both(found.shown))
        for logger in loggers:
            logger.setLevel(logging.DEBUG)
        root.handlers.insert(0, logging.StreamHandler(found.logged))
        yield found
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def session_of(place: CassandraSettings) -> Iterator[Session]:
    cluster, session = connect(place)
    try:
        yield session
    finally:
        cluster.shutdown()


@pytest.fixture
def place(cassandra_address: str) -> Iterator[CassandraSettings]:
    """Name a keyspace of the test's own."""
    host, port = cassandra_address.rsplit(":", 1)
    made = CassandraSettings(
        hosts=(host,), port=int(port), keyspace=f"profiles_{uuid4().hex}", timeout_s=PATIENCE_S
    )
    yield made
    with session_of(made) as session:
        session.execute(f"DROP KEYSPACE {made.keyspace}")


def test_what_cassandras_driver_says_of_rows_is_not_shown(
    place: CassandraSettings, logs: Logs
) -> None:
    people = [profile(PersonId(str(uuid4())), **NULLS) for _ in range(ROWS_WITH_NULLS)]
    marked = profile(ADA, full_name=MARKER)
    held = {one.id: (one, version(1)) for one in [*people, marked]}
    with closing(CassandraFollowingStore.open(place, clock=lambda: datetime.now(UTC))) as store:
        store.follow(Following(held=held, absent={}))
        assert sum(1 for _ in store.profiles()) == len(held)
        with session_of(place) as session:
            session.execute(
                f"UPDATE {qualified(place)} USING TIMESTAMP {version(2)}"  # noqa: S608 - ours
                f" SET expires_at = {UNREADABLE_MS} WHERE id = {ADA}"
            )
        with pytest.raises(StoreError, match="failed") as raised:
            list(store.profiles())

    logged, shown = logs.logged.getvalue(), logs.shown.getvalue()
    assert "tombstone cells for query" in logged
    assert "Error decoding response" in logged
    assert MARKER in logged
    assert "cassandra.protocol: " in shown
    assert '"logger": "cassandra.protocol"' in shown
    assert "tombstone" not in shown
    assert MARKER not in shown + str(raised.value)


def test_what_mongodbs_driver_says_of_documents_is_not_shown(
    mongo_url: str, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        database(mongo_url) as name,
        closing(MongoDecidingStore.open(mongo_url, name)) as store,
    ):
        planted = stored(ADA, username=MARKER, email_domain=f"{MARKER.lower()}.example")
        store.apply(chunk(planted), MemoryLedger())
        assert MARKER not in logs.logged.getvalue()  # the adapter silences the loudest logger

        monkeypatch.setattr(logging.getLogger("pymongo.command"), "filters", [])
        store.apply(chunk(planted, start=1), MemoryLedger())

    logged, shown = logs.logged.getvalue(), logs.shown.getvalue()
    assert MARKER in logged
    assert "pymongo.command: " in shown
    assert MARKER.lower() not in shown.lower()


def test_what_kafkas_library_says_of_messages_holds_none_of_them(
    kafka_address: str, logs: Logs, capfd: pytest.CaptureFixture[str]
) -> None:
    name = f"test-{uuid4().hex[:8]}"
    loud = {"debug": "all"}
    topics = Topics(kafka_address)
    topic = topics.ensure(TopicSettings(name=name, partitions=1), stop=Event())
    try:
        with closing(KafkaPublisher(kafka_address, name, stop=Event(), settings=loud)) as publisher:
            publisher.publish(f"{MARKER}-key".encode(), f'{{"name": "{MARKER}"}}'.encode())
            assert publisher.flush(within_s=PATIENCE_S) == 0
        with closing(KafkaLog(kafka_address, topic, group=name, settings=loud)) as log:
            log.subscribe(lambda _numbers, _lost: None)
            runs: list[Run] = []
            deadline = monotonic() + PATIENCE_S
            while not runs:
                assert monotonic() < deadline
                runs += log.read(limit=1, timeout_s=0.1)
                if waiting := log.waiting():
                    log.begin({partition.number: 0 for partition in waiting})
    finally:
        topics.delete(name)

    del publisher
    gc.collect()  # what the library says as it ends is read here, too
    written = capfd.readouterr().err
    assert "PRODUCE" in written.upper()
    assert "FETCH" in written.upper()
    assert MARKER.encode() in (runs[0].records[0].key or b"")
    assert MARKER not in written + logs.logged.getvalue() + logs.shown.getvalue()
