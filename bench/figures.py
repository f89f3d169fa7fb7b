"""What a bench measures, and how it is shown."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table.

    aim: what docs/performance.md asks for in the same unit, or None.
    lower_is_better: for times.
    note: what else is to be known.
    """

    what: str
    value: float
    unit: str
    aim: float | None = None
    lower_is_better: bool = False
    note: str = ""

    @property
    def reached(self) -> float | None:
        """The part of the aim that was reached; 1 or more is the aim."""
        if self.aim is None:
            return None
        return self.aim / self.value if self.lower_is_better else self.value / self.aim


def skipped(what: str, reason: str) -> None:
    """Say what is not measured."""
    print(f"Not measured: {what} ({reason}).", file=sys.stderr)


def best_of(runs: int, work: Callable[[], object]) -> float:
    """Return the seconds of the fastest run: what the machine can do when nobody disturbs it."""
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)
