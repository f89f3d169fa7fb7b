"""The parent of readers: starts them, adds up what they report, and ends them together."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from threading import Event
from typing import Final, NamedTuple, Self, assert_never

from profiles.application.ports.metrics import Metrics, NoMetrics
from profiles.domain.errors import ProfilesError
from profiles.domain.tally import Tally
from profiles.entrypoints.composition.streaming import ProcessSettings
from profiles.entrypoints.composition.waiting import StoppedError
from profiles.entrypoints.log_output import OURS, READER, writes_json
from profiles.entrypoints.processes.count import ProcessCount
from profiles.entrypoints.processes.messages import (
    Assignment,
    Broken,
    Counted,
    Ended,
    Failed,
    Observed,
    Opened,
    Report,
    Said,
    Stop,
    Took,
    Turned,
)
from profiles.entrypoints.unexpected import FramesElsewhereError

LOOK_S: Final = 0.1
"""Seconds between two looks whether the job is to end, or a reader is to be started."""
FIRST_PAUSE_S: Final = 1.0
MOST_KILLS: Final = 5
STEADY_S: Final = 60.0
"""Seconds after which a kill is not in a row with the one before, whatever was taken in."""

_READER: Final = (sys.executable, "-m", "profiles.entrypoints.processes.reader")

_logger = logging.getLogger(__name__)


class ReaderLostError(ProfilesError):
    """A reader is killed again and again."""

    def __init__(self, number: int, happened: str, times: int) -> None:
        super().__init__(number, happened, times)
        self.number, self.happened, self.times = number, happened, times

    def __str__(self) -> str:
        return (
            f"Reader {self.number} {self.happened}, {self.times} times in a row without taking"
            " anything in, so all readers were stopped. What was read is kept. If memory is short,"
            " name fewer --processes; the same command goes on from there."
        )


class _Running(NamedTuple):
    process: subprocess.Popen[bytes]
    connection: Connection[Assignment | Stop, Report]
    since: float


@dataclass(slots=True)
class _Reader:
    """A reader, and how it goes.

    due: when it is to be started. opened: whether it has opened everything, once at least.
    kills: how often in a row it was killed.
    """

    number: int
    due: float
    running: _Running | None = None
    opened: bool = False
    kills: int = 0
    ended: Ended | Broken | None = None


@dataclass(slots=True, kw_only=True)
class Readers:
    """Readers of one group, as one job.

    The first opens everything before the others are started: what is created or migrated once is
    so by it alone. A reader that is killed is started again; an error that will not pass ends all
    of them. They end after what they are at as soon as they are told to, or this process is gone.

    settings: for each reader.
    count: as many are started, but no more than there are partitions.
    progress: called with the tally of each chunk.
    metrics: told what all readers report. observed: whether one of them looks how far the job is.
    processes: ids of the readers that run.
    program: what a reader is; it gets the number of a file descriptor as its argument.
    first_pause_s: before a killed reader is started again; doubled for each kill in a row.
    most_kills: as often in a row a reader may be killed before it has taken anything in.
    tally: of all chunks that the readers have reported.
    """

    settings: ProcessSettings
    count: ProcessCount
    progress: Callable[[Tally], None] = lambda _tally: None
    metrics: Metrics = field(default_factory=NoMetrics)
    observed: bool = False
    processes: set[int] = field(default_factory=set)
    program: Sequence[str] = _READER
    first_pause_s: float = FIRST_PAUSE_S
    most_kills: int = MOST_KILLS
    tally: Tally = field(default_factory=Tally, init=False)
    _readers: list[_Reader] = field(default_factory=list, init=False)
    _turned: set[int] = field(default_factory=set, init=False)
    _told: set[str] = field(default_factory=set, init=False)
    _failure: Broken | None = field(default=None, init=False)
    _stopping: bool = field(default=False, init=False)

    @contextmanager
    def opened(self, *, once: bool = False, stop: Event) -> Generator[Self]:
        """Have the first reader open everything; what still runs in the end is ended at once.

        Raises:
            StoppedError: `stop` was set meanwhile, and nothing was to be finished.
            ProfilesError: what the reader has ended with; nothing was read.
        """
        self._readers = [first := _Reader(1, due=time.monotonic())]
        try:
            while not (first.opened or first.ended):
                self._go_on(once=once, stop=stop)
            if not first.opened:
                self._await_end(once=once, stop=stop)
                if not once:  # else `run` tells that the ends were not reached
                    raise StoppedError
            yield self
        finally:
            self._kill()

    def run(self, *, once: bool = False, stop: Event) -> bool:
        """Run until `stop` is set; with `once` until each reader has seen the log's ends.

        Returns whether the ends were reached.

        Raises:
            ProfilesError: what a reader has ended with, or that it is killed again and again;
                what every store has stays, and running again goes on from there.
        """
        self._await_end(once=once, stop=stop)
        return all(reader.ended == Ended(finished=True) for reader in self._readers)

    def _await_end(self, *, once: bool, stop: Event) -> None:
        while any(r.ended is None or r.running is not None for r in self._readers):
            self._go_on(once=once, stop=stop)
        if self._failure is not None:
            raise self._failure.error from FramesElsewhereError(self._failure.frames)

    def _go_on(self, *, once: bool, stop: Event) -> None:
        """Start what is to be started, and take what is reported; it takes a moment at most."""
        if stop.is_set():
            self._stop()
        now = time.monotonic()
        for reader in self._readers:
            if reader.ended is None and reader.running is None and now >= reader.due:
                self._start(reader, once=once)
        self._hear()

    def _start(self, reader: _Reader, *, once: bool) -> None:
        """Start a reader, in a process group of its own: a terminal's Ctrl-C is for the parent."""
        ours, its = Pipe()
        with its:
            process = subprocess.Popen(  # noqa: S603 - our own module
                [*self.program, str(its.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
                process_group=0,
            )
        reader.running = _Running(process, ours, since=time.monotonic())
        self.processes.add(process.pid)
        assignment = Assignment(
            number=reader.number,
            settings=self.settings,
            once=once,
            observes=self.observed and reader.number == 1,
        )
        _send(ours, assignment)

    def _hear(self) -> None:
        """Take what readers report, or notice that one has ended; wait for that a little."""
        running = {r.running.connection: r for r in self._readers if r.running is not None}
        if not running:
            time.sleep(LOOK_S)  # all of them are to be started again
        ready = wait(running, timeout=LOOK_S)
        for connection in [each for each in running if each in ready]:
            try:
                self._take(running[connection], connection.recv())
            except (EOFError, OSError):  # killed in the middle of a report it is gone as well
                self._note_end(running[connection])

    def _take(self, reader: _Reader, report: Report) -> None:
        match report:
            case Opened():
                self._begin_others(reader, report.partitions)
            case Counted():
                reader.kills = 0
                self.tally += report.tally
                self.progress(report.tally)
                self.metrics.counted(report.tally)
            case Took():
                self.metrics.took(report.seconds)
            case Failed():
                self.metrics.failed(report.service)
            case Turned():
                self._turn(reader)
            case Observed():
                self.metrics.observed(report.observation)
            case Said():
                self._say(reader, report)
            case Ended():
                reader.ended = report
            case Broken():
                reader.ended = report
                self._break(report)
            case _:
                assert_never(report)

    def _begin_others(self, reader: _Reader, partitions: int) -> None:
        """Have the others started, once the first has opened everything."""
        begun = any(each.opened for each in self._readers)
        reader.opened = True
        if begun or self._stopping:
            return
        count, now = min(self.count.number, partitions), time.monotonic()
        if count < self.count.number and not self.count.auto:
            _logger.warning(
                "The topic has %d partitions, and each is read by one process: %d are started"
                " instead of %d.",
                *(partitions, count, self.count.number),
            )
        self._readers += [_Reader(number, due=now) for number in range(2, count + 1)]

    def _turn(self, reader: _Reader) -> None:
        """Report that the loop goes round as soon as that of each reader does."""
        self._turned.add(reader.number)
        if self._turned >= {r.number for r in self._readers if r.ended is None}:
            self._turned.clear()
            self.metrics.turned()

    def _say(self, reader: _Reader, said: Said) -> None:
        """Write a line of a reader's; what is said of one opening is not repeated by the next."""
        if not reader.opened:
            if said.text in self._told:
                return
            self._told.add(said.text)
        name = said.logger if said.logger.startswith(OURS) else OURS
        text = said.text if writes_json() else f"Reader {reader.number}: {said.text}"
        logging.getLogger(name).log(said.level, "%s", text, extra={READER: reader.number})

    def _note_end(self, reader: _Reader) -> None:
        """Find out how a reader has ended, and what follows from that."""
        if reader.running is None:
            return
        process, connection, since = reader.running
        reader.running = None
        connection.close()
        code = process.wait()
        self.processes.discard(process.pid)
        if reader.ended is None:
            steady = time.monotonic() - since >= STEADY_S
            self._note_kill(reader, code, kills=1 if steady else reader.kills + 1)

    def _note_kill(self, reader: _Reader, code: int, *, kills: int) -> None:
        """Have a killed reader started again, unless all are to end.

        kills: how often in a row it was killed by now.
        """
        if self._stopping:
            reader.ended = Ended(finished=False)
            return
        reader.kills = kills
        happened = (
            f"was killed ({signal.Signals(-code).name})"
            if code < 0
            else f"ended with exit code {code} and did not say why"
        )
        if kills >= self.most_kills:
            reader.ended = Broken(ReaderLostError(reader.number, happened, kills), ())
            self._break(reader.ended)
            return
        pause = self.first_pause_s * 2 ** (reader.kills - 1)
        reader.due = time.monotonic() + pause
        _logger.warning(
            "Reader %d %s. It is started again in %g s; what it was at is read again, and nothing"
            " is stored twice or left out.",
            *(reader.number, happened, pause),
        )

    def _break(self, broken: Broken) -> None:
        """End all readers because of an error; the first is the one that is told."""
        if self._failure is None and not isinstance(broken.error, StoppedError):  # as it was told
            self._failure = broken
        self._stop()

    def _stop(self) -> None:
        """Have each reader end after what it is at."""
        if self._stopping:
            return
        self._stopping = True
        for reader in self._readers:
            if reader.running is not None:
                _send(reader.running.connection, Stop())
            elif reader.ended is None:
                reader.ended = Ended(finished=False)

    def _kill(self) -> None:
        for reader in self._readers:
            if reader.running is not None:
                process, connection, _ = reader.running
                process.kill()
                process.wait()
                connection.close()
                self.processes.discard(process.pid)


def _send(connection: Connection, message: Assignment | Stop) -> None:
    """Tell a reader something; that it is gone shows when it is heard."""
    try:
        connection.send(message)
    except OSError:
        return
