"""Telling recipients what was done about a request (GDPR Art. 19)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from profiles.application.errors import RecipientError
from profiles.application.ports.clock import Clock
from profiles.application.ports.ledger import LedgerWriter
from profiles.application.ports.recipients import Recipient
from profiles.domain.ledger_entry import Action, Draft
from profiles.domain.person import PersonId

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToTell:
    """What is to be told of a person.

    number: of the ledger's entry. at: when that was entered.
    told: names of the recipients that know, by the ledger.
    """

    number: int
    at: datetime
    told: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """Whether a recipient knows: it has confirmed, now or before."""

    recipient: str
    confirmed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifier:
    """Tells recipients, one after the other, and enters into the ledger who has confirmed."""

    recipients: Sequence[Recipient]
    writer: LedgerWriter
    clock: Clock

    def tell(
        self,
        requests: Mapping[PersonId, ToTell],
        *,
        action: str,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Mapping[PersonId, Sequence[Notification]]:
        """Tell every recipient of every person whom it does not know of yet.

        A recipient that does not confirm is not asked for the rest of them either: it is away.

        action: what was done; see the port.
        stopped: is asked before each; who was not told by then is told by the same again.

        Returns who knows of each person.

        Raises:
            LedgerError, LogError: that somebody was told was not entered; the same again tells it
                again.
        """
        told: dict[PersonId, list[Notification]] = {person: [] for person in requests}
        for recipient in self.recipients:
            confirmed = self._confirmed(recipient, requests, action, stopped)
            for person, request in requests.items():
                knows = person in confirmed or recipient.name in request.told
                told[person].append(Notification(recipient=recipient.name, confirmed=knows))
        return told

    def _confirmed(
        self,
        recipient: Recipient,
        requests: Mapping[PersonId, ToTell],
        action: str,
        stopped: Callable[[], bool],
    ) -> Sequence[PersonId]:
        """Tell one recipient, and enter for whom it has confirmed, also if it stops doing so."""
        confirmed: list[PersonId] = []
        try:
            for person, request in requests.items():
                if stopped():
                    break
                if recipient.name not in request.told:
                    recipient.tell(person, action=action, at=request.at)
                    confirmed.append(person)
        except RecipientError as failure:
            _logger.warning("%s", failure)
        drafts = [
            Draft(action=Action.NOTIFY, refers=requests[person].number, recipient=recipient.name)
            for person in confirmed
        ]
        if drafts:
            self.writer.enter(drafts, at=self.clock())
        return confirmed
