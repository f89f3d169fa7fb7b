"""What runs in Spark's Python workers: ranges of the log into the stores.

A worker lives on from task to task and batch to batch, and so do its connections: they are opened
at its first task and never closed, for a worker ends without any clean-up.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from profiles.application.ingest.partition_task import OffsetRange, PartitionTask
from profiles.domain.errors import ProfilesError
from profiles.domain.tally import Tally

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
    """What became of a task: a tally, or why it can't go on."""

    tally: Tally
    failure: ProfilesError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The function that Spark calls in its workers, with what it needs: it is pickled."""

    open_task: OpenPartitionTask

    def __call__(self, tasks: Iterator[Sequence[OffsetRange]]) -> Iterator[Outcome]:
        """Process what the log holds in the ranges of each task, which are taken together."""
        return map(self._outcome, tasks)

    def _outcome(self, ranges: Sequence[OffsetRange]) -> Outcome:
        """Process a task's ranges.

        What no trying again mends is returned: raised, Spark would try it four times, and write
        frames of the interpreter into its log.
        """
        try:
            return Outcome(tally=_opened_task(self.open_task).process_ranges(ranges))
        except ProfilesError as failure:
            return Outcome(tally=Tally(), failure=failure.with_traceback(None))
        except Exception as failure:  # noqa: BLE001 - its text can hold a person, so it goes no further
            raise TaskFailedError(type(failure).__qualname__, _place(failure)) from None


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
