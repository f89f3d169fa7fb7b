"""The quarantine of a deciding store, read in several ways; it is written in its transactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from profiles.application.log.quarantine import Quarantined
from profiles.domain.outcome import RejectionReason


class RejectionCounts(NamedTuple):
    """How many rejected records a store knows of.

    kept: those of which it has the place, by reason.
    further: those that were only counted, because their message had too many.
    """

    kept: Mapping[RejectionReason, int]
    further: int


class Rejections(Protocol):
    """What is told of rejected records: never a value of one."""

    def counts(self) -> RejectionCounts:
        """Count all of them.

        Raises:
            StoreError: the store did not answer.
        """
        ...

    def newest(self, *, limit: int, reason: RejectionReason | None = None) -> Sequence[Quarantined]:
        """Return up to `limit`, the last one logged first.

        reason: of those of one reason only.

        Raises:
            StoreError: the store did not answer.
        """
        ...

    def in_log_order(self, *, after: Quarantined | None, limit: int) -> Sequence[Quarantined]:
        """Return up to `limit`, partition by partition, each in the order of the log.

        after: the last one of those returned before; None to begin.

        Raises:
            StoreError: the store did not answer.
        """
        ...
