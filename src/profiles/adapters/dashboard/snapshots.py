"""What the page is made of: read once at a time, kept for when the store is away."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from profiles.application.dashboard.publication import Tables, moved_on, tables_of
from profiles.application.errors import StoreError
from profiles.application.ports.stores import OverviewReader

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One consistent reading: every card and chart of a refresh shows the same one.

    tables: exact; see `disclosure` for what of them may be shown.
    taken_at: when the store answered, UTC.
    """

    tables: Tables
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What there is to show now.

    snapshot: the last that the store gave; None where it has never answered yet.
    stale: the store did not answer this time, so the snapshot is an old one.
    """

    snapshot: Snapshot | None
    stale: bool


class Snapshots:
    """The latest snapshot for all open pages; may be asked from several threads.

    Dash throws away an answer that arrives after the next question, so a page whose questions
    all wait for a slow store would stand still for ever (plotly/dash#1613). Here only one
    question at a time waits for the store; the others get the last snapshot in `patience_s`.

    There is one for each store, in one process: two that move at different moments would show
    by their difference what fewer than k persons did.

    reader: where the numbers come from.
    now: the time in UTC; its date is that of the ages.
    k: fewer persons than this don't move the numbers.
    keep_s: seconds for which a reading serves every page, so that many don't ask more often.
    patience_s: seconds to wait for a reading that another page has asked for.
    """

    def __init__(
        self,
        reader: OverviewReader,
        *,
        now: Callable[[], datetime],
        k: int,
        keep_s: float,
        patience_s: float,
    ) -> None:
        self._reader = reader
        self._now = now
        self._k = k
        self._keep_s = keep_s
        self._patience_s = patience_s
        self._reading = threading.Lock()
        self._read_at: float | None = None
        self._latest = Reading(snapshot=None, stale=False)

    def latest(self) -> Reading:
        """Read the store, unless that was just done; a failing store leaves the last snapshot."""
        if not self._reading.acquire(timeout=self._patience_s):
            return Reading(snapshot=self._latest.snapshot, stale=True)
        try:
            if self._read_at is None or time.monotonic() - self._read_at >= self._keep_s:
                self._latest = self._read()
                self._read_at = time.monotonic()
            return self._latest
        finally:
            self._reading.release()

    def _read(self) -> Reading:
        before = self._latest.snapshot
        try:
            with _collector_paused():
                overview = self._reader.overview()
        except StoreError as error:
            if not self._latest.stale:  # said once, not at every refresh
                _LOG.warning("The page shows its last numbers. %s", error)
            return Reading(snapshot=before, stale=True)
        if self._latest.stale:
            _LOG.info("The store answers again; the page is up to date.")
        now = self._now()
        tables = tables_of(overview, today=now.date())
        if before is not None:
            tables = moved_on(before.tables, tables, k=self._k)
        return Reading(snapshot=Snapshot(tables=tables, taken_at=now), stale=False)


@contextmanager
def _collector_paused() -> Generator[None]:
    """Keep the garbage collector from looking through what is being read again and again.

    A reading makes some 50,000 small lists and no cycle; it takes half the time without the
    collector (70 and 30 ms for MongoDB with 8 partitions on a busy machine, 2026-11).
    """
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()
