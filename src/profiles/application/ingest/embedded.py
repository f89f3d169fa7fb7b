"""The embedded engine: source, log and store in one process, one step after the other."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from profiles.application.ingest.admission import admit_batch
from profiles.application.ingest.erasing import LedgerWatch
from profiles.application.ingest.first_look import FirstLook
from profiles.application.ingest.idling import meanwhile
from profiles.application.ingest.just_appended import JustAppended
from profiles.application.ingest.retention import RetentionSweeper
from profiles.application.log.deciding import Chunk, Rules, decide_chunk
from profiles.application.ports.clock import Clock
from profiles.application.ports.ledger import Ledger
from profiles.application.ports.logs import Log
from profiles.application.ports.metrics import Metrics, NoMetrics
from profiles.application.ports.sources import Delivery, Source
from profiles.application.ports.stores import DecidingStore
from profiles.domain.policy import LOG_RETENTION
from profiles.domain.tally import Tally

CHUNK_RECORDS = 8_000
"""Records decided in one transaction: enough to spread its cost, a third of a second's work."""

IDLE_S = 1.0
"""Seconds between two looks at what may be due while a source is waited for."""

_logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class EmbeddedEngine:
    """Takes what a source delivers into the log, and what the log holds into the store.

    A crash at any moment costs nothing: an append and the source's position are one
    transaction, a chunk's profiles, statistics, counts and read position are another, and what
    lies between them is read from the log again.

    progress: called with the tally of each chunk.
    metrics: told of each chunk, and that the engine works or waits.
    tally: of all chunks since the engine was made.
    """

    log: Log
    store: DecidingStore
    ledger: Ledger
    rules: Rules
    clock: Clock
    progress: Callable[[Tally], None] = lambda _tally: None
    metrics: Metrics = field(default_factory=NoMetrics)
    tally: Tally = field(default_factory=Tally, init=False)
    _sweep: RetentionSweeper = field(init=False)
    _watch: LedgerWatch = field(init=False)

    def __post_init__(self) -> None:
        self._sweep = RetentionSweeper(store=self.store, clock=self.clock, log=self.log)
        self._watch = LedgerWatch(store=self.store, ledger=self.ledger, following=None)

    def run(
        self,
        source: Source,
        *,
        stopped: Callable[[], bool] = lambda: False,
        ended: Callable[[], None] = lambda: None,
    ) -> bool:
        """Run until the source ends, or until `stopped` after a delivery.

        ended: called when the source has ended and the store has all of it, to report that. Only
            then the source's position is deleted: a run that is killed before that counts as
            interrupted, so the next one reads nothing twice.

        Returns whether the source was read to its end.

        Raises:
            SourceError, LogError, StoreError, LedgerError, GapError: what was accepted before
                stays; running again goes on where this run ended. A LogError also says that
                another engine works with the log.
        """
        with self.log.claim(), meanwhile(self._idle, every_s=IDLE_S) as working:
            if not self._read(source, stopped, working):
                return False
            ended()
            self.log.finish(source.name)
            return True

    def _read(
        self,
        source: Source,
        stopped: Callable[[], bool],
        working: AbstractContextManager[object],
    ) -> bool:
        """Read a source; tell whether that was to its end.

        working: held while there is anything to do but to wait for the source.
        """
        with working:
            self._log_backlog()
            self.catch_up()
            position = self.log.source_position(source.name)
            fingerprint = self.log.fingerprint(source.name)
        first_look = FirstLook()
        for delivery in source.deliveries(start=position, fingerprint=fingerprint):
            with working:
                self._take(delivery, source.name, position, first_look)
            position = position if delivery.position is None else delivery.position
            if stopped():
                return False
        return not stopped()

    def _take(self, delivery: Delivery, source: str, position: int, first_look: FirstLook) -> None:
        """Take a delivery into the log, and the log into the store."""
        now = self._correct_times()
        admitted = admit_batch(delivery.values, self.rules, now=now, places=delivery.places)
        first_look.take(delivery.values, admitted)
        appended = self.log.append(
            admitted.persons,
            admitted.notice,
            logged_at=now,
            source=source,
            expected=position,
            position=delivery.position,
            fingerprint=delivery.fingerprint,
        )
        self.catch_up(
            JustAppended(partition=self.log.partition, admitted=admitted, appended=appended)
        )

    def _idle(self) -> None:
        """Do what has to be done whether or not anything comes from the source."""
        self.metrics.turned()
        self._correct_times()
        if self._waiting_records() > 0:  # a correction: nothing else is appended beside a run
            self.catch_up()
        self._sweep()
        self._watch()

    def catch_up(self, appended: JustAppended | None = None) -> None:
        """Take what the log holds and the store has not seen into the store.

        appended: what the log has got just now. It is read from there only if something else
            comes first: what an earlier run has left, or what another process has appended.
        """
        position = self.store.position(self.log.partition)
        start = self.log.bounds()[0] if position is None else position
        for chunk in self._chunks(start, appended):
            began = time.monotonic()
            tally = self.store.apply(chunk, self.ledger).tally
            self.tally += tally
            self.progress(tally)
            self.metrics.counted(tally)
            self.metrics.took(time.monotonic() - began)
            self.metrics.turned()
        self._sweep()
        self._watch()

    def _chunks(self, start: int, appended: JustAppended | None) -> Iterator[Chunk]:
        """Yield what is to be taken in, decided as of now: never before it was logged."""
        if appended is not None and appended.first == start:
            yield from appended.chunks(self.rules, clock=self.clock, size=CHUNK_RECORDS)
            start = appended.end
        now = self._correct_times()
        while records := self.log.read(start, limit=CHUNK_RECORDS):
            end = records[-1].offset + 1
            yield decide_chunk(
                self.log.partition,
                records,
                start=start,
                end=end,
                rules=self.rules,
                read_at=max(now, self.clock()),
            )
            start = end

    def _correct_times(self) -> datetime:
        """Return the present time, after which nothing in the log is, and say what had been."""
        now = self.clock()
        if count := self.log.correct_times(now=now):
            _logger.warning(
                "Records of the log with a time in the future: %d. The clock was ahead when they"
                " were logged, or is behind now; they get the present time (%s), and leave the log"
                " in %d hours.",
                count,
                now.isoformat(timespec="seconds"),
                LOG_RETENTION // timedelta(hours=1),
            )
        return now

    def _log_backlog(self) -> None:
        """Say so where the tally is going to count more than the source delivers."""
        waiting = self._waiting_records()
        if waiting > 0:
            _logger.info("The log holds %d records new to this store; they come first.", waiting)

    def _waiting_records(self) -> int:
        """Count what the log holds and the store has not seen."""
        first, end = self.log.bounds()
        return end - (self.store.position(self.log.partition) or first)
