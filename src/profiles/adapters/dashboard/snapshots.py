"""The numbers that the page shows: read once at a time, kept for when the store is away."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from profiles.application.errors import StoreError
from profiles.application.population import Population, population
from profiles.application.ports import StatisticsReader

_LOG: Final = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One consistent reading: every card and chart of a refresh shows the same one.

    taken_at: when the store answered, UTC.
    """

    population: Population
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

    reader: where the statistics come from.
    today: the civil date in UTC, for the ages.
    keep_s: seconds for which a reading serves every page, so that many don't ask more often.
    patience_s: seconds to wait for a reading that another page has asked for.
    now: the time in UTC.
    """

    def __init__(
        self,
        reader: StatisticsReader,
        *,
        today: Callable[[], date],
        keep_s: float,
        patience_s: float,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._reader = reader
        self._today = today
        self._keep_s = keep_s
        self._patience_s = patience_s
        self._now = now
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
        try:
            statistics = self._reader.statistics()
        except StoreError as error:
            if not self._latest.stale:  # said once, not at every refresh
                _LOG.warning("The page shows its last numbers. %s", error)
            return Reading(snapshot=self._latest.snapshot, stale=True)
        if self._latest.stale:
            _LOG.info("The store answers again; the page is up to date.")
        seen = population(statistics, today=self._today())
        return Reading(snapshot=Snapshot(population=seen, taken_at=self._now()), stale=False)
