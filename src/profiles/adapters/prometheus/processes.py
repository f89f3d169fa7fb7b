"""What a job takes of the machine: this process, and those that do its work, added up (Linux)."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from typing import Final

from prometheus_client import Metric, ProcessCollector
from prometheus_client.registry import Collector

_ADDED_UP: Final = frozenset(
    {
        "process_virtual_memory_bytes",
        "process_resident_memory_bytes",
        "process_cpu_seconds",
        "process_open_fds",
    }
)


class ProcessesCollector(Collector):
    """Collects what the library collects of one process; of several it adds up what can be.

    The processor's seconds include those of processes that have ended, so that they never fall.
    """

    def __init__(self, processes: Collection[int]) -> None:
        """Collect of this process, and of others by id, which may change."""
        self._processes = processes

    def collect(self) -> Iterable[Metric]:
        """Look at all of them now."""
        families = list(ProcessCollector(registry=None).collect())
        sums = {"process_cpu_seconds": _ended_children_s()}
        for pid in sorted(self._processes):
            for family in _of(pid):
                sums[family.name] = sums.get(family.name, 0.0) + family.samples[0].value
        for family in families:
            if family.name in _ADDED_UP:
                (sample,) = family.samples
                family.samples = [sample._replace(value=sample.value + sums.get(family.name, 0.0))]
        return families


def _of(pid: int) -> Iterable[Metric]:
    """Return what there is of a process; nothing of one that has ended."""
    return ProcessCollector(pid=lambda: pid, registry=None).collect()


def _ended_children_s() -> float:
    """Return the processor's seconds of children that have ended."""
    taken = os.times()
    return taken.children_user + taken.children_system
