"""A reader's side of the connection to its parent: what it reports, and what it is told."""

from __future__ import annotations

import logging
import os
import pickle
import time
import traceback
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from threading import Event, Lock, Thread
from typing import Final

from profiles.application.ports.metrics import Observation, Service
from profiles.domain.errors import ProfilesError, UsageError
from profiles.domain.tally import Tally
from profiles.entrypoints.log_output import log_to
from profiles.entrypoints.processes.messages import (
    Assignment,
    Broken,
    Ended,
    Failed,
    Observed,
    Report,
    Said,
    Took,
    Turned,
)
from profiles.entrypoints.unexpected import UnexpectedError

ORPHANED_S: Final = 5.0
"""Seconds that a reader has to finish what it is at once its parent is gone."""

TURNED_S: Final = 5.0
"""Seconds between two reports that the loop goes round."""


class Parent:
    """Reports to the parent, from any thread; to one that is gone nothing is told."""

    def __init__(self, connection: Connection) -> None:
        """Report over a connection, of which somebody else may read."""
        self._connection = connection
        self._lock = Lock()

    def tell(self, report: Report) -> None:
        """Report something."""
        with self._lock:
            try:
                self._connection.send(report)
            except OSError:  # it is gone, which whoever reads notices as well
                return


Job = Callable[[Assignment, Parent, Event], bool]
"""Does what was assigned until the event is set; tells whether the log's ends were reached."""


def serve(
    connection: Connection,
    job: Job,
    *,
    leave: Callable[[], object] = lambda: os._exit(1),
    orphaned_s: float = ORPHANED_S,
) -> None:
    """Do a job, and report how it ended.

    leave: ends the process where the parent is gone, and the job has not ended in `orphaned_s`.
    """
    try:
        assignment = connection.recv()
    except EOFError:
        return  # the parent has gone before it could say what is to be done
    parent, stop, ended = Parent(connection), Event(), Event()
    log_to(_ToParent(parent))

    def listen() -> None:
        try:
            connection.recv()  # `Stop`: there is nothing else to hear
            stop.set()
        except (EOFError, OSError):
            stop.set()
            if not ended.wait(orphaned_s):
                leave()

    Thread(target=listen, name="parent", daemon=True).start()
    try:
        parent.tell(Ended(job(assignment, parent, stop)))
    except Exception as failure:  # noqa: BLE001 - its text can hold a person, so only its type is told
        parent.tell(_broken(failure))
    finally:
        ended.set()


class ReportedMetrics:
    """Metrics that the parent keeps. What is counted is told by the tally of each chunk."""

    def __init__(self, parent: Parent, clock: Callable[[], float] = time.monotonic) -> None:
        """Report to a parent.

        clock: seconds from any start, never back.
        """
        self._parent = parent
        self._clock = clock
        self._turned: float | None = None

    def turned(self) -> None:
        """Report now and then that the loop has come round."""
        now = self._clock()
        if self._turned is None or now - self._turned >= TURNED_S:
            self._turned = now
            self._parent.tell(Turned())

    def counted(self, tally: Tally) -> None:
        """Do nothing: progress has told it."""

    def took(self, seconds: float) -> None:
        """Report a chunk's time."""
        self._parent.tell(Took(seconds))

    def failed(self, service: Service) -> None:
        """Report a failure."""
        self._parent.tell(Failed(service))

    def produced(
        self, *, fetched: int, acknowledged: int, failed: int, reasons: Mapping[str, int]
    ) -> None:
        """Do nothing: a reader produces nothing."""

    def observed(self, observation: Observation) -> None:
        """Report how far the job is."""
        self._parent.tell(Observed(observation))


class _ToParent(logging.Handler):
    """Has the parent write the log, so that no two processes write into one line."""

    def __init__(self, parent: Parent) -> None:
        super().__init__()
        self._parent = parent

    def emit(self, record: logging.LogRecord) -> None:
        """Report a record that the filter has let through."""
        self._parent.tell(Said(record.levelno, record.name, record.getMessage()))


def _broken(failure: Exception) -> Broken:
    """Say how a job failed: with the error itself, if it is one of ours."""
    frames = (*traceback.format_tb(failure.__traceback__), f"{type(failure).__qualname__}\n")
    if not isinstance(failure, ProfilesError):
        return Broken(UnexpectedError(type(failure).__qualname__), frames)
    error = failure.with_traceback(None)
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - what was written a moment ago
    except Exception:  # noqa: BLE001 - whatever it is, its sentence is what counts
        kind = UsageError if isinstance(failure, UsageError) else ProfilesError
        error = kind(str(failure))
    return Broken(error, frames)
