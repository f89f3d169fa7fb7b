"""How many processes share a job: a number, or as many as the machine has processors to use."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from profiles.domain.errors import UsageError
from profiles.entrypoints.addresses import SqliteAddress, StoreAddresses

MOST: Final = 2_048
"""As many as the most partitions that a topic is created with."""

_CGROUPS: Final = Path("/sys/fs/cgroup")
_OWN_CGROUP: Final = Path("/proc/self/cgroup")


@dataclass(frozen=True, slots=True)
class ProcessCount:
    """How many processes were asked for.

    auto: whether as many were meant as are of use, so that fewer are no surprise.
    """

    number: int
    auto: bool = False


def read_count(text: str) -> ProcessCount:
    """Read a number of processes, or `auto`: as many as there are processors to use.

    Raises:
        UsageError: it is neither.
    """
    if text.strip() == "auto":
        return ProcessCount(usable_processors(), auto=True)
    number = int(text) if text.strip().isascii() and text.strip().isdigit() else 0
    if not 1 <= number <= MOST:
        raise UsageError(
            f"{text!r} is no number of processes; write one from 1 to {MOST:,}, or auto."
        )
    return ProcessCount(number)


def shared(count: ProcessCount, stores: StoreAddresses) -> bool:
    """Tell whether several processes share a job, or one does it alone.

    Raises:
        UsageError: several were asked for by number, and the store takes one writer at a time.
    """
    if count.number == 1:
        return False
    if not isinstance(stores.deciding, SqliteAddress):
        return True
    if not count.auto:
        raise UsageError(
            "SQLite takes one writer at a time, so more processes would only wait for each other;"
            " leave --processes out, or use MongoDB."
        )
    return False


def usable_processors() -> int:
    """Count the processors that this process may use: by its affinity and its control group."""
    allowed = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    return max(1, min(allowed, _quota(_own_cgroup())))


def _own_cgroup() -> Path:
    """Return the folder of this process's control group (version 2); in a container the root."""
    try:
        lines = _OWN_CGROUP.read_text("utf-8").splitlines()
    except OSError:
        lines = []
    path = next((line[3:] for line in lines if line.startswith("0::")), "/")
    return _CGROUPS / path.lstrip("/")


def _quota(cgroup: Path) -> int:
    """Return how many processors a control group may fill, a part counted as a whole one."""
    try:
        quota, period = (cgroup / "cpu.max").read_text("utf-8").split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError, ZeroDivisionError):  # there is none, or it says `max`
        return MOST
