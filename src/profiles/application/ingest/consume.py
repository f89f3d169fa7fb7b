"""Log to stores: read as one of a group, decide, and have every store take each batch."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from threading import Event
from typing import Final

from profiles.application.errors import (
    MAY_PASS,
    GapError,
    LogAwayError,
    LogError,
    StoreError,
)
from profiles.application.following.outbox import Outbox
from profiles.application.ingest.chunking import (
    CHUNK_RECORDS,
    TOGETHER_PERSONS,
    WAITING_PERSONS,
    decide_run,
)
from profiles.application.ingest.erasing import LedgerWatch
from profiles.application.ingest.pipeline import Lease, Leased, Pipeline, service_of
from profiles.application.ingest.retention import RetentionSweeper
from profiles.application.log.deciding import Rules
from profiles.application.log.records import LogPartition, Run
from profiles.application.ports.clock import Clock
from profiles.application.ports.ledger import Ledger
from profiles.application.ports.logs import PartitionedLog, RejectedSink
from profiles.application.ports.metrics import Metrics, NoMetrics, Service
from profiles.application.ports.retrying import Retry
from profiles.application.ports.stores import DecidingStore, FollowingStore
from profiles.domain.tally import Tally

READ_RECORDS: Final = 4 * CHUNK_RECORDS
"""Records asked for at once. The partitions share them: four fill a chunk each."""

READ_S: Final = 0.1
"""Seconds for which a record is waited for, and then at most for what comes after it."""

GATHER_S: Final = 0.005
"""Seconds for which more is waited for, for each record of the reading before.

