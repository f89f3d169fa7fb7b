from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import Event
from types import SimpleNamespace
from typing import TypeVar

import pytest

from profiles.adapters import codec
from profiles.adapters.memory import MemoryLedger, MemoryMetrics
from profiles.application.errors import (
    GapError,
    LedgerAwayError,
    LedgerError,
    LogAwayError,
    LogError,
    StoreError,
)
from profiles.application.ingest import chunking, consume, erasing
from profiles.application.ingest.consume import Consumer
from profiles.application.ingest.pipeline import Lease, Leased, Pipeline
from profiles.application.log.deciding import Chunk, Rules
from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogPartition
from profiles.application.ports.ledger import Ledger
from profiles.application.ports.metrics import Service
from profiles.application.ports.retrying import Retry
from profiles.application.ports.stores import Applied, Following
from profiles.application.transaction.enforcing import apply_ledger
from profiles.domain.outcome import RejectionReason
from profiles.domain.person import PersonId
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.tally import Tally
from tests.support.failing_stores import (
    FailingFollowingStore,
    FailingStore,
    KilledBehind,
    KilledError,
    RefusingTransactions,
    retry_at_once,
)
from tests.support.memory_streams import (
    START,
    MemoryPartitionedLog,
    MemoryRejectedSink,
    MemoryTopic,
)
from tests.support.patience import PATIENCE_S

T = TypeVar("T")

NOW = START + timedelta(seconds=10)
IDS = [PersonId(f"{number:08x}-0000-4000-8000-000000000000") for number in range(9)]
ADA, BEA, CLEO, DAN = IDS[:4]
AWAY = StoreError("The store", "it does not answer", "It is tried again.")


def person(identity: str, born: str = "1985-03-01") -> dict[str, object]:
    return {"login": {"uuid": identity}, "dob": {"date": born}}


def text(value: object) -> bytes:
    return json.dumps(value).encode()


@dataclass
class Bench:
    """All around one reader; `consuming` makes a new one, as after a crash."""

    topic: MemoryTopic = field(default_factory=MemoryTopic)
    store: FailingStore = field(default_factory=FailingStore)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    sink: MemoryRejectedSink = field(default_factory=MemoryRejectedSink)
    following: FailingFollowingStore = field(
        default_factory=lambda: FailingFollowingStore(lambda: NOW)
    )
    metrics: MemoryMetrics = field(default_factory=MemoryMetrics)
    stop: Event = field(default_factory=Event)
    now: datetime = NOW

    def log(self, *, group: str = "a-group") -> MemoryPartitionedLog:
        return MemoryPartitionedLog(self.topic, group=group)

    def consuming(self, log: MemoryPartitionedLog | None = None) -> Consumer:
        return Consumer(
            log=log or self.log(),
            store=self.store,
            ledger=self.ledger,
            rejected=self.sink,
            rules=Rules(policy=DEFAULT_POLICY, decode=codec.decode),
            clock=lambda: self.now,
            retry=retry_at_once,
            following=self.following,
            metrics=self.metrics,
        )

    def once(self, log: MemoryPartitionedLog | None = None) -> Tally:
        job = self.consuming(log)
        assert job.run(once=True, stop=self.stop)
        return job.tally

    @property
    def both_hold_the_same(self) -> bool:
        followed = {
            profile.id: (profile, version) for profile, version in self.following.profiles()
        }
        held = {profile.id: (profile, version) for profile, version in self.store.profiles()}
        return bool(held) and followed == held

    @property
    def committed(self) -> dict[int, int]:
        return {number: offset for (_, number), offset in self.topic.offsets.items()}


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consume, "KEEP_ALIVE_S", 0.01)
    monkeypatch.setattr(consume, "AGAIN_S", 0.0)
    monkeypatch.setattr(consume, "REVOKED_S", PATIENCE_S)


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.topic.append(0, text(person(ADA)))
    bench.topic.append(0, text({"results": [person(BEA), person(DAN, "2020-01-01")]}))
    bench.topic.append(1, text(person(CLEO)))
    bench.topic.append(1, b"{")
    bench.topic.append(1, None, IDS[8].encode())
    return bench


