"""Taking somebody in again who was erased: an act of its own, which the ledger records."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from profiles.application.following.outbox import Outbox
from profiles.application.ports.clock import Clock
from profiles.application.ports.ledger import Keyring, LedgerWriter, RecordedLedger
from profiles.application.ports.stores import DecidingStore, FollowingStore
from profiles.application.rights.places import RawRecords
from profiles.application.transaction.enforcing import apply_entries
from profiles.domain.errors import UsageError
from profiles.domain.ledger_entry import Action, Draft, Reason
from profiles.domain.ledger_history import entries_about
from profiles.domain.person import PersonId
from profiles.domain.requests import requests_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Readmission:
    """A person is stored again from now on.

    entry: the number of the ledger's entry. erased_by: of the one that it ends.
    """

    at: datetime
    id: PersonId
    entry: int
    erased_by: int


@dataclass(slots=True, kw_only=True)
class Readmitter:
    """Readmits persons.

    records: of the log, or None where there is none.
    """

    store: DecidingStore
    following: FollowingStore | None
    records: RawRecords | None
    ledger: RecordedLedger
    writer: LedgerWriter
    keyring: Keyring
    clock: Clock
    _outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        """Prepare to deliver deletions."""
        self._outbox = Outbox(store=self.store, following=self.following)

    def readmit(self, person: PersonId, *, reason: Reason = Reason.SIGNED_UP) -> Readmission:
        """Enter that a person has signed up anew.

        What was to be deleted of her is deleted before: once she is readmitted, nothing asks for
        that any more. What the log has of her by then goes as well: a store that reads the log from
        an earlier place, or from its beginning, would store it otherwise.

        Raises:
            UsageError: she is not suppressed, or her erasure is not complete; nothing was done.
            LedgerError, LogError, StoreError: a place did not do it; do the same again.
            TombstoneError: the topic did not; do the same again.
        """
        view = self.ledger.view(at_least=self.store.ledger().head)
        if not view.named([person]).suppressed:
            raise UsageError(
                "The erasure ledger does not suppress this person, so there is nothing to be"
                " undone. Nothing was done."
            )
        about = entries_about(self.ledger.entries(), [person], self.keyring.read())[person]
        if any(
            request.action is Action.SUPPRESS and request.is_open
            for request in requests_of(about).values()
        ):
            raise UsageError(
                "The erasure of this person is not complete. Nothing was done. Run `profiles erase`"
                " for the same ID, and then this command again."
            )
        self.store.apply_ledger(self.ledger, followed=self._outbox.followed)
        self._outbox.deliver()
        if self.records is not None:
            self.records.erase([person])
        erased_by = [entry.number for entry in about if entry.action is Action.SUPPRESS][-1]
        draft = Draft(action=Action.READMIT, person=person, reason=reason, refers=erased_by)
        (entry,) = self.writer.enter([draft], at=self.clock())
        apply_entries(
            self.store.transactions,
            [],  # an entry that deletes nothing: all that is held need not be looked through for it
            self.ledger.view(),
            entries=(entry.number, entry.number),
            followed=self._outbox.followed,
        )
        return Readmission(at=entry.at, id=person, entry=entry.number, erased_by=erased_by)
