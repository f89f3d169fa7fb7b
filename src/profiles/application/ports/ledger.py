"""The erasure ledger: who was erased, and whose processing is restricted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from profiles.domain.ledger_entry import START, Draft, Entry, LedgerHead
from profiles.domain.ledger_view import LedgerView
from profiles.domain.pseudonym import PseudonymKey


class AppliedLedger(NamedTuple):
    """How far a store has applied a ledger.

    head: the entry up to which it decides by it: whom it names until there is not stored.
    carried_out: the number of the entry up to which what was held is as it asks for. It is behind
        while what is held is looked through, and after that was interrupted.
    joined: which ledger the store is used with, by its identity; None where no job has told.
    """

    head: LedgerHead = LedgerHead()
    carried_out: int = 0
    joined: str | None = None


NOT_APPLIED: Final = AppliedLedger()


class Keyring(Protocol):
    """Where the keys of a ledger lie."""

    @property
    def name(self) -> str:
        """Name the place, as a part of a sentence."""
        ...

    def read(self) -> Sequence[PseudonymKey]:
        """Read them, oldest first: the last one is written with. None where there is no place.

        Raises:
            UsageError: they can't be read.
        """
        ...

    def make(self) -> None:
        """Make a first key, if there is a place for it: for a ledger that has no entry yet.

        Raises:
            UsageError: it can't be made.
        """
        ...


class Ledger(Protocol):
    """The record of erasures and restrictions. It outlives the stores and is never guessed at.

    Threads may share it.
    """

    def view(self, *, at_least: LedgerHead = START) -> LedgerView:
        """Return what the ledger says now.

        at_least: how far a store has applied it.

        Raises:
            LedgerError: it can't be read, an entry of it is missing or was changed, its key is not
                there, or it does not have the entry that the store has applied: nothing may be
                stored.
            LedgerAwayError: it does not answer for now; ask again, and store nothing meanwhile.
        """
        ...


class KnownLedger(Ledger, Protocol):
    """A ledger that can be told from others, so that a store can be joined to it."""

    @property
    def name(self) -> str:
        """Name it, as a part of a sentence."""
        ...

    @property
    def identity(self) -> str:
        """Tell it from others: one that is made anew in its place has another identity."""
        ...


class LedgerHistory(Protocol):
    """All that was ever entered: for audits and exports."""

    def entries(self) -> Sequence[Entry]:
        """Return all entries, each checked.

        Raises:
            LedgerError, LedgerAwayError: see `Ledger.view`.
        """
        ...


class RecordedLedger(KnownLedger, LedgerHistory, Protocol):
    """A ledger of which both can be asked: what it says now, and all that was ever entered."""


class LedgerWriter(Protocol):
    """Enters what becomes law; whoever reads the ledger learns of it."""

    def enter(self, drafts: Sequence[Draft], *, at: datetime) -> Sequence[Entry]:
        """Enter all of these, one behind the other and nothing between them, or none.

        at: now, aware.

        Returns their entries.

        Raises:
            LedgerError, LogError: it was not confirmed, and may be there all the same; enter it
                again, for twice says the same as once.
        """
        ...