Where few records come none is kept waiting for others that don't; where many come, a transaction
has many, and costs each of them less.
"""

AGAIN_S: Final = 1.0
KEEP_ALIVE_S: Final = 5.0
REVOKED_S: Final = 10.0
"""Seconds for which a partition that goes to another reader waits for what is under way."""

_logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Consumer:
    """Takes what the log holds into the deciding store, and what that holds into the following.

    Reading begins at the deciding store's position, or before it where the group has not noted
    that everything up to there is in the following store and in the topic of rejected records,
    too. A crash at any moment costs nothing: what is read again is not decided again, and the
    following store is sent once more what is held. What it has still to delete comes first.

    progress: called with the tally of each chunk, or of those that went together.
    metrics: told of these, of what did not answer, and that the loop turns.
    tally: of all chunks that every store has got from this reader.
    """

    log: PartitionedLog
    store: DecidingStore
    ledger: Ledger
    rejected: RejectedSink
    rules: Rules
    clock: Clock
    retry: Retry
    following: FollowingStore | None = None
    progress: Callable[[Tally], None] = lambda _tally: None
    metrics: Metrics = field(default_factory=NoMetrics)
    tally: Tally = field(default_factory=Tally, init=False)
    _leases: dict[int, Lease] = field(default_factory=dict, init=False)
    _reached: dict[int, int] = field(default_factory=dict, init=False)
    _sweeper: RetentionSweeper = field(init=False)
    _sweeping: Future[None] | None = field(default=None, init=False)
    _watch: LedgerWatch = field(init=False)
    _erasing: Future[None] | None = field(default=None, init=False)
    _look_again: float = field(default=0.0, init=False)
    _gather_s: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._sweeper = RetentionSweeper(
            store=self.store, clock=self.clock, followed=self.following is not None
        )
        self._watch = LedgerWatch(store=self.store, ledger=self.ledger, following=self.following)

    def run(self, *, once: bool = False, stop: Event) -> bool:
        """Run until `stop` is set; with `once` no further than the log's ends as of now.

        Returns whether the ends were reached.

        Raises:
            GapError, LogError, LedgerError, StoreError: what every store has stays; running
                again goes on from there.
        """
        ends = {p.number: self.log.bounds(p)[1] for p in self.log.partitions()} if once else {}
        outbox = Outbox(store=self.store, following=self.following)
        if not self._persist(outbox.deliver, stop):
            return False
        with Pipeline(
            store=self.store,
            ledger=self.ledger,
            rejected=self.rejected,
            following=self.following,
            retry=self.retry,
            stop=stop,
            metrics=self.metrics,
        ) as pipeline:
            self.log.subscribe(lambda numbers, lost: self._revoke(pipeline, numbers, lost=lost))
            finished = False
            while not (finished or stop.is_set()):
                self._step(pipeline, stop)
                finished = once and self._has_reached(ends, pipeline)
            while pipeline.chunks:
                self._wait(pipeline)
                self._collect(pipeline)
            self.log.commit(self._reached, wait=True)
        # With no later look to make up for one that failed, the ledger has to be applied by now.
        return finished and self._persist(self._watch.apply, stop)

    def _persist(self, attempt: Callable[[], None], stop: Event) -> bool:
        """Try until it is done; tell whether it is, or `stop` was set before."""

        def given_up() -> bool:
            self.metrics.turned()
            return stop.is_set()

        try:
            self.retry(attempt, given_up=given_up)
        except MAY_PASS:
            if not stop.is_set():
                raise
            return False
        return True

    def _step(self, pipeline: Pipeline, stop: Event) -> None:
        """Collect what is done, and read on if there is room for more."""
        self.metrics.turned()
        self._collect(pipeline)
        if pipeline.persons >= WAITING_PERSONS:
            self._wait(pipeline)
            return
        self._sweep(pipeline)
        waiting = self.log.waiting()
        if waiting and not self._begin(pipeline, waiting):
            stop.wait(AGAIN_S)
        if pipeline.persons < TOGETHER_PERSONS:
            # What comes meanwhile goes together: one transaction, and not one behind the other.
            pipeline.wait_until_decided(timeout_s=READ_S)
        runs = self.log.read(limit=READ_RECORDS, timeout_s=READ_S, gather_s=self._gather_s)
        self._gather_s = min(READ_S, GATHER_S * sum(len(run.records) for run in runs))
        self._submit(runs, pipeline, stop)
        self._apply_ledger(pipeline)

    def _submit(self, runs: Sequence[Run], pipeline: Pipeline, stop: Event) -> None:
        """Decide runs chunk by chunk, none before there is room for it.

        Of several partitions with few records each, or with a rest behind their full chunks, the
        last chunks go together.
        """
        rests: list[Leased] = []
        for part, is_last in self._decided(runs):
            if is_last:
                rests.append(part)
            else:
                self._hand_over([part], pipeline, stop)
            persons = sum(rest.chunk.read for rest in rests)
            if persons >= min(TOGETHER_PERSONS, WAITING_PERSONS - pipeline.persons):
                self._hand_over(rests, pipeline, stop)
                rests = []
            if stop.is_set():
                return
        self._hand_over(rests, pipeline, stop)

    def _decided(self, runs: Iterable[Run]) -> Iterator[tuple[Leased, bool]]:
        """Decide runs; tell of each chunk whether it is the last of its run.

        A run ends early where its partition goes to another reader meanwhile: what is left is read
        again.
        """
        for run in runs:
            lease = self._leases.get(run.partition.number)
            if lease is None:
                continue
            for chunk in decide_run(run, rules=self.rules, clock=self.clock):
                yield Leased(chunk, lease), chunk.end == run.end
                if not lease.active:
                    break

    def _hand_over(self, parts: Sequence[Leased], pipeline: Pipeline, stop: Event) -> None:
        """Have chunks taken into the stores; wait until there is room for another."""
        if not parts:
            return
        pipeline.submit(parts)
        while (
            pipeline.persons >= WAITING_PERSONS
            and any(part.lease.active for part in parts)
            and not stop.is_set()
        ):
            self._wait(pipeline)
            self._collect(pipeline)

    def _wait(self, pipeline: Pipeline) -> None:
        """Wait for a chunk to be done; where that takes long, stay in the group, and erase."""
        self.metrics.turned()
        if not pipeline.wait(timeout_s=KEEP_ALIVE_S):
            self.log.keep_alive()
            self._apply_ledger(pipeline)

    def _collect(self, pipeline: Pipeline, *, wait: bool = False) -> None:
        """Count what every store has, and let the group know."""
        ends: dict[int, int] = {}
        for chunks, tally, seconds in pipeline.completed():
            self.tally += tally
            self.progress(tally)
            self.metrics.counted(tally)
            self.metrics.took(seconds)
            for chunk in chunks:
                if chunk.partition.number in self._leases:
                    ends[chunk.partition.number] = chunk.end
        self._reached.update(ends)
        self.log.commit(ends, wait=wait)

    def _begin(self, pipeline: Pipeline, waiting: Collection[LogPartition]) -> bool:
        """Begin with the partitions that have come; tell whether that was possible."""
        positions = self._positions(pipeline, waiting)
        if positions is None:
            return False
        try:
            committed = {p.number: self.log.committed(p) for p in waiting}
            starts = {
                p.number: self._start(p, positions[p.number], committed[p.number]) for p in waiting
            }
            if self.log.waiting() != waiting or not self._set_back(waiting, starts, committed):
                return False
        except LogAwayError as failure:
            self.metrics.failed(Service.LOG)
            _logger.warning("%s Reading waits for it; trying again.", failure)
            return False
        self.log.begin(starts)
        self._leases.update({number: Lease() for number in starts})
        self._reached.update(starts)
        return True

    def _positions(
        self, pipeline: Pipeline, partitions: Collection[LogPartition]
    ) -> Mapping[int, int | None] | None:
        """Ask the deciding store how far it is, or return None if it does not answer."""
        asked = pipeline.ask(lambda: {p.number: self.store.position(p) for p in partitions})
        while not wait([asked], timeout=KEEP_ALIVE_S).done:
            self.metrics.turned()
            self.log.keep_alive()
        try:
            return asked.result()
        except StoreError as failure:
            self.metrics.failed(Service.DECIDING)
            _logger.warning("%s Reading waits for it; trying again.", failure)
            return None

    def _set_back(
        self,
        waiting: Collection[LogPartition],
        starts: Mapping[int, int],
        committed: Mapping[int, int | None],
    ) -> bool:
        """Have the group note where it begins if that is before what it has noted; tell if it did.

        So it is where the deciding store was restored from an earlier copy, or is a new one, or
        where the topic was created again. What the group had noted said nothing of the chunks to
        come: after a crash between the two stores the following one would miss them.
        """
        ahead = [p for p in waiting if (committed[p.number] or 0) > starts[p.number]]
        if ahead:
            self.log.commit({p.number: starts[p.number] for p in ahead}, wait=True)
        return all(self.log.committed(p) == starts[p.number] for p in ahead)

    def _start(self, partition: LogPartition, position: int | None, committed: int | None) -> int:
        """Return where to begin, so that no store misses anything."""
        first, end = self.log.bounds(partition)
        if position is None:
            return first
        if position < first:
            raise GapError(position, first)
        if position > end:
            raise LogError(
                f"Partition {partition.number} of the log",
                f"it ends at offset {end}, but was read up to {position}: it has lost records",
                "Restore it, or create the topic again; the stores keep what they hold.",
            )
        if committed is not None and committed < first:
            _logger.warning(
                "The log no longer holds offsets %d to %d of partition %d. The deciding store has"
                " them; if another store follows it, run `profiles verify --repair`.",
                *(committed, first - 1, partition.number),
            )
        return min(position, max(first, first if committed is None else committed))

    def _revoke(self, pipeline: Pipeline, numbers: Collection[int], *, lost: bool) -> None:
        """Finish what is under way of partitions that go, or leave it to their next reader."""
        leases = [self._leases[number] for number in numbers if number in self._leases]
        if not lost:
            deadline = time.monotonic() + REVOKED_S
            for lease in leases:
                pipeline.wait(lease, timeout_s=max(0.0, deadline - time.monotonic()))
            self._collect(pipeline, wait=True)
        for lease in leases:
            lease.active = False
        for number in numbers:
            self._leases.pop(number, None)
            self._reached.pop(number, None)

    def _has_reached(self, ends: Mapping[int, int], pipeline: Pipeline) -> bool:
        """Tell whether all stores have the log up to these ends, by whichever reader."""
        if pipeline.chunks:
            return False
        behind = {number for number, end in ends.items() if self._reached.get(number, -1) < end}
        if not behind:
            return True
        now = time.monotonic()
        if now < self._look_again or behind & {p.number for p in self.log.assigned()}:
            return False
        self._look_again = now + AGAIN_S
        others = [p for p in self.log.partitions() if p.number in behind]
        positions = self._positions(pipeline, others)
        try:
            return positions is not None and all(
                self._start(p, positions[p.number], self.log.committed(p)) >= ends[p.number]
                for p in others
            )
        except LogAwayError as failure:
            _logger.warning("%s Trying again.", failure)
            return False

    def _apply_ledger(self, pipeline: Pipeline) -> None:
        """Look into the ledger now and then: an erasure waits for no record of the person.

        Nor does it wait for a following store that keeps chunks waiting: only its part does.
        """
        if self._erasing is not None and self._erasing.done():
            erasing, self._erasing = self._erasing, None
            try:
                erasing.result()
            except MAY_PASS as failure:
                self.metrics.failed(service_of(failure, otherwise=Service.DECIDING))
                _logger.warning("%s Erasures are applied as soon as it answers.", failure)
        if self._erasing is None and self._watch.falls_due():
            look = self._watch.erase if pipeline.chunks else self._watch.apply
            self._erasing = pipeline.ask(look)

    def _sweep(self, pipeline: Pipeline) -> None:
        """Delete what is past its retention, now and then."""
        if self._sweeping is not None and self._sweeping.done():
            sweeping, self._sweeping = self._sweeping, None
            sweeping.result()  # nothing that passes: a store that is away is swept later
        if self._sweeping is None and self._sweeper.falls_due():
            self._sweeping = pipeline.ask(self._sweeper.sweep)
