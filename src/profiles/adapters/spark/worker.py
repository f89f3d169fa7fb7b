"""What runs in Spark's Python workers: Arrow batches of one partition into the stores.

A worker lives on from task to task and batch to batch, and so do its connections: they are opened
at its first task and never closed, for a worker ends without any clean-up.
"""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from profiles.application.ingest.partition_task import PartitionTask
from profiles.application.log.records import LogPartition, LogRecord
from profiles.application.log.timestamps import TimestampDecoder
from profiles.domain.errors import ProfilesError
from profiles.domain.tally import Tally

OUTCOME_SCHEMA: Final = "partition int, tally string, failure binary"

_ARROW: Final = pa.schema(
    [("partition", pa.int32()), ("tally", pa.string()), ("failure", pa.binary())]
)

RANGE_SCHEMA: Final = "partition int, start long, end long"
"""Of ranges of offsets: `start` is null for a partition's beginning."""

Group = tuple[int, Iterator[Sequence[LogRecord]]]
"""A partition's number, and pieces of its records."""

Process = Callable[[PartitionTask, LogPartition], Tally]

OpenPartitionTask = Callable[[], PartitionTask]
"""Opens all that a task needs, for as long as the process lives; can be pickled."""

_opened: dict[tuple[int, OpenPartitionTask], PartitionTask] = {}


class TaskFailedError(ProfilesError):
    """A task met what nobody has foreseen; Spark tries it again."""

    def __init__(self, kind: str, place: str) -> None:
        super().__init__(kind, place)
        self.kind, self.place = kind, place

    def __str__(self) -> str:
        return (
            f"A task failed ({self.kind} at {self.place}). What every store has stays, and the"
            " task is tried again. If this goes on, please report it: this text holds no values."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one partition's part of a batch: a tally, or why it can't go on."""

    partition: int
    tally: Tally
    failure: ProfilesError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The function that Spark calls in its workers, with what it needs: it is pickled.

    partitions: of the topic, as it was before this batch was fetched.
    together: whether a task takes the partitions among its records together into the stores.
    """

    open_task: OpenPartitionTask
    partitions: Mapping[int, LogPartition]
    together: bool = False

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Take a task's batches; yield one row for each partition among them, usually one.

        Partitions that are taken together have one row, under the number of the first.
        """
        groups = by_partition(batches)
        if self.together:
            rows = [
                self._all_outcomes(first, chain([first], groups)) for first in islice(groups, 1)
            ]
        else:
            rows = [self._outcome(number, pieces) for number, pieces in groups]
        yield pa.RecordBatch.from_pylist(rows, schema=_ARROW)

    def by_position(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Take ranges of offsets; the task reads what they hold from the log itself."""
        for batch in batches:
            rows = [
                self._told(row["partition"], _range(row["start"], row["end"]))
                for row in batch.to_pylist()
            ]
            yield pa.RecordBatch.from_pylist(rows, schema=_ARROW)

    def _outcome(self, number: int, pieces: Iterable[Sequence[LogRecord]]) -> dict[str, Any]:
        """Take one partition's pieces."""
        return self._told(number, lambda task, partition: task.process(partition, pieces))

    def _all_outcomes(self, first: Group, groups: Iterable[Group]) -> dict[str, Any]:
        """Take the pieces of several partitions; see `PartitionTask.process_all`."""
        parts = ((self.partitions[number], pieces) for number, pieces in groups)
        return self._told(first[0], lambda task, _partition: task.process_all(parts))

    def _told(self, number: int, process: Process) -> dict[str, Any]:
        """Process a partition's part.

        What no trying again mends is told as a row: raised, Spark would try it four times, and
        write frames of the interpreter into its log.
        """
        try:
            tally = process(_opened_task(self.open_task), self.partitions[number])
        except ProfilesError as failure:
            return {"partition": number, "tally": None, "failure": pickle.dumps(failure)}
        except Exception as failure:  # noqa: BLE001 - its text can hold a person, so it goes no further
            raise TaskFailedError(type(failure).__qualname__, _place(failure)) from None
        return {"partition": number, "tally": json.dumps(asdict(tally)), "failure": None}


def _range(start: int | None, end: int) -> Process:
    return lambda task, partition: task.process_range(partition, start, end)


def outcome_of(row: Any) -> Outcome:  # noqa: ANN401 - a row of PySpark, which has no types
    """Read a row that a task has yielded."""
    if row.failure is not None:
        failure = pickle.loads(bytes(row.failure))  # noqa: S301 - written by our own worker, above
        return Outcome(partition=row.partition, tally=Tally(), failure=failure)
    return Outcome(partition=row.partition, tally=Tally(**json.loads(row.tally)))


def _opened_task(open_task: OpenPartitionTask) -> PartitionTask:
    key = os.getpid(), open_task  # a connection does not survive a fork
    if key not in _opened:
        _opened[key] = open_task()
    return _opened[key]


def _place(failure: BaseException) -> str:
    """Say where an error was raised, for it is reported without its text."""
    frames = failure.__traceback__
    while frames is not None and frames.tb_next is not None:
        frames = frames.tb_next
    if frames is None:
        return "an unknown place"
    return f"{Path(frames.tb_frame.f_code.co_filename).name}:{frames.tb_lineno}"


def by_partition(batches: Iterator[pa.RecordBatch]) -> Iterator[Group]:
    """Group the records of a task by partition, as they come: Spark reads them one by one."""
    timestamps = TimestampDecoder()
    waiting: list[tuple[int, Sequence[LogRecord]]] = []

    def pieces(number: int) -> Iterator[Sequence[LogRecord]]:
        while waiting or fill():
            if waiting[0][0] != number:
                return
            yield waiting.pop(0)[1]

    def fill() -> bool:
        for batch in batches:
            waiting.extend(_split(batch, timestamps))
            if waiting:
                return True
        return False

    while waiting or fill():
        number = waiting[0][0]
        mine = pieces(number)
        yield number, mine
        for _ in mine:  # what its taker has left, after a failure
            pass


def _split(
    batch: pa.RecordBatch, timestamps: TimestampDecoder
) -> Iterator[tuple[int, Sequence[LogRecord]]]:
    numbers = batch.column("partition").to_pylist()
    records = [
        LogRecord(offset=offset, logged_at=timestamps.decode(milliseconds), key=key, value=value)
        for offset, milliseconds, key, value in zip(
            batch.column("offset").to_pylist(),
            batch.column("logged_ms").to_pylist(),
            batch.column("key").to_pylist(),
            batch.column("value").to_pylist(),
            strict=True,
        )
    ]
    start = 0
    for index in range(1, len(numbers) + 1):
        if index == len(numbers) or numbers[index] != numbers[start]:
            yield numbers[start], records[start:index]
            start = index
