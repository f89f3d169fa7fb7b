"""The adapters of each port, one after the other: every one passes the whole suite of its port."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import date, datetime
from itertools import count
from pathlib import Path
from threading import Event
from typing import Protocol

import pytest

from profiles.adapters import codec
from profiles.adapters.memory import (
    MemoryDecidingStore,
    MemoryKeyring,
    MemoryLedger,
    MemoryLog,
)
from profiles.adapters.simulator import Simulator
from profiles.adapters.sqlite import SqliteDecidingStore, SqliteLedger, SqliteLog
from profiles.application.ports.ledger import Keyring, Ledger, LedgerHistory, LedgerWriter
from profiles.application.ports.logs import Log
from profiles.application.ports.stores import DecidingStore
from profiles.domain.ledger_entry import START, Draft, Entry, LedgerHead
from profiles.domain.ledger_view import LedgerView

NewStore = Callable[[], AbstractContextManager[DecidingStore]]


@contextmanager
def memory_store() -> Iterator[DecidingStore]:
    yield MemoryDecidingStore()


@contextmanager
def sqlite_store() -> Iterator[DecidingStore]:
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(SqliteDecidingStore.open(Path(folder) / "profiles.db")) as store,
    ):
        yield store


@pytest.fixture(scope="module")
def mongo_store(mongo_url: str) -> Generator[NewStore]:
    from tests.support.mongo_stores import empty_stores  # noqa: PLC0415 - not every session has the driver

    with empty_stores(mongo_url) as made:
        yield made


@pytest.fixture(
    scope="module",
    params=[
        memory_store,
        sqlite_store,
        pytest.param("mongo_store", marks=pytest.mark.integration),
    ],
)
def new_store(request: pytest.FixtureRequest) -> NewStore:
    """Make an empty deciding store, as often as a test wants one."""
    made: NewStore = (
        request.getfixturevalue(request.param) if isinstance(request.param, str) else request.param
    )
    return made


@pytest.fixture
def store(new_store: NewStore) -> Generator[DecidingStore]:
    """Give an empty deciding store."""
    with new_store() as made:
        yield made


NewLog = Callable[[], AbstractContextManager[Log]]


@pytest.fixture(params=["memory", "sqlite"])
def new_log(request: pytest.FixtureRequest, tmp_path: Path) -> NewLog:
    """Make an empty log, as often as a test wants one."""
    numbers = count()

    @contextmanager
    def make() -> Iterator[Log]:
        number = next(numbers)
        if request.param == "memory":
            yield MemoryLog(f"topic-{number}", encode=codec.encode)
        else:
            path = tmp_path / f"log-{number}.sqlite"
            with closing(SqliteLog.open(path, encode=codec.encode)) as log:
                yield log

    return make


@pytest.fixture
def log(new_log: NewLog) -> Generator[Log]:
    """Give an empty log."""
    with new_log() as made:
        yield made


class WritableLedger(Ledger, LedgerHistory, LedgerWriter, Protocol):
    """A ledger with a way to write its next entries, as another process does."""


class SqliteLedgerWrittenBeside:
    """The SQLite ledger, written by another connection as another process does."""

    def __init__(self, path: Path, ledger: SqliteLedger, keyring: Keyring) -> None:
        self._path, self._ledger, self._keyring = path, ledger, keyring

    def view(self, *, at_least: LedgerHead = START) -> LedgerView:
        return self._ledger.view(at_least=at_least)

    def entries(self) -> Sequence[Entry]:
        return self._ledger.entries()

    def enter(self, drafts: Sequence[Draft], *, at: datetime) -> Sequence[Entry]:
        with closing(SqliteLedger.open(self._path, self._keyring, applied=0)) as other:
            return other.enter(drafts, at=at)


@pytest.fixture
def memory_ledger() -> WritableLedger:
    return MemoryLedger()


@pytest.fixture
def sqlite_ledger(tmp_path: Path) -> Generator[WritableLedger]:
    path, keyring = tmp_path / "ledger.sqlite", MemoryKeyring()
    with closing(SqliteLedger.open(path, keyring, applied=0)) as opened:
        yield SqliteLedgerWrittenBeside(path, opened, keyring)


@pytest.fixture
def kafka_ledger(kafka_address: str) -> Generator[WritableLedger]:
    from tests.support.kafka_ledgers import ledger_in_a_new_topic  # noqa: PLC0415 - see `mongo_store`

    with ledger_in_a_new_topic(kafka_address) as written_beside:
        yield written_beside


@pytest.fixture(
    params=[
        "memory_ledger",
        "sqlite_ledger",
        pytest.param("kafka_ledger", marks=pytest.mark.integration),
    ]
)
def ledger(request: pytest.FixtureRequest) -> WritableLedger:
    """Give an empty erasure ledger."""
    made: WritableLedger = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def simulator() -> Simulator:
    """Give a source of 1,000 records of every kind."""
    return Simulator(
        seed=7,
        limit=1_000,
        minors=0.1,
        boundary=0.1,
        hostile=0.1,
        duplicates=0.1,
        updates=0.1,
        today=date(2026, 11, 23),
        batch=300,
        stop=Event(),
    )
