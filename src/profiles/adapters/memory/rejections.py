"""The rejected records of a deciding store in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from threading import RLock

from profiles.adapters.memory.unit_of_work import State
from profiles.application.log.quarantine import Quarantined
from profiles.application.ports.rejections import RejectionCounts
from profiles.domain.outcome import RejectionReason


class MemoryRejections:
    """Tells of what a store's quarantine has."""

    def __init__(self, state: State, lock: RLock) -> None:
        """Read the state of a store; whoever has the lock works on it alone."""
        self._state = state
        self._lock = lock

    def counts(self) -> RejectionCounts:
        """Count all of them."""
        kept = self._state.quarantine.values()
        with self._lock:
            return RejectionCounts(
                Counter(each.rejected.reason for each in kept), sum(each.further for each in kept)
            )

    def newest(self, *, limit: int, reason: RejectionReason | None = None) -> Sequence[Quarantined]:
        """Return up to `limit`, the last one logged first."""
        kept = self._state.quarantine
        with self._lock:
            newest = sorted(kept, key=lambda key: (kept[key].logged_at, key), reverse=True)
            wanted = (kept[key] for key in newest if reason in (None, kept[key].rejected.reason))
            return list(islice(wanted, limit))

    def in_log_order(self, *, after: Quarantined | None, limit: int) -> Sequence[Quarantined]:
        """Return up to `limit` after one, in the order of the log."""
        kept = self._state.quarantine
        last = None if after is None else (after.partition.writer, after.offset, after.ordinal)
        with self._lock:
            following = (kept[key] for key in sorted(kept) if last is None or key > last)
            return list(islice(following, limit))
