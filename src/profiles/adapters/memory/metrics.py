"""Metrics in memory: what a job has told, to be looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock

from profiles.application.ports.metrics import Observation, Service
from profiles.domain.tally import Tally


@dataclass(slots=True)
class MemoryMetrics:
    """Keeps what it was told.

    turns: how often the loop came round. tally: of all batches. seconds: each batch's.
    failures: by what did not answer. production: the counts of a producer, of its reasons apart.
    observation: the last one.
    """

    turns: int = 0
    tally: Tally = field(default_factory=Tally)
    seconds: list[float] = field(default_factory=list)
    failures: Counter[Service] = field(default_factory=Counter)
    production: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    observation: Observation | None = None
    _lock: Lock = field(default_factory=Lock, repr=False)

    def turned(self) -> None:
        """Count a turn."""
        with self._lock:
            self.turns += 1

    def counted(self, tally: Tally) -> None:
        """Add a batch's tally."""
        with self._lock:
            self.tally += tally

    def took(self, seconds: float) -> None:
        """Note a batch's time."""
        with self._lock:
            self.seconds.append(seconds)

    def failed(self, service: Service) -> None:
        """Count a failure."""
        with self._lock:
            self.failures[service] += 1

    def produced(
        self, *, fetched: int, acknowledged: int, failed: int, reasons: Mapping[str, int]
    ) -> None:
        """Note what a producer has done so far."""
        with self._lock:
            self.production = {"fetched": fetched, "acknowledged": acknowledged, "failed": failed}
            self.reasons = dict(reasons)

    def observed(self, observation: Observation) -> None:
        """Note how far the job is."""
        with self._lock:
            self.observation = observation
