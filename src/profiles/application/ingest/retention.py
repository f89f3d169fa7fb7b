"""Retention: what has expired is deleted now and then, by whichever engine runs."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from profiles.application.errors import StoreError
from profiles.application.ports.clock import Clock
from profiles.application.ports.logs import Log
from profiles.application.ports.stores import DecidingStore
from profiles.domain.policy import LOG_RETENTION, QUARANTINE_RETENTION

SWEEP_EVERY: Final = timedelta(minutes=10)

_logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class RetentionSweeper:
    """Sweeps a deciding store when it is due; a store that does not answer is swept later.

    log: the embedded engine's, which is swept, too; Kafka deletes by itself.
    followed: whether a store follows, which has to delete the same.
    """

    store: DecidingStore
    clock: Clock
    log: Log | None = None
    followed: bool = False
    _last: datetime | None = field(default=None, init=False)

    def __call__(self) -> None:
        """Sweep if it is due."""
        if self.falls_due():
            self.sweep()

    def falls_due(self) -> bool:
        """Say once that it is due: at first, and when `SWEEP_EVERY` has passed since then."""
        now = self.clock()
        # A clock that was ahead at the last time must not put off the next one.
        if self._last is not None and timedelta(0) <= now - self._last < SWEEP_EVERY:
            return False
        self._last = now
        return True

    def sweep(self) -> None:
        """Delete what is past its retention now.

        Raises:
            LogError: the log did not answer.
        """
        now = self.clock()
        if self.log is not None:
            self.log.purge(before=now - LOG_RETENTION)
        try:
            self.store.sweep(
                read_on=now.date(),
                quarantined_before=now - QUARANTINE_RETENTION,
                followed=self.followed,
            )
        except StoreError as failure:
            _logger.warning("%s What is past its retention is deleted later.", failure)
