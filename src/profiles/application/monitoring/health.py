"""Health: whether a job is alive, and whether what it needs answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from profiles.application.ports.metrics import Observation, Service

ALIVE_S: Final = 300.0
"""Seconds within which a job's loop comes round: a batch, a sweep and a time-out take less."""

FRESH_S: Final = 60.0
"""Seconds for which an observation counts: whatever has not answered since then is away."""


@dataclass(slots=True, kw_only=True)
class Health:
    """Judges by when a job has last been heard of. Threads may share it.

    clock: seconds from any start, never back.
    """

    clock: Callable[[], float] = time.monotonic
    _turned: float | None = field(default=None, init=False)
    _observed: tuple[float, Observation] | None = field(default=None, init=False)

    def turned(self) -> None:
        """Note that the job's loop has come round."""
        self._turned = self.clock()

    def observed(self, observation: Observation) -> None:
        """Note how far the job is."""
        self._observed = self.clock(), observation

    @property
    def alive(self) -> bool:
        """Tell whether the loop turns; before its first turn it waits to begin, which is well."""
        return self._turned is None or self.clock() - self._turned < ALIVE_S

    @property
    def ready(self) -> bool:
        """Tell whether all that the job needs answered lately."""
        if self._observed is None:
            return False
        at, observation = self._observed
        return self.clock() - at < FRESH_S and observation.all_reachable

    @property
    def reachable(self) -> Mapping[Service, bool]:
        """Return what was asked last, and whether it answered."""
        return {} if self._observed is None else self._observed[1].reachable