def test_every_store_gets_what_the_log_holds(bench: Bench) -> None:
    tally = bench.once()

    assert tally == Tally(
        read=6,
        stored=3,
        withheld=1,
        rejected=1,
        erased=1,
        reasons={"minor": 1, "json": 1},
    )
    assert bench.both_hold_the_same
    assert bench.committed == {0: 2, 1: 3}
    assert [(told.offset, told.rejected.reason) for told in bench.sink.told] == [
        (1, RejectionReason.JSON)
    ]


def test_a_second_run_reads_nothing(bench: Bench) -> None:
    bench.once()

    assert bench.once() == Tally()


def test_an_empty_log_is_done_at_once(bench: Bench) -> None:
    bench.topic.logs = [[], []]

    assert bench.once() == Tally()


def test_a_new_group_reads_again_and_changes_nothing(bench: Bench) -> None:
    bench.once()
    held = list(bench.store.profiles())

    assert bench.once(bench.log(group="another")).read == 6

    assert list(bench.store.profiles()) == held


def test_a_store_restored_from_an_earlier_copy_gets_what_it_misses(bench: Bench) -> None:
    bench.once()
    held = list(bench.store.profiles())
    bench.store = FailingStore()

    bench.once()

    assert [profile for profile, _ in bench.store.profiles()] == [profile for profile, _ in held]


class MortalLog(MemoryPartitionedLog):
    """Notes nothing any more once it is dead."""

    dead = False

    def commit(self, ends: Mapping[int, int], *, wait: bool) -> None:
        if not self.dead:
            super().commit(ends, wait=wait)


def crash_between_the_stores(bench: Bench) -> None:
    """Leave what the deciding store has and the following one has not."""
    stop, log = Event(), MortalLog(bench.topic)

    class CrashedAtTheFirst(FailingFollowingStore):
        def follow(self, following: Following) -> None:
            stop.set()
            log.dead = True
            assert following.held is not None
            raise AWAY

    job = bench.consuming(log)
    job.following = CrashedAtTheFirst(lambda: NOW)
    assert not job.run(once=True, stop=stop)
    assert job.tally == Tally()
    assert bench.store.counts().read > 0


def test_what_the_following_store_missed_is_sent_again(bench: Bench) -> None:
    crash_between_the_stores(bench)

    bench.once()

    assert bench.both_hold_the_same


@pytest.mark.parametrize("anew", [True, False], ids=["a new topic", "a new store"])
def test_a_group_ahead_of_the_store_is_set_back_before_a_crash_between_the_stores(
    bench: Bench, *, anew: bool
) -> None:
    bench.once()
    if anew:
        bench.topic.topic_id = "topic-2"
    else:
        bench.store, bench.following = FailingStore(), FailingFollowingStore(lambda: NOW)
    crash_between_the_stores(bench)

    bench.once()

    assert bench.both_hold_the_same
    assert bench.committed == {0: 2, 1: 3}


class DeafLog(MemoryPartitionedLog):
    """Does not answer once of each partition, and notes nothing at first."""

    def __init__(self, topic: MemoryTopic, *, share: Collection[int] | None = None) -> None:
        super().__init__(topic, share=share)
        self.deaf = set(range(len(topic.logs)))
        self.actions: list[tuple[str, dict[int, int]]] = []

    def committed(self, partition: LogPartition) -> int | None:
        if partition.number in self.deaf:
            self.deaf.remove(partition.number)
            raise LogAwayError("The log", "it did not answer", "Ask again.")
        return super().committed(partition)

    def begin(self, starts: Mapping[int, int]) -> None:
        self.actions.append(("begin", dict(starts)))
        super().begin(starts)

    def commit(self, ends: Mapping[int, int], *, wait: bool) -> None:
        if ends and not self.actions:
            self.actions.append(("not noted", dict(ends)))
            return
        if ends:
            self.actions.append(("commit", dict(ends)))
        super().commit(ends, wait=wait)


