"""The erasure ledger: who was erased for good, and whose processing is frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from profiles.domain.person import PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerView:
    """What the erasure ledger says as of a position.

    position: how many entries it has.
    suppressed: who was erased for good. restricted: whose processing is frozen.
    """

    position: int = 0
    suppressed: frozenset[PersonId] = frozenset()
    restricted: frozenset[PersonId] = frozenset()


class Ledger(Protocol):
    """The record of erasures and restrictions. It outlives the stores and is never guessed at.

    Threads may share it.
    """

    def view(self, *, at_least: int) -> LedgerView:
        """Return what the ledger says now.

        at_least: the position that a store has already applied.

        Raises:
            LedgerError: it can't be read, or ends before `at_least`: nothing may be stored.
            LedgerAwayError: it does not answer for now; ask again, and store nothing meanwhile.
        """
        ...
