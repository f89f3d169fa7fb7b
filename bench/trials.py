"""One run of a job over a topic, into stores of its own, which are counted afterwards."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import usage
from contenders import Contender, own_folder
from servers import Servers
from targets import target
from topic import Filled, made

STARTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a run has taken.

    seconds, cpu_s: of the work alone: less what the same command takes for an empty topic (Java's
        start, imports, connections, joining a group); of the drivers alone, what they say of
        their writing. whole_s: of the whole command.
    servers_cpu_s: what the servers took meanwhile, by name, if they were started here.
    """

    persons: int
    seconds: float
    whole_s: float
    cpu_s: float
    peak_mib: float
    servers_cpu_s: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Return messages a second."""
        return self.persons / self.seconds

    @property
    def cpu_us(self) -> float:
        """Return processor microseconds a message, of the job."""
        return self.cpu_s / self.persons * 1e6

    @property
    def servers_cpu_us(self) -> str:
        """Name what each server took, in processor microseconds a message."""
        return ", ".join(
            f"{name} {taken / self.persons * 1e6:.0f}" for name, taken in self.servers_cpu_s.items()
        )

    @property
    def all_cpu_us(self) -> float | None:
        """Return those of the job and the servers; None where the servers were not started here."""
        if not self.servers_cpu_s:
            return None
        return (self.cpu_s + sum(self.servers_cpu_s.values())) / self.persons * 1e6


class Trials:
    """Runs jobs on the same servers, and knows how long each takes to start."""

    def __init__(self, servers: Servers) -> None:
        """Begin with jobs of which nothing is known yet."""
        self.servers = servers
        self._starts: dict[str, usage.Usage] = {}

    def run(self, contender: Contender, filled: Filled) -> Trial:
        """Run a job over a topic; the first time also over an empty one."""
        start = None
        if not contender.times_itself:
            if contender.starts_as not in self._starts:
                self._starts[contender.starts_as] = self._start(contender, filled.partitions)
            start = self._starts[contender.starts_as]
        used, servers_cpu_s = self._used(contender, filled.name, adults=filled.adults)
        if start is None:
            told = json.loads(used.out)
            seconds, cpu_s = told["seconds"], told["cpu_s"]
        else:
            begun = self._starts[contender.begins_as or contender.starts_as]
            seconds, cpu_s = used.seconds - begun.seconds, used.cpu_s - start.cpu_s
        trial = Trial(
            persons=filled.persons,
            seconds=seconds,
            whole_s=used.seconds,
            cpu_s=cpu_s,
            peak_mib=used.peak_mib,
            servers_cpu_s=servers_cpu_s,
        )
        print(f"{contender.what}: {trial}", file=sys.stderr)
        return trial

    def _start(self, contender: Contender, partitions: int) -> usage.Usage:
        """Return what the command takes for an empty topic; the quicker of two runs is nearer."""
        empty = made(self.servers.kafka, partitions=partitions)
        runs = [self._used(contender, empty, adults=0)[0] for _ in range(STARTS)]
        return min(runs, key=lambda used: used.seconds)

    def _used(
        self, contender: Contender, topic: str, *, adults: int
    ) -> tuple[usage.Usage, Mapping[str, float]]:
        with target(self.servers) as place, own_folder() as folder:
            contender.prepare(place)
            before = self.servers.cpu_s()
            used = usage.run(contender.command(place, topic, Path(folder)), env=contender.env)
            after = self.servers.cpu_s()
            if contender.check is None:
                place.check(adults)
            else:
                contender.check(used.out)
        return used, {name: after[name] - before[name] for name in before}
