"""Retention: what has expired is deleted now and then, by whichever engine runs."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from profiles.application.errors import StoreError
from profiles.application.ports import Clock, DecidingStore
from profiles.domain.policy import QUARANTINE_RETENTION

SWEEP_EVERY: Final = timedelta(minutes=10)

_logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Sweeping:
    """Sweeps a deciding store when it is due; a store that does not answer is swept later."""

    store: DecidingStore
    clock: Clock
    _swept_at: datetime | None = field(default=None, init=False)

    def __call__(self) -> None:
        """Sweep, unless that was done less than `SWEEP_EVERY` ago."""
        now = self.clock()
        if self._swept_at is not None and now - self._swept_at < SWEEP_EVERY:
            return
        self._swept_at = now
        try:
            self.store.sweep(read_on=now.date(), quarantined_before=now - QUARANTINE_RETENTION)
        except StoreError as failure:
            _logger.warning("%s What is past its retention is deleted later.", failure)
