"""Metrics and health of a job, where somebody asked for them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from profiles.application.ingest.produce import Production
from profiles.application.monitoring.monitor import Monitor, monitored
from profiles.application.ports.logs import LogReader
from profiles.application.ports.metrics import Metrics, NoMetrics, Observation
from profiles.application.ports.stores import DecidingStore, FollowingStore
from profiles.entrypoints.composition.extras import require
from profiles.entrypoints.listening import read_listen_address

OpenLog = Callable[[], AbstractContextManager[LogReader]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observing:
    """What a job reports to.

    url: where it is served; None where nobody asked for it, and nothing is observed.
    processes: ids of the processes that do the job's work, where this one does not; may change.
    """

    metrics: Metrics = field(default_factory=NoMetrics)
    url: str | None = None
    processes: set[int] = field(default_factory=set)

    def producing(self, production: Production) -> None:
        """Report what a producer has done so far."""
        self.metrics.produced(
            fetched=production.fetched,
            acknowledged=production.acknowledged,
            failed=production.failed,
            reasons=production.reasons,
        )

    @contextmanager
    def watch(
        self,
        *,
        log: OpenLog,
        store: DecidingStore | None = None,
        following: FollowingStore | None = None,
    ) -> Generator[None]:
        """Observe a job in a thread of its own while it runs.

        log: opens a reader of the thread's own.
        """
        if self.url is None:
            yield
            return

        @contextmanager
        def observing() -> Generator[Callable[[], Observation]]:
            with log() as reader:
                yield Monitor(log=reader, store=store, following=following).observe

        with monitored(observing, self.metrics):
            yield


@contextmanager
def observing(address: str | None) -> Generator[Observing]:
    """Serve metrics and health at an address, if there is one.

    Raises:
        UsageError: the address has another form, or nothing can listen there; the library is
            missing.
    """
    if address is None:
        yield Observing()
        return
    host, port = read_listen_address(address)
    require("profiles.adapters.prometheus", extra="metrics")
    from profiles.adapters.prometheus import MetricsServer, PrometheusMetrics

    processes: set[int] = set()
    metrics = PrometheusMetrics(processes=processes)
    with MetricsServer(metrics, host=host, port=port) as server:
        yield Observing(metrics=metrics, url=server.url, processes=processes)
