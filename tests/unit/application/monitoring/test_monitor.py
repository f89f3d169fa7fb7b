"""How far a job is, as far as stores and log tell."""

from __future__ import annotations

import logging
from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from threading import Event

import pytest

from profiles.adapters.memory import MemoryDecidingStore, MemoryFollowingStore, MemoryMetrics
from profiles.application.errors import LogAwayError, StoreAwayError
from profiles.application.log.records import LogPartition, LogRecord
from profiles.application.monitoring import monitor
from profiles.application.monitoring.monitor import Monitor, Observe, monitored
from profiles.application.ports.ledger import AppliedLedger
from profiles.application.ports.metrics import Observation, Service
from profiles.application.ports.stores import StoreProgress
from profiles.domain.ledger_entry import LedgerHead
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from tests.support.memory_streams import START, MemoryLogLookup, MemoryTopic
from tests.support.patience import PATIENCE_S

PERSON = b"{}"
MARKER = "Ada Byron"


class Store(MemoryDecidingStore):
    """Says how far it is, unless it is away."""

    def __init__(self) -> None:
        super().__init__()
        self.told = StoreProgress()
        self.away = False

    def progress(self) -> StoreProgress:
        if self.away:
            raise StoreAwayError("The store", "it does not answer", "It is tried again.")
        return self.told


class FollowingStore(MemoryFollowingStore):
    away = False

    def held(self, persons: Collection[PersonId]) -> Mapping[PersonId, tuple[Profile, int]]:
        if self.away:
            raise StoreAwayError("Cassandra", "it does not answer", "It is tried again.")
        return super().held(persons)


class Log(MemoryLogLookup):
    """Reads a topic, unless it is away, for all or for reading only."""

    away = False
    unreadable = False

    def bounds(self, partition: LogPartition) -> tuple[int, int]:
        if self.away:
            raise LogAwayError("The log", "it does not answer", "It is tried again.")
        return super().bounds(partition)

    def records(self, partition: LogPartition, start: int, end: int) -> Generator[LogRecord]:
        if self.unreadable:
            raise LogAwayError("The log", "it does not answer", "It is tried again.")
        return super().records(partition, start, end)


@dataclass
class Site:
    topic: MemoryTopic = field(default_factory=MemoryTopic)
    store: Store = field(default_factory=Store)
    following: FollowingStore | None = None

    def __post_init__(self) -> None:
        self.log = Log(self.topic)

    def observe(self) -> Observation:
        return Monitor(store=self.store, log=self.log, following=self.following).observe()

    def send(self, partition: int, *, records: int) -> None:
        for _ in range(records):
            self.topic.append(partition, PERSON)

    def decided(self, **positions: int) -> None:
        named = {("topic-1", int(name[1:])): offset for name, offset in positions.items()}
        self.store.told = StoreProgress(
            positions=named, ledger=AppliedLedger(LedgerHead(4), 4), outbox=2
        )


def test_the_lag_is_what_the_log_holds_and_the_store_has_not_decided() -> None:
    site = Site()
    site.send(0, records=5)
    site.send(1, records=3)
    site.decided(p0=4)

    observation = site.observe()

    assert observation.lag == {0: 1, 1: 3}
    assert observation.oldest == START  # the first of partition 1
    assert (observation.ledger_position, observation.outbox) == (4, 2)


def test_nothing_is_oldest_where_all_is_decided() -> None:
    site = Site()
    site.send(0, records=5)
    site.decided(p0=5, p1=0)

    observation = site.observe()

    assert observation.lag == {0: 0, 1: 0}
    assert observation.oldest is None


def test_what_has_left_the_log_is_no_lag_and_what_it_has_lost_neither() -> None:
    site = Site()
    site.send(0, records=5)
    site.topic.delete_before(0, 3)
    site.decided(p0=1, p1=7)

    assert site.observe().lag == {0: 2, 1: 0}


