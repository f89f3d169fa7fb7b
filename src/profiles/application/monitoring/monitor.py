"""Asking stores and log how far a job is, beside the job and never in its way."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from threading import Event, Thread
from typing import Final, TypeVar

from profiles.application.log.records import LogPartition
from profiles.application.ports.logs import LogReader
from profiles.application.ports.metrics import Metrics, Observation, Service
from profiles.application.ports.stores import DecidingStore, FollowingStore, StoreProgress
from profiles.domain.errors import ProfilesError
from profiles.domain.person import PersonId

T = TypeVar("T")

Ranges = Mapping[LogPartition, tuple[int, int]]
"""Offsets by partition: the first, and the one after the last."""

OBSERVE_S: Final = 10.0
"""Seconds between two observations."""

NOBODY: Final = PersonId("00000000-0000-0000-0000-000000000000")
"""An id that no person has: whoever is asked for it answers, and shows that it can."""

END_S: Final = 5.0
"""Seconds for which an observation under way is waited for at the end."""

_logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Monitor:
    """Observes a job that takes a log into stores; used by one thread.

    store, following: may be the job's own; None where it has none. log: a reader of its own.
    """

    log: LogReader
    store: DecidingStore | None = None
    following: FollowingStore | None = None
    _reachable: dict[Service, bool] = field(default_factory=dict, init=False)

    def observe(self) -> Observation:
        """Ask each service once; one that does not answer is said to be away."""
        self._reachable = {}
        store, following = self.store, self.following
        progress = None if store is None else self._asked(Service.DECIDING, store.progress)
        if following is not None:
            self._asked(Service.FOLLOWING, lambda: following.held([NOBODY]))
        bounds = self._asked(
            Service.LOG, lambda: {p: self.log.bounds(p) for p in self.log.partitions()}
        )
        ranges = {} if progress is None or bounds is None else _undecided(progress, bounds)
        times = self._asked(Service.LOG, lambda: self._times(ranges))
        lag = {} if times is None else {p.number: end - start for p, (start, end) in ranges.items()}
        return Observation(
            reachable=self._reachable,
            lag=lag,
            oldest=min(times or [], default=None),
            ledger_position=None if progress is None else progress.ledger.head.number,
            outbox=None if progress is None else progress.outbox,
        )

    def _times(self, ranges: Ranges) -> list[datetime]:
        """Return the time of the first record that waits, of each partition that has one."""
        times = []
        for partition, (start, end) in ranges.items():
            if start < end:
                with closing(self.log.records(partition, start, end)) as records:
                    times += [record.logged_at for record in islice(records, 1)]
        return times

    def _asked(self, service: Service, question: Callable[[], T]) -> T | None:
        """Return the answer, or None if there was none."""
        try:
            answer = question()
        except ProfilesError:  # the job meets it as well, and says what it is
            self._reachable[service] = False
            return None
        self._reachable.setdefault(service, True)
        return answer


def _undecided(progress: StoreProgress, bounds: Ranges) -> Ranges:
    """Return of each partition the offsets that are not decided yet."""
    positions = progress.positions
    return {
        partition: (
            min(max(first, positions.get((partition.topic_id, partition.number), 0)), end),
            end,
        )
        for partition, (first, end) in bounds.items()
    }


Observe = Callable[[], Observation]


@contextmanager
def monitored(
    open_observe: Callable[[], AbstractContextManager[Observe]],
    metrics: Metrics,
    *,
    every_s: float = OBSERVE_S,
) -> Generator[None]:
    """Observe now, and every few seconds until the end, in a thread of its own.

    open_observe: opens in that thread what it needs. At the end the thread is not waited for
        longer than `END_S`: what does not answer must not keep the job from ending.
    """
    ended = Event()

    def run() -> None:
        try:
            with open_observe() as observe:
                metrics.observed(observe())
                while not ended.wait(every_s):
                    metrics.observed(observe())
        except Exception as failure:  # noqa: BLE001 - its text may hold anything, so nothing shows it
            if not ended.is_set():  # else the job has closed what was asked
                kind = type(failure).__qualname__
                _logger.error("How far the job is can't be observed any more (%s).", kind)  # noqa: TRY400 - a traceback shows the text

    thread = Thread(target=run, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(END_S)