def test_a_log_that_does_not_answer_is_asked_again_where_to_begin(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.once(DeafLog(bench.topic))

    assert caplog.text.count("Reading waits for it; trying again.") == 2
    assert bench.metrics.failures == {Service.LOG: 2}
    assert bench.both_hold_the_same


def test_nothing_is_read_before_it_is_noted_that_the_group_is_set_back(bench: Bench) -> None:
    bench.once()
    bench.store = FailingStore()
    log = DeafLog(bench.topic)

    bench.once(log)

    start = {0: 0, 1: 0}
    assert log.actions[:3] == [("not noted", start), ("commit", start), ("begin", start)]


def test_a_store_that_is_away_is_asked_until_it_answers(bench: Bench) -> None:
    bench.store.apply_failures = iter([AWAY, AWAY])
    bench.store.position_failures = iter([AWAY])
    bench.following.failures = iter([AWAY, AWAY, AWAY])

    assert bench.once().read == 6

    assert bench.metrics.failures == {Service.DECIDING: 3, Service.FOLLOWING: 3}
    assert bench.both_hold_the_same


def test_a_deletion_that_the_following_store_missed_is_sent_again(bench: Bench) -> None:
    bench.once()
    bench.topic.append(0, text(person(ADA, "2020-01-01")))
    bench.topic.append(0, None, BEA.encode())
    job = bench.consuming()
    job.following = None
    assert job.run(once=True, stop=bench.stop)
    bench.topic.offsets["a-group", 0] = 2  # as after a crash between the two stores

    bench.once()

    assert [profile.id for profile, _ in bench.following.profiles()] == [CLEO]
    assert bench.both_hold_the_same


def test_it_works_without_a_following_store(bench: Bench) -> None:
    job = bench.consuming()
    job.following = None

    assert job.run(once=True, stop=bench.stop)

    assert job.tally.read == 6


def test_records_that_the_log_has_lost_stop_it(bench: Bench) -> None:
    bench.once()
    for identity in IDS:
        bench.topic.append(0, text(person(identity)))
    bench.topic.delete_before(0, 5)

    with pytest.raises(GapError, match="up to offset 2, but the log now begins at 5"):
        bench.once()


def test_a_log_that_has_become_shorter_stops_it(bench: Bench) -> None:
    bench.once()
    bench.topic.logs[0].pop()

    with pytest.raises(LogError, match="it ends at offset 1, but was read up to 2"):
        bench.once()


def test_a_topic_made_anew_stops_it(bench: Bench) -> None:
    log = bench.log()
    bench.topic.topic_id = "topic-2"

    with pytest.raises(LogError, match="created again"):
        bench.once(log)

    assert list(bench.store.profiles()) == []


def test_it_says_so_where_the_following_store_may_have_missed_something(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.once()
    bench.topic.offsets["a-group", 0] = 0
    bench.topic.delete_before(0, 1)

    bench.once()

    assert "no longer holds offsets 0 to 0 of partition 0" in caplog.text
    assert "verify --repair" in caplog.text


def test_offsets_without_a_record_are_passed_over(bench: Bench) -> None:
    bench.topic.append(0, b"MARKER")

    bench.once()

    assert bench.store.position(LogPartition("topic-1", 0, 2)) == 3
    assert bench.committed[0] == 3


def test_a_ledger_that_cannot_be_read_stops_it(bench: Bench) -> None:
    bench.store.apply_failures = iter([LedgerError("ledger", "is missing", "Restore it.")])

    with pytest.raises(LedgerError, match="is missing"):
        bench.once()

    assert bench.committed == {}


def test_a_ledger_that_is_away_is_waited_for_and_nothing_is_stored_meanwhile(
    bench: Bench,
) -> None:
    away = LedgerAwayError("ledger", "does not answer", "Start it.")
    bench.store.apply_failures = iter([away, away, None])

    assert bench.once().stored == 3
    assert bench.both_hold_the_same


def test_what_no_retrying_mends_is_raised_again_by_every_look(bench: Bench) -> None:
    bench.store.apply_failures = iter([LedgerError("ledger", "is missing", "Restore it.")])
    chunk = Chunk(partition=LogPartition("topic-1"), start=0, end=1, entries=[], read=0)
    lease = Lease()

    with Pipeline(
        store=bench.store,
        ledger=bench.ledger,
        rejected=bench.sink,
        following=None,
        retry=retry_at_once,
        stop=bench.stop,
    ) as pipeline:
        pipeline.submit([Leased(chunk, lease)])
        pipeline.submit([Leased(chunk, lease)])
        assert pipeline.wait(lease, timeout_s=PATIENCE_S)
        for _ in range(2):
            with pytest.raises(LedgerError):
                pipeline.completed()

    assert bench.store.position(chunk.partition) is None


def pipeline_of(bench: Bench, retry: Retry = retry_at_once) -> Pipeline:
    return Pipeline(
        store=bench.store,
        ledger=bench.ledger,
        rejected=bench.sink,
        following=bench.following,
        retry=retry,
        stop=bench.stop,
    )


def parts_about(*persons: PersonId) -> list[Leased]:
    """Make a chunk of each partition that go together, each about one person."""
    topic = MemoryTopic(logs=[[] for _ in persons])
    for number, identity in enumerate(persons):
        topic.append(number, text(person(identity)))
    log = MemoryPartitionedLog(topic)
    rules = Rules(policy=DEFAULT_POLICY, decode=codec.decode)
    log.subscribe(lambda _numbers, _lost: None)
    log.read(limit=0, timeout_s=0)
    log.begin(dict.fromkeys(range(len(persons)), 0))
    return [
        Leased(chunk, Lease())
        for run in log.read(limit=10, timeout_s=0)
        for chunk in chunking.decide_run(run, rules=rules, clock=lambda: NOW)
    ]


def test_of_chunks_together_those_go_on_whose_partition_stays(bench: Bench) -> None:
    """Another reader has begun with the one that went while the store was away."""
    parts = parts_about(ADA, BEA)

    def lose(attempt: Callable[[], T], /, *, given_up: Callable[[], bool]) -> T:
        parts[0].lease.active = False
        assert not given_up()
        return attempt()

    with pipeline_of(bench, lose) as pipeline:
        pipeline.submit(parts)
        assert pipeline.wait(parts[1].lease, timeout_s=PATIENCE_S)
        (done,) = pipeline.completed()

    assert done.chunks == [parts[1].chunk]
    assert done.tally.read == 1
    assert [profile.id for profile, _ in bench.store.profiles()] == [BEA]
    assert bench.both_hold_the_same


def test_chunks_together_are_given_up_once_all_their_partitions_have_gone(bench: Bench) -> None:
    parts = parts_about(ADA, BEA)
    bench.store.apply_failures = iter([AWAY])

    def lose(attempt: Callable[[], T], /, *, given_up: Callable[[], bool]) -> T:
        for part in parts:
            part.lease.active = False
        assert given_up()
        return attempt()

    with pipeline_of(bench, lose) as pipeline:
        pipeline.submit(parts)
        assert pipeline.wait(timeout_s=PATIENCE_S)
        assert pipeline.completed() == []
        assert pipeline.chunks == 0

    assert list(bench.store.profiles()) == []


def test_a_chunk_whose_partition_goes_as_it_is_applied_is_applied(bench: Bench) -> None:
    """As it would be a moment before: the next reader decides nothing of it anew."""
    parts = parts_about(ADA)

    def lose(attempt: Callable[[], T], /, *, given_up: Callable[[], bool]) -> T:
        parts[0].lease.active = False
        assert given_up()
        return attempt()

    with pipeline_of(bench, lose) as pipeline:
        pipeline.submit(parts)
        assert pipeline.wait(timeout_s=PATIENCE_S)
        assert pipeline.completed() == []

    assert [profile.id for profile, _ in bench.store.profiles()] == [ADA]


def test_a_store_error_that_nobody_gave_up_is_raised(bench: Bench) -> None:
    def once(attempt: Callable[[], T], /, *, given_up: Callable[[], bool]) -> T:
        assert not given_up()
        return attempt()

    bench.store.apply_failures = iter([AWAY])
    job = bench.consuming()
    job.retry = once

    with pytest.raises(StoreError):
        job.run(once=True, stop=bench.stop)


def test_rejections_are_published_before_offsets_are_committed(bench: Bench) -> None:
    actions: list[str] = []

    class Sink(MemoryRejectedSink):
        def publish(self, rejected: Sequence[Quarantined]) -> None:
            actions.append(f"told {len(rejected)}")
            super().publish(rejected)

    class Log(MemoryPartitionedLog):
        def commit(self, ends: Mapping[int, int], *, wait: bool) -> None:
            actions.append(f"{dict(ends)}")
            super().commit(ends, wait=wait)

    bench.topic.logs = [[], []]
    bench.topic.append(0, b'{"results": [1, 2]}')
    bench.sink = Sink()

    bench.once(Log(bench.topic))

    noted = [action for action in actions if action not in {"{}", "{0: 0, 1: 0}"}]
    assert noted[:2] == ["told 2", "{0: 1}"]
    assert [(told.offset, told.ordinal, told.rejected.path) for told in bench.sink.told] == [
        (0, 0, "results[0]"),
        (0, 1, "results[1]"),
    ]


def test_what_the_store_refuses_is_told_after_a_crash_too(bench: Bench) -> None:
    class Killed(BaseException):
        """As by a signal."""

    class Dying(MemoryRejectedSink):
        def publish(self, rejected: Sequence[Quarantined]) -> None:
            assert rejected
            raise Killed

    bench.store.transactions = RefusingTransactions(
        bench.store.transactions,
        lambda profiles: any(profile.id == CLEO for profile in profiles),
    )
    bench.sink = Dying()
    with pytest.raises(Killed):
        bench.once()
    assert {each.rejected.reason.value for each in bench.store.quarantine()} == {"store", "json"}

    bench.sink = MemoryRejectedSink()
    bench.once()

    assert {(told.offset, told.rejected.reason.value) for told in bench.sink.told} == {
        (0, "store"),
        (1, "json"),
    }


def test_it_stays_in_the_group_while_a_store_is_busy(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consume, "WAITING_PERSONS", 1)
    log = bench.log()
    free = Event()
    log.on_keep_alive = free.set
    store = bench.following

    class Busy(FailingFollowingStore):
        def follow(self, following: Following) -> None:
            assert free.wait(PATIENCE_S)
            store.follow(following)

    job = bench.consuming(log)
    job.following = Busy(lambda: NOW)

    assert job.run(once=True, stop=bench.stop)
    assert log.kept_alive > 0
    assert job.tally.read == 6


def test_it_finishes_what_is_under_way_when_it_is_stopped(bench: Bench) -> None:
    log = bench.log()
    begun, free = Event(), Event()
    store = bench.following

    class Slow(FailingFollowingStore):
        def follow(self, following: Following) -> None:
            begun.set()
            assert free.wait(PATIENCE_S)
            store.follow(following)

    log.on_keep_alive = free.set
    log.on_read = lambda: bench.stop.set() if begun.is_set() else None
    job = bench.consuming(log)
    job.following = Slow(lambda: NOW)

    assert not job.run(stop=bench.stop)

    assert job.tally.read == 6
    assert bench.committed == {0: 2, 1: 3}


def test_a_rebalance_while_the_store_is_asked_where_to_begin_asks_again(bench: Bench) -> None:
    log = MemoryPartitionedLog(bench.topic, share=[0])
    free = Event()

    class Slow(FailingStore):
        def position(self, partition: LogPartition) -> int | None:
            assert free.wait(PATIENCE_S)
            return super().position(partition)

    def rebalance() -> None:
        if log.assigned() and not free.is_set():
            log.rebalance([0, 1])
        free.set()

    log.on_keep_alive = rebalance
    log.on_read = lambda: log.rebalance([0]) if not log.assigned() else None
    bench.store = Slow()
    job = bench.consuming(log)

    assert job.run(once=True, stop=bench.stop)
    assert job.tally.read == 6


def test_a_partition_that_goes_is_finished_and_noted_first(bench: Bench) -> None:
    log = bench.log()
    seen: list[dict[int, int]] = []

    def rebalance() -> None:
        if bench.store.counts().read:
            log.on_read = lambda: None
            log.rebalance([])
            seen.append(dict(bench.committed))
            bench.stop.set()

    log.on_read = rebalance

    assert not bench.consuming(log).run(stop=bench.stop)
    assert seen == [{0: 2, 1: 3}]


def test_a_partition_that_is_lost_is_not_noted(bench: Bench) -> None:
    log = bench.log()
    job = bench.consuming(log)
    begun, free = Event(), Event()

    class Slow(FailingFollowingStore):
        def follow(self, following: Following) -> None:
            assert following.held is not None
            begun.set()
            assert free.wait(PATIENCE_S)

    def lose() -> None:
        if begun.is_set():
            log.on_read = lambda: None
            log.rebalance([], lost=True)
            free.set()
            bench.stop.set()

    log.on_read = lose
    job.following = Slow(lambda: NOW)

    assert not job.run(stop=bench.stop)
    assert bench.committed == {}


def test_a_partition_that_is_lost_once_its_chunk_is_done_is_not_noted_either(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = bench.log()
    job = bench.consuming(log)
    free = Event()
    at_work: list[Pipeline] = []
    submit = Pipeline.submit

    class Slow(FailingFollowingStore):
        def follow(self, following: Following) -> None:
            assert free.wait(PATIENCE_S)
            super().follow(following)

    def submitted(pipeline: Pipeline, parts: Sequence[Leased]) -> None:
        submit(pipeline, parts)
        at_work.append(pipeline)

    def lose() -> None:
        if at_work:
            free.set()
            assert at_work[0].wait(timeout_s=PATIENCE_S)
            log.rebalance([], lost=True)
            bench.stop.set()

    monkeypatch.setattr(Pipeline, "submit", submitted)
    log.on_read = lose
    job.following = bench.following = Slow(lambda: NOW)

    assert not job.run(stop=bench.stop)
    assert job.tally.read > 0
    assert bench.both_hold_the_same
    assert bench.committed == {}


def test_nothing_is_read_while_chunks_of_a_lost_partition_take_all_the_room(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consume, "WAITING_PERSONS", 1)
    log = bench.log()
    begun, free = Event(), Event()
    read_after_it: list[bool] = []

    class Slow(FailingFollowingStore):
        def follow(self, following: Following) -> None:
            begun.set()
            assert free.wait(PATIENCE_S)
            super().follow(following)

    def lose() -> None:
        log.on_keep_alive = free.set
        log.on_read = lambda: read_after_it.append(free.is_set())
        log.rebalance([0, 1], lost=True)

    log.on_keep_alive = lambda: lose() if begun.is_set() else None
    bench.following = Slow(lambda: NOW)

    assert bench.once(log).read >= 6
    assert read_after_it
    assert all(read_after_it)
    assert bench.both_hold_the_same


def test_a_partition_that_comes_back_is_begun_again(bench: Bench) -> None:
    log = bench.log()

    def rebalance() -> None:
        if bench.store.counts().read:
            log.on_read = lambda: None
            bench.topic.append(0, text(person(IDS[5])))
            log.rebalance([0, 1])

    log.on_read = rebalance

    bench.consuming(log).run(once=True, stop=bench.stop)
    bench.once()

    assert bench.store.profile(IDS[5]) is not None
    assert bench.both_hold_the_same


@pytest.mark.parametrize("reader", [MemoryPartitionedLog, DeafLog])
def test_once_waits_for_the_partitions_of_other_readers(
    bench: Bench, reader: type[MemoryPartitionedLog]
) -> None:
    other = threading.Thread(
        target=lambda: (
            Bench(topic=bench.topic, store=bench.store, following=bench.following)
            .consuming(MemoryPartitionedLog(bench.topic, share=[1]))
            .run(stop=bench.stop)
        )
    )
    log = reader(bench.topic, share=[0])
    job = bench.consuming(log)
    log.on_read = lambda: None if other.ident else other.start()

    assert job.run(once=True, stop=bench.stop)

    bench.stop.set()
    other.join()
    assert bench.store.counts().read == 6
    assert job.tally.read == 3


def test_what_is_past_its_retention_goes_now_and_then(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.store.sweep_failures = iter([AWAY])
    log = bench.log()

    def later() -> None:
        if bench.store.sweeps == 1:
            bench.now = NOW + timedelta(minutes=11)
        if bench.store.sweeps == 2:
            bench.stop.set()

    log.on_read = later

    bench.consuming(log).run(stop=bench.stop)

    assert bench.store.sweeps == 2
    assert "What is past its retention is deleted later" in caplog.text


def test_a_store_that_is_slow_to_sweep_is_not_told_to_sweep_again_meanwhile(bench: Bench) -> None:
    done: list[str] = []
    free = Event()

    class Slow(FailingStore):
        def sweep(
            self, *, read_on: date, quarantined_before: datetime, followed: bool = False
        ) -> int:
            assert free.wait(PATIENCE_S)
            done.append("swept")
            return super().sweep(
                read_on=read_on, quarantined_before=quarantined_before, followed=followed
            )

        def position(self, partition: LogPartition) -> int | None:
            done.append("asked")
            return super().position(partition)

    def later() -> None:
        bench.now = NOW + timedelta(minutes=11)
        if bench.store.sweeps == 2:
            bench.stop.set()

    log = bench.log()
    log.on_read, log.on_keep_alive = later, free.set
    bench.store = Slow()

    bench.consuming(log).run(stop=bench.stop)

    assert done == ["swept", "asked", "asked", "swept"]


def test_what_is_worth_a_transaction_is_not_waited_for_before_more_is_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consume, "TOGETHER_PERSONS", 1)
    monkeypatch.setattr(consume, "READ_S", PATIENCE_S)
    read_on = Event()
    submitted: list[Sequence[Leased]] = []
    submit = Pipeline.submit

    class Slow(FailingStore):
        def apply(self, chunk: Chunk, ledger: Ledger, *, followed: bool = False) -> Applied:
            assert read_on.wait(PATIENCE_S)
            return super().apply(chunk, ledger, followed=followed)

    def listed(pipeline: Pipeline, parts: Sequence[Leased]) -> None:
        submit(pipeline, parts)
        submitted.append(parts)

    monkeypatch.setattr(Pipeline, "submit", listed)
    log = bench.log()
    log.on_read = lambda: read_on.set() if submitted else None
    bench.store = Slow()

    assert bench.once(log).read == 6


def test_one_reading_fills_a_chunk_of_each_of_four_partitions() -> None:
    assert consume.READ_RECORDS // 4 == chunking.CHUNK_RECORDS


def test_few_records_of_several_partitions_go_together(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full chunk goes alone, and its run's rest with those of the other partitions."""
    monkeypatch.setattr(chunking, "CHUNK_RECORDS", 5)
    for identity in IDS[3:]:
        bench.topic.append(0, text(person(identity)))
    submitted: list[list[int]] = []
    submit = Pipeline.submit

    def listed(pipeline: Pipeline, parts: Sequence[Leased]) -> None:
        submitted.append([len(part.chunk.entries) for part in parts])
        submit(pipeline, parts)

    monkeypatch.setattr(Pipeline, "submit", listed)

    bench.once()

    assert submitted == [[6], [3, 3]]
    assert bench.committed == {0: 8, 1: 3}
    assert bench.both_hold_the_same


def test_the_more_records_come_the_longer_others_are_waited_for(bench: Bench) -> None:
    log = bench.log()
    waited: list[float] = []
    coming = iter([0, 0, 1, 100])  # at each reading: at the second there are the five of `bench`

    def read() -> None:
        waited.append(log.gather_s)
        number = next(coming, None)
        if number is None:
            bench.stop.set()
        for _ in range(number or 0):
            bench.topic.append(0, text(person(ADA)))

    log.on_read = read
    bench.consuming(log).run(stop=bench.stop)

    assert waited == [0, 0, 5 * consume.GATHER_S, consume.GATHER_S, consume.READ_S]


def test_a_long_run_is_decided_in_chunks_that_follow_each_other(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunking, "CHUNK_RECORDS", 2)
    for identity in IDS:
        bench.topic.append(0, text(person(identity)))

    assert bench.once().read == 6 + len(IDS)

    assert bench.committed[0] == 2 + len(IDS)


def test_nothing_is_decided_before_there_is_room_for_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many persons one reading has brought."""
    monkeypatch.setattr(chunking, "CHUNK_PERSONS", 3)
    monkeypatch.setattr(consume, "WAITING_PERSONS", 6)
    for _ in range(20):
        bench.topic.append(0, text({"results": [0, 0, 0]}))
    most: list[int] = []
    submit = Pipeline.submit

    def counted(pipeline: Pipeline, parts: Sequence[Leased]) -> None:
        submit(pipeline, parts)
        most.append(pipeline.persons)

    monkeypatch.setattr(Pipeline, "submit", counted)

    assert bench.once().rejected == 61

    assert max(most) <= 6 + 3


def test_what_is_left_of_a_reading_goes_to_the_next_reader_of_the_partition(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunking, "CHUNK_RECORDS", 1)
    monkeypatch.setattr(consume, "WAITING_PERSONS", 1)
    for identity in IDS:
        bench.topic.append(0, text(person(identity)))
    log = bench.log()
    waited = Pipeline.wait

    def rebalanced(pipeline: Pipeline, lease: Lease | None = None, *, timeout_s: float) -> bool:
        if lease is None and len(log.assigned()) > 1:
            log.rebalance([1], lost=True)
        return waited(pipeline, lease, timeout_s=timeout_s)

    monkeypatch.setattr(Pipeline, "wait", rebalanced)
    job = bench.consuming(log)
    log.on_read = lambda: bench.stop.set() if job.tally.read else None
    job.run(stop=bench.stop)
    monkeypatch.setattr(Pipeline, "wait", waited)
    bench.stop.clear()
    assert bench.store.counts().read < 14

    bench.once()

    assert bench.committed == {0: 11, 1: 3}
    assert {profile.id for profile, _ in bench.store.profiles()} == set(IDS)
    assert bench.both_hold_the_same


def test_an_idle_reader_applies_the_ledger_to_both_stores(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "LEDGER_S", 0.0)
    bench.once()
    bench.ledger.suppress(ADA)
    log = bench.log()
    log.on_read = lambda: bench.stop.set() if bench.following.profile(ADA) is None else None
    assert bench.following.profile(ADA) is not None

    bench.consuming(log).run(stop=bench.stop)

    assert bench.store.profile(ADA) is None
    assert bench.both_hold_the_same


def test_a_reader_that_is_never_idle_carries_out_what_a_killed_command_has_left(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = 0.0
    monkeypatch.setattr(erasing, "time", SimpleNamespace(monotonic=lambda: seconds))
    log = bench.log()
    reads = itertools.count()

    def more_comes() -> None:
        nonlocal seconds
        bench.topic.append(1, text(person(CLEO)))
        erased = bench.ledger.view().position > 0
        if not erased and bench.store.counts().read > 20:  # its first look is over
            bench.ledger.suppress(ADA)
            killed = KilledBehind(bench.store.transactions, 1)
            with pytest.raises(KilledError):
                apply_ledger(killed, bench.ledger.view(), followed=True)
            seconds = erasing.LEDGER_S
        if next(reads) == 3_000 or (erased and bench.store.profile(ADA) is None):
            bench.stop.set()

    log.on_read = more_comes

    bench.consuming(log).run(stop=bench.stop)

    assert bench.store.profile(ADA) is None
    bench.stop.clear()
    bench.once()
    assert bench.both_hold_the_same


def test_an_erasure_that_a_store_did_not_take_is_made_up_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(erasing, "LEDGER_S", 0.0)
    bench.once()
    bench.ledger.suppress(ADA)
    bench.following.failures = iter([AWAY, AWAY])
    log = bench.log()
    log.on_read = lambda: bench.stop.set() if bench.following.profile(ADA) is None else None

    bench.consuming(log).run(stop=bench.stop)

    assert bench.following.profile(ADA) is None
    assert "Erasures are applied as soon as it answers" in caplog.text


def test_an_idle_reader_stops_at_a_ledger_that_lost_entries(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "LEDGER_S", 0.0)
    bench.ledger.suppress(IDS[7])
    bench.once()
    bench.ledger = MemoryLedger()

    with pytest.raises(LedgerError, match="ends at entry 0"):
        bench.consuming().run(stop=bench.stop)
