"""Requests of persons in the erasure ledger: entered, completed, and told to recipients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from profiles.application.ports.clock import Clock
from profiles.application.ports.ledger import Keyring, LedgerWriter, RecordedLedger
from profiles.application.rights.notifying import Notification, Notifier, ToTell
from profiles.domain.ledger_entry import Action, Draft, Entry
from profiles.domain.ledger_history import entries_about
from profiles.domain.person import PersonId
from profiles.domain.requests import recipients_told, requests_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLedger:
    """Enters what was asked for and what was done about it, so that `profiles audit` can tell.

    notifier: tells the recipients (GDPR Art. 19).
    """

    ledger: RecordedLedger
    writer: LedgerWriter
    keyring: Keyring
    notifier: Notifier
    clock: Clock

    def enter(self, draft: Draft) -> Entry:
        """Enter one thing; see `LedgerWriter.enter`."""
        (entry,) = self.writer.enter([draft], at=self.clock())
        return entry

    def open_request(self, person: PersonId, action: Action) -> Entry | None:
        """Return the first entry of a person by which an action was asked for and is not done."""
        about = self._about(person)
        waiting = _open(about, action)
        return next((entry for entry in about if entry.number in waiting), None)

    def complete(
        self, person: PersonId, action: Action, *, tell: bool = True
    ) -> Sequence[Notification]:
        """Enter that a person's requests of an action are done, those that are open; tell of it.

        tell: whether recipients are told; see `tell`.

        Returns and raises the same as `tell`.
        """
        about = self._about(person)
        drafts = [Draft(action=Action.COMPLETE, refers=number) for number in _open(about, action)]
        if drafts:
            self.writer.enter(drafts, at=self.clock())
        return self._told(person, action, about) if tell else ()

    def tell(self, person: PersonId, action: Action) -> Sequence[Notification]:
        """Tell recipients of the last entry of an action about a person, who do not know of it.

        Returns who knows; nobody where there is no such entry, or no recipient.

        Raises:
            LedgerError, LogError: that somebody was told was not entered; the same again tells it
                again.
        """
        if not self.notifier.recipients:
            return ()
        return self._told(person, action, self._about(person))

    def _told(
        self, person: PersonId, action: Action, about: Sequence[Entry]
    ) -> Sequence[Notification]:
        if not self.notifier.recipients:
            return ()
        last = next((each for each in reversed(about) if each.action is action), None)
        if last is None:
            return ()
        told = recipients_told(about, last.number)
        request = ToTell(number=last.number, at=last.at, told=told)
        return self.notifier.tell({person: request}, action=action.value)[person]

    def _about(self, person: PersonId) -> Sequence[Entry]:
        return entries_about(self.ledger.entries(), [person], self.keyring.read())[person]


def _open(about: Sequence[Entry], action: Action) -> Sequence[int]:
    """Return the numbers of the requests of an action that are not done, in order."""
    requests = requests_of(about).values()
    return [each.number for each in requests if each.action is action and each.is_open]
