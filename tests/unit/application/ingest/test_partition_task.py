"""A partition of a batch, processed by a task of a cluster: nothing missed, nothing doubled."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Event

import pytest

from profiles.adapters import codec
from profiles.adapters.memory import MemoryLedger
from profiles.application.errors import GapError, LedgerError, LogAwayError, LogError, StoreError
from profiles.application.following import outbox
from profiles.application.ingest import partition_task
from profiles.application.ingest.partition_task import OffsetRange, PartitionTask, pieces_of
from profiles.application.ingest.pipeline import Lease, Pipeline
from profiles.application.log.deciding import Rules
from profiles.application.log.records import LogPartition, LogRecord
from profiles.application.ports.stores import Following
from profiles.domain.correcting import correction_of
from profiles.domain.person import PersonId
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.tally import Tally
from tests.support.failing_stores import FailingFollowingStore, FailingStore, retry_at_once
from tests.support.memory_streams import START, MemoryLogLookup, MemoryRejectedSink, MemoryTopic
from tests.support.patience import PATIENCE_S

NOW = START + timedelta(seconds=10)
IDS = [PersonId(f"{number:08x}-0000-4000-8000-000000000000") for number in range(9)]
ADA, BEA, CLEO, DAN = IDS[:4]
AWAY = StoreError("The store", "it does not answer", "It is tried again.")
PARTITION = LogPartition("topic-1", 0, 2)


def person(identity: str, born: str = "1985-03-01") -> bytes:
    return json.dumps({"login": {"uuid": identity}, "dob": {"date": born}}).encode()


@dataclass
class Task:
    """All around one partition task; `process` makes a new one, as in a cluster."""

    topic: MemoryTopic = field(default_factory=MemoryTopic)
    store: FailingStore = field(default_factory=FailingStore)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    sink: MemoryRejectedSink = field(default_factory=MemoryRejectedSink)
    following: FailingFollowingStore = field(
        default_factory=lambda: FailingFollowingStore(lambda: NOW)
    )
    lookup: MemoryLogLookup = field(init=False)
    stop: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.lookup = MemoryLogLookup(self.topic)

    def task(self) -> PartitionTask:
        return PartitionTask(
            store=self.store,
            ledger=self.ledger,
            rejected=self.sink,
            lookup=self.lookup,
            open_reader=lambda: self.lookup,
            rules=Rules(policy=DEFAULT_POLICY, decode=codec.decode),
            clock=lambda: NOW,
            retry=retry_at_once,
            following=self.following,
            stop=self.stop,
        )

    def records(self, start: int = 0, end: int | None = None) -> Sequence[LogRecord]:
        return self.topic.logs[0][start:end]

    def process(self, *pieces: Sequence[LogRecord], partition: LogPartition = PARTITION) -> Tally:
        return self.task().process(partition, pieces)

    @property
    def both_hold_the_same(self) -> bool:
        held = {profile.id: (profile, version) for profile, version in self.store.profiles()}
        followed = {p.id: (p, version) for p, version in self.following.profiles()}
        return bool(held) and followed == held


@pytest.fixture
def task() -> Task:
    task = Task()
    task.topic.append(0, person(ADA))
    task.topic.append(0, b'{"results":[%b,%b]}' % (person(BEA), person(DAN, "2020-01-01")))
    task.topic.append(0, b"{")
    task.topic.append(0, None, IDS[8].encode())
    task.topic.append(0, person(CLEO))
    return task


def test_every_store_gets_the_partition_and_the_tally_adds_up(task: Task) -> None:
    tally = task.process(task.records(0, 2), task.records(2))

    assert tally == Tally(
        read=6,
        stored=3,
        withheld=1,
        rejected=1,
        erased=1,
        reasons={"minor": 1, "json": 1},
    )
    assert task.both_hold_the_same
    assert [told.offset for told in task.sink.told] == [2]
    assert task.store.position(PARTITION) == 5


def test_what_is_under_way_is_waited_for(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    waited_for = Event()
    wait = Pipeline.wait

    class Slow(FailingFollowingStore):
        def follow(self, following: Following) -> None:
            assert waited_for.wait(PATIENCE_S)
            super().follow(following)

    def waited(pipeline: Pipeline, lease: Lease | None = None, *, timeout_s: float) -> bool:
        waited_for.set()
        return wait(pipeline, lease, timeout_s=timeout_s)

    monkeypatch.setattr(Pipeline, "wait", waited)
    task.following = Slow(lambda: NOW)

    assert task.process(task.records()).read == 6
    assert task.both_hold_the_same


def test_partitions_with_few_records_go_together_into_every_store(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = PARTITION._replace(number=1)
    task.topic.append(1, person(DAN))
    sent: list[Following] = []
    follow = task.following.follow

    def recorded(following: Following) -> None:
        sent.append(following)
        follow(following)

    monkeypatch.setattr(task.following, "follow", recorded)

    tally = task.task().process_all(
        [(PARTITION, [task.records(0, 4), task.records(4)]), (other, [task.topic.logs[1]])]
    )

    assert tally == Tally(
        read=7,
        stored=4,
        withheld=1,
        rejected=1,
        erased=1,
        reasons={"minor": 1, "json": 1},
    )
    assert len(sent) == 1
    assert task.both_hold_the_same
    assert [task.store.position(partition) for partition in (PARTITION, other)] == [5, 1]


def test_an_empty_partition_changes_nothing(task: Task) -> None:
    assert task.process((), ()) == Tally()

    assert task.store.position(PARTITION) is None


def test_processing_a_partition_again_changes_nothing(task: Task) -> None:
    task.process(task.records())
    before = dict(task.store.held(IDS))

    again = task.process(task.records())

    assert (again.read, again.stored, again.superseded) == (6, 3, 3)
    assert task.store.held(IDS) == before
    assert task.both_hold_the_same


def test_processing_again_completes_a_partition_after_a_crash_between_the_stores(
    task: Task,
) -> None:
    task.following.failures = iter([LedgerError("x", "stands for a crash", "Go on.")])
    with pytest.raises(LedgerError):
        task.process(task.records())
    assert not task.both_hold_the_same

    task.process(task.records())

    assert task.both_hold_the_same


def test_a_store_that_is_away_is_asked_until_it_answers(task: Task) -> None:
    task.store.position_failures = iter([AWAY])
    task.store.apply_failures = iter([AWAY, AWAY])
    task.following.failures = iter([AWAY])

    assert task.process(task.records()).stored == 3

    assert task.both_hold_the_same


def test_a_batch_continues_where_the_batch_before_ended(task: Task) -> None:
    task.process(task.records(0, 2))

    assert task.process(task.records(2)).read == 3

    assert task.both_hold_the_same


def test_it_waits_where_more_is_under_way_than_is_allowed(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition_task, "WAITING_PERSONS", 1)
    monkeypatch.setattr(partition_task, "TOGETHER_PERSONS", 1)

    assert task.process(task.records(0, 2), task.records(2, 4), task.records(4)).read == 6

    assert task.both_hold_the_same


@pytest.mark.parametrize("failing", [False, True], ids=["at once", "at the second attempt"])
def test_whom_a_chunk_finds_erased_is_deleted_from_the_following_store_with_it(
    task: Task, monkeypatch: pytest.MonkeyPatch, *, failing: bool
) -> None:
    """Also where the chunk does not tell of her, and no other chunk comes."""
    monkeypatch.setattr(outbox, "DELIVERY_S", 3_600.0)
    monkeypatch.setattr(partition_task, "WAITING_PERSONS", 1)
    monkeypatch.setattr(partition_task, "TOGETHER_PERSONS", 1)

    def pieces() -> Iterator[Sequence[LogRecord]]:
        yield task.records(0, 4)
        assert task.following.profile(ADA) is not None
        task.ledger.suppress(ADA)
        task.store.fails_after_the_ledger = failing
        yield task.records(4)

    task.task().process(PARTITION, pieces())

    assert task.following.profile(ADA) is None
    assert task.both_hold_the_same
    assert task.store.outbox(limit=9) == {}


def test_what_is_still_owed_is_delivered_with_the_first_chunk(task: Task) -> None:
    task.process(task.records(0, 2))
    task.ledger.suppress(ADA)
    task.store.apply_ledger(task.ledger, followed=True)

    task.process(task.records(2))

    assert task.both_hold_the_same
    assert task.store.outbox(limit=9) == {}


def test_offsets_that_hold_no_record_are_passed_over(task: Task) -> None:
    task.process(task.records(0, 2))
    del task.topic.logs[0][2:4]  # the marks of a transaction

    assert task.process(task.records(2)).read == 1

    assert task.store.position(PARTITION) == 5
    assert task.both_hold_the_same


def test_a_checkpoint_ahead_of_the_stores_stops_it(task: Task) -> None:
    task.process(task.records(0, 2))

    with pytest.raises(LogError, match="begins at offset 4, but the stores have it only up to 2"):
        task.process(task.records(4))

    assert task.store.position(PARTITION) == 2


def test_a_checkpoint_that_skips_the_beginning_stops_it(task: Task) -> None:
    with pytest.raises(LogError, match="new checkpoint"):
        task.process(task.records(1))

    assert task.store.position(PARTITION) is None


def test_records_that_the_log_has_lost_stop_it(task: Task) -> None:
    task.process(task.records(0, 1))
    task.topic.delete_before(0, 3)

    with pytest.raises(GapError) as raised:
        task.process(task.records(3))

    assert (raised.value.position, raised.value.first) == (1, 3)


def test_a_new_store_begins_where_the_log_does(task: Task) -> None:
    task.topic.delete_before(0, 3)

    assert task.process(task.records(3)).read == 2


def test_a_topic_made_anew_meanwhile_is_not_taken_in(task: Task) -> None:
    with pytest.raises(LogError, match="created again"):
        task.process(task.records(), partition=replace_topic("topic-0"))

    assert list(task.store.profiles()) == []


def test_a_topic_made_anew_is_named_before_what_is_missing_of_it(task: Task) -> None:
    task.topic.delete_before(0, 3)

    with pytest.raises(LogError, match="created again"):
        task.process(task.records(4), partition=replace_topic("topic-0"))


def replace_topic(topic_id: str) -> LogPartition:
    return PARTITION._replace(topic_id=topic_id)


def test_it_waits_until_the_log_says_which_topic_it_holds(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition_task, "_AGAIN_S", 0.0)
    task.lookup.silent = 2

    assert task.process(task.records()).read == 6


def test_it_gives_up_on_a_silent_log_when_it_is_stopped(task: Task) -> None:
    task.lookup.silent = 1
    task.stop.set()

    with pytest.raises(LogError, match="did not say which topic"):
        task.process(task.records())

    assert list(task.store.profiles()) == []


def test_a_ledger_that_cannot_be_read_stops_it(task: Task) -> None:
    task.ledger.suppress(*IDS[-3:])
    task.process(task.records(0, 1))
    task.ledger.lose()

    with pytest.raises(LedgerError):
        task.process(task.records(1))

    assert task.store.position(PARTITION) == 1


def test_a_range_of_offsets_is_read_from_the_log_itself() -> None:
    task = Task()
    for each in IDS[:5]:
        task.topic.append(0, person(each))

    first = task.task().process_range(PARTITION, None, 2)
    later = task.task().process_range(PARTITION, 1, 4)

    assert first == Tally(read=2, stored=2)
    assert later == Tally(read=3, stored=3)
    assert task.store.position(PARTITION) == 4
    assert {p.id for p, _ in task.following.profiles()} == set(IDS[:4])


def test_ranges_of_several_partitions_go_together_into_the_stores(task: Task) -> None:
    other = PARTITION._replace(number=1)
    task.topic.append(1, person(IDS[5]))

    tally = task.task().process_ranges([OffsetRange(PARTITION, 0, 5), OffsetRange(other, None, 1)])

    assert (tally.read, tally.stored) == (7, 4)
    assert [task.store.position(partition) for partition in (PARTITION, other)] == [5, 1]
    assert task.both_hold_the_same


def test_a_correction_in_a_range_is_taken_in() -> None:
    task = Task()
    correction = json.dumps(correction_of(ADA, {"city": "Oslo"}, [])).encode()
    for value in (person(ADA), correction, person(ADA)):
        task.topic.append(0, value)

    for offset in range(3):
        task.task().process_range(PARTITION, offset, offset + 1)

    held = task.store.profile(ADA)
    assert held is not None
    assert held[0].city == "Oslo"


def test_a_range_is_no_longer_read_when_its_task_has_failed(task: Task) -> None:
    closed = []

    class Noting(MemoryLogLookup):
        def records(self, partition: LogPartition, start: int, end: int) -> Generator[LogRecord]:
            try:
                yield from super().records(partition, start, end)
            finally:
                closed.append((start, end))

    failing = replace(task.task(), open_reader=lambda: Noting(task.topic))

    with pytest.raises(LogError, match="begins at offset 2") as kept:
        failing.process_range(PARTITION, 2, 5)

    assert closed == [(2, 5)]
    assert kept.value.__traceback__ is not None  # which would keep the reading open


def test_what_a_range_has_lost_is_a_gap_only_if_no_store_has_seen_it() -> None:
    task = Task()
    for each in IDS[:5]:
        task.topic.append(0, person(each))
    one = task.task()
    one.process_range(PARTITION, 0, 2)
    task.topic.delete_before(0, 2)

    assert one.process_range(PARTITION, 0, 3) == Tally(read=1, stored=1)
    task.topic.delete_before(0, 4)
    with pytest.raises(GapError):
        one.process_range(PARTITION, 0, 5)


class AwayInTheMiddle(MemoryLogLookup):
    """Does not answer at some records, once each."""

    def __init__(self, topic: MemoryTopic, *, at: Sequence[int]) -> None:
        super().__init__(topic)
        self._at = list(at)

    def records(self, partition: LogPartition, start: int, end: int) -> Generator[LogRecord]:
        for record in super().records(partition, start, end):
            if record.offset in self._at:
                self._at.remove(record.offset)
                raise LogAwayError("The log", "it did not answer", "It is asked again.")
            yield record


def test_a_log_that_is_away_in_the_middle_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition_task, "_AGAIN_S", 0.0)
    monkeypatch.setattr(partition_task, "_PIECE_RECORDS", 2)
    task = Task()
    for each in IDS[:5]:
        task.topic.append(0, person(each))
    reading = replace(task.task(), open_reader=lambda: AwayInTheMiddle(task.topic, at=[1, 3]))

    reading.process_range(PARTITION, 0, 5)

    assert task.store.position(PARTITION) == 5
    assert {p.id for p, _ in task.store.profiles()} == set(IDS[:5])

    task.stop.set()
    with pytest.raises(LogAwayError):
        replace(task.task(), open_reader=lambda: AwayInTheMiddle(task.topic, at=[1])).process_range(
            PARTITION, 0, 5
        )


@pytest.mark.parametrize(("records", "size"), [(2, 10_000), (10_000, 150)])
def test_pieces_are_bounded_by_records_and_by_bytes(
    monkeypatch: pytest.MonkeyPatch, records: int, size: int
) -> None:
    monkeypatch.setattr(partition_task, "_PIECE_RECORDS", records)
    monkeypatch.setattr(partition_task, "_PIECE_BYTES", size)
    made = [LogRecord(offset, START, None, b"x" * 80) for offset in range(5)]
    made[4] = LogRecord(4, START, b"key", None)

    assert [[r.offset for r in piece] for piece in pieces_of(made)] == [[0, 1], [2, 3], [4]]
    assert list(pieces_of([])) == []
