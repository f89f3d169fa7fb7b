"""The erasure ledger: who was erased for good, and whose processing is frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from profiles.domain.person import PersonId


class Action(Enum):
    """What an entry of the ledger says about a person."""

    SUPPRESS = "suppress"
    """Erased for good: there is no entry that takes this back."""
    RESTRICT = "restrict"
    UNRESTRICT = "unrestrict"


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


class LedgerWriter(Protocol):
    """Enters what becomes law; whoever reads the ledger learns of it."""

    def enter(self, action: Action, person: PersonId, *, entered_at: datetime) -> int:
        """Enter what is said of a person; return the number of the entry.

        entered_at: aware.

        Raises:
            LedgerError, LogError: it was not confirmed, and may be there all the same; enter it
                again, for twice says the same as once.
        """
        ...
