"""The same with Spark as the engine: its driver, its Java process and its workers are killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle

from tests.support.chaos.site import StormSite
from tests.support.chaos.targets import Job
from tests.support.cluster_site import Running, until
from tests.support.process_tree import command_of, descendants, parent_of
from tests.support.spark_site import SparkSite

SMALL_BATCHES = ["--batch-records=1000", "--cores=2"]
JAVA, DAEMON = "SparkSubmit", "spark_daemon"
FAILURE = 1


class SparkJob(Job):
    """`profiles spark` with all its processes, of which each kill takes others."""

    def __init__(self, begin: Callable[[], Running]) -> None:
        """Start it."""
        super().__init__("spark", begin, Running.tally)
        self._kills: Iterator[Callable[[], None]] = cycle(
            [self._kill_all, self._kill_java, self._kill_a_worker]
        )

    def start(self) -> None:
        if not self.running.is_running():
            super().start()

    def kill(self) -> None:
        next(self._kills)()

    def freeze(self) -> None:
        self._send(signal.SIGSTOP, [self.running.process.pid, *self._below()])

    def thaw(self) -> None:
        self._send(signal.SIGCONT, [self.running.process.pid, *self._below()])

    def _kill_all(self) -> None:
        others = self._below()  # Java ends by itself, but some time after it has lost its driver
        super().kill()
        self._send(signal.SIGKILL, others)

    def _kill_java(self) -> None:
        java = self._java()
        if not java:  # it is just starting
            self._kill_all()
            return
        self._send(signal.SIGKILL, java)
        # It says so, and ends; Java that was not there yet is started once more.
        until(lambda: not self.running.is_running() or bool(self._java() - java))
        if not self.running.is_running():
            self.running.fails(FAILURE, saying="Spark's Java process has ended")

    def _kill_a_worker(self) -> None:
        """Kill what Spark replaces by itself, or all where there is none."""
        daemons = [pid for pid in self._below() if DAEMON in command_of(pid)]
        workers = [pid for pid in daemons if parent_of(pid) in daemons]
        if not workers:
            self._kill_all()
            return
        self._send(signal.SIGKILL, workers[:1])

    def _below(self) -> list[int]:
        return descendants(self.running.process.pid)

    def _java(self) -> set[int]:
        return {pid for pid in self._below() if JAVA in command_of(pid)}

    def _send(self, number: signal.Signals, pids: Iterable[int]) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


@dataclass
class StormSparkSite(StormSite, SparkSite):
    """See the module."""

    def readers(self) -> list[Job]:
        """Start a Spark job."""
        return [SparkJob(lambda: self.spark(once=False, more=SMALL_BATCHES))]

    def has_begun(self) -> bool:
        """Tell whether MongoDB has some of the log."""
        return self.decided() > 0

    def drain(self, readers: Sequence[Job]) -> None:
        """Ask the job to end, and let another one come to the log's end: Spark notes no offsets."""
        for reader in readers:
            reader.stop()
        self.spark().tally()