def test_a_lag_of_offsets_without_records_has_no_oldest() -> None:
    site = Site()
    site.topic.append(0, b"MARKER")

    observation = site.observe()

    assert (observation.lag, observation.oldest) == ({0: 1, 1: 0}, None)


def test_everything_that_answers_is_reachable() -> None:
    site = Site(following=FollowingStore(clock=lambda: START))

    observation = site.observe()

    assert observation.reachable == {
        Service.DECIDING: True,
        Service.FOLLOWING: True,
        Service.LOG: True,
    }
    assert observation.all_reachable


def test_a_store_that_is_away_leaves_unknown_what_it_would_tell() -> None:
    site = Site()
    site.store.away = True

    observation = site.observe()

    assert observation == Observation(reachable={Service.DECIDING: False, Service.LOG: True})
    assert not observation.all_reachable


def test_a_following_store_that_is_away_hides_nothing_else() -> None:
    site = Site(following=FollowingStore(clock=lambda: START))
    assert site.following is not None
    site.following.away = True
    site.decided(p0=0)

    observation = site.observe()

    assert observation.reachable[Service.FOLLOWING] is False
    assert observation.lag == {0: 0, 1: 0}


def test_a_log_that_is_away_leaves_the_lag_unknown() -> None:
    site = Site()
    site.decided(p0=0)
    site.log.away = True

    observation = site.observe()

    assert observation.reachable == {Service.DECIDING: True, Service.LOG: False}
    assert observation.lag == {}
    assert observation.ledger_position == 4


def test_a_log_that_goes_away_in_the_middle_leaves_the_lag_unknown() -> None:
    site = Site()
    site.send(0, records=2)
    site.log.unreadable = True

    observation = site.observe()

    assert observation.reachable[Service.LOG] is False
    assert observation.lag == {}


def test_it_is_observed_at_once_and_again_until_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics, again = MemoryMetrics(), Event()
    made: list[Observation] = []

    def observe() -> Observation:
        made.append(Observation(reachable={Service.LOG: bool(made)}))
        if len(made) > 1:
            again.set()
        return made[-1]

    monkeypatch.setattr(monitor, "END_S", PATIENCE_S)
    with monitored(lambda: nullcontext(observe), metrics, every_s=0.0):
        assert again.wait(PATIENCE_S)

    assert made[0].reachable == {Service.LOG: False}
    assert metrics.observation == made[-1]


class Said(logging.Handler):
    """Tells when something was logged, and what."""

    def __init__(self) -> None:
        super().__init__()
        self.said = Event()
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text = self.format(record)
        self.said.set()


@pytest.fixture
def said() -> Iterator[Said]:
    handler, logger = Said(), logging.getLogger("profiles.application.monitoring.monitor")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def test_what_nobody_has_foreseen_ends_the_watching_and_not_the_job(said: Said) -> None:
    def observe() -> Observation:
        raise KeyError(MARKER)

    with monitored(lambda: nullcontext(observe), MemoryMetrics()):
        assert said.said.wait(PATIENCE_S)

    assert said.text == "How far the job is can't be observed any more (KeyError)."


def test_what_fails_because_the_job_has_ended_is_not_told(
    said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, ended, gone = Event(), Event(), Event()

    @contextmanager
    def opened() -> Iterator[Observe]:
        try:
            yield observe
        finally:
            gone.set()

    def observe() -> Observation:
        asked.set()
        assert ended.wait(PATIENCE_S)
        raise ValueError(MARKER)

    monkeypatch.setattr(monitor, "END_S", 0.0)
    with monitored(opened, MemoryMetrics()):
        assert asked.wait(PATIENCE_S)
    ended.set()

    assert gone.wait(PATIENCE_S)
    assert not said.said.is_set()


def test_a_job_without_a_store_needs_its_log_only() -> None:
    observation = Monitor(log=Log(MemoryTopic())).observe()

    assert observation == Observation(reachable={Service.LOG: True})
