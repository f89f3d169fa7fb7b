"""The metrics of a job, registered with Prometheus's client library.

Labels are members of closed sets, and numbers of partitions. All series of closed sets are there
from the start, so that a rate is known before the first event.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from importlib.metadata import version
from itertools import chain
from threading import Lock
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from profiles.adapters.prometheus.processes import ProcessesCollector
from profiles.application.monitoring.health import Health
from profiles.application.ports.metrics import Observation, Service
from profiles.domain.outcome import Outcome, RejectionReason, WithheldReason
from profiles.domain.tally import Tally

_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_OUTCOME_OF_REASON: Final = {
    reason.value: (
        Outcome.WITHHELD.value if isinstance(reason, WithheldReason) else Outcome.REJECTED.value
    )
    for reason in chain(WithheldReason, RejectionReason)
}
_WITHOUT_REASON: Final = [
    outcome for outcome in Outcome if outcome not in (Outcome.WITHHELD, Outcome.REJECTED)
]


def _labels_of(reason: str) -> tuple[str, str]:
    """Return outcome and reason; whatever is no reason of ours makes no label of its own."""
    outcome = _OUTCOME_OF_REASON.get(reason)
    return (Outcome.REJECTED.value, "other") if outcome is None else (outcome, reason)


class PrometheusMetrics:
    """A job's metrics in a registry of their own.

    registry: what is served. health: what else was told.
    """

    def __init__(
        self,
        *,
        health: Health | None = None,
        clock: Callable[[], float] = time.time,
        processes: Collection[int] = (),
    ) -> None:
        """Register all metrics.

        clock: seconds since 1970, for the age of what is not decided yet.
        processes: ids of processes that do the job's work beside this one; may change.
        """
        self.health = health or Health()
        self.registry = CollectorRegistry()
        self._clock = clock
        self._oldest: datetime | None = None
        self._production: dict[tuple[str, str], int] = {}
        self._lock = Lock()
        self._register_counts()
        self._register_observations()
        self.registry.register(ProcessesCollector(processes))

    def _register_counts(self) -> None:
        self._read = Counter(
            "profiles_read_persons",
            "Persons read from the log and taken into every store, whatever became of them.",
            registry=self.registry,
        )
        self._persons = Counter(
            "profiles_persons",
            "Persons read, by what became of them; with a reason if withheld or rejected.",
            ["outcome", "reason"],
            registry=self.registry,
        )
        self._fetched = Counter(
            "profiles_fetched_persons",
            "Persons fetched from a source by `profiles produce`.",
            registry=self.registry,
        )
        self._produced = Counter(
            "profiles_produced_persons",
            "Persons fetched, by what became of them; with a reason if kept out of the log.",
            ["outcome", "reason"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "profiles_batch_seconds",
            "Seconds until every store had a batch: a chunk, or a batch of Spark.",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._failures = Counter(
            "profiles_retries",
            "Attempts that failed and are made again, by what did not answer.",
            ["store"],
            registry=self.registry,
        )
        for reason, outcome in _OUTCOME_OF_REASON.items():
            self._persons.labels(outcome, reason)
            self._produced.labels(outcome, reason)
        for each in _WITHOUT_REASON:
            self._persons.labels(each.value, "")
        for name in ("acknowledged", "failed"):
            self._produced.labels(name, "")
        for service in Service:
            self._failures.labels(service.value)

    def _register_observations(self) -> None:
        self._lag = Gauge(
            "profiles_lag_records",
            "Records of the log that the deciding store has not decided.",
            ["partition"],
            registry=self.registry,
        )
        oldest = Gauge(
            "profiles_oldest_undecided_seconds",
            "Age of the oldest record of the log that the deciding store has not decided.",
            registry=self.registry,
        )
        oldest.set_function(self._age)
        self._ledger = Gauge(
            "profiles_ledger_position",
            "Entries of the erasure ledger that the deciding store has applied.",
            registry=self.registry,
        )
        self._outbox = Gauge(
            "profiles_outbox_changes",
            "Changes that the following store has still to make.",
            registry=self.registry,
        )
        self._reachable = Gauge(
            "profiles_store_reachable",
            "Whether a store, or the log, answered when it was last asked (1) or not (0).",
            ["store"],
            registry=self.registry,
        )
        ready = Gauge(
            "profiles_ready",
            "Whether all that the job needs answered lately (1) or not (0).",
            registry=self.registry,
        )
        ready.set_function(lambda: float(self.health.ready))
        info = Gauge(
            "profiles_build_info",
            "The release that runs; always 1.",
            ["version"],
            registry=self.registry,
        )
        info.labels(version("profiles")).set(1)

    def _age(self) -> float:
        oldest = self._oldest
        return 0.0 if oldest is None else max(0.0, self._clock() - oldest.timestamp())

    def turned(self) -> None:
        """Note that the job's loop has come round."""
        self.health.turned()

    def counted(self, tally: Tally) -> None:
        """Count a batch's persons."""
        self._read.inc(tally.read)
        for outcome in _WITHOUT_REASON:
            self._persons.labels(outcome.value, "").inc(tally.count(outcome))
        for reason, count in tally.reasons.items():
            self._persons.labels(*_labels_of(reason)).inc(count)

    def took(self, seconds: float) -> None:
        """Note a batch's time."""
        self._seconds.observe(seconds)

    def failed(self, service: Service) -> None:
        """Count a failure."""
        self._failures.labels(service.value).inc()

    def produced(
        self, *, fetched: int, acknowledged: int, failed: int, reasons: Mapping[str, int]
    ) -> None:
        """Count what a producer has done since it was last told."""
        counts = {("acknowledged", ""): acknowledged, ("failed", ""): failed}
        counts |= {_labels_of(reason): count for reason, count in reasons.items()}
        with self._lock:
            for labels, count in counts.items():
                self._produced.labels(*labels).inc(self._more(labels, count))
            self._fetched.inc(self._more(("fetched", ""), fetched))

    def _more(self, name: tuple[str, str], count: int) -> int:
        """Return by how much a count has grown; one that was corrected downwards waits."""
        before = self._production.get(name, 0)
        self._production[name] = max(before, count)
        return max(0, count - before)

    def observed(self, observation: Observation) -> None:
        """Show how far the job is; what is not known this time stays as it was."""
        self.health.observed(observation)
        for service, reachable in observation.reachable.items():
            self._reachable.labels(service.value).set(reachable)
        if observation.lag:
            self._oldest = observation.oldest
        for number, records in observation.lag.items():
            self._lag.labels(str(number)).set(records)
        if observation.ledger_position is not None:
            self._ledger.set(observation.ledger_position)
        if observation.outbox is not None:
            self._outbox.set(observation.outbox)
