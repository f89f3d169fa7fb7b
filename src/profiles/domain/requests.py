"""Requests of persons, as the erasure ledger tells of them: until when, whether done, who was told.

A request is an entry that has a deadline. What was done about it stands in later entries that refer
to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from profiles.domain.ledger_entry import Action, Entry, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request.

    number: of its entry. at: when it was entered.
    deadline: the first one. extended_to: the later one, and extended_for: why; None if there is
        none.
    completed_at: when it was first noted that it is done; None while it is open.
    receipts: digests of the receipts of that.
    told: the recipients that were told, by name.
    """

    number: int
    action: Action
    reason: Reason | None
    at: datetime
    deadline: date
    extended_to: date | None = None
    extended_for: Reason | None = None
    completed_at: datetime | None = None
    receipts: tuple[str, ...] = ()
    told: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Tell whether it is still to be done."""
        return self.completed_at is None

    @property
    def last_day(self) -> date:
        """Return the deadline that counts."""
        return self.extended_to or self.deadline

    def is_overdue(self, today: date) -> bool:
        """Tell whether it is still to be done after its last day."""
        return self.is_open and today > self.last_day

    @property
    def was_late(self) -> bool:
        """Tell whether it was done after its last day (UTC)."""
        return self.completed_at is not None and self.completed_at.date() > self.last_day


def requests_of(entries: Iterable[Entry]) -> Mapping[int, Request]:
    """Gather the requests of a ledger, by their numbers.

    entries: all of them, or those of some persons, in order.
    """
    found: dict[int, Request] = {}
    for entry in entries:
        if entry.deadline is not None and entry.refers is None:
            found[entry.number] = Request(
                number=entry.number,
                action=entry.action,
                reason=entry.reason,
                at=entry.at,
                deadline=entry.deadline,
            )
        elif entry.refers is not None and (request := found.get(entry.refers)) is not None:
            found[request.number] = _after(request, entry)
    return found


def recipients_told(entries: Iterable[Entry], number: int) -> frozenset[str]:
    """Return by name the recipients that were told of an entry (GDPR Art. 19)."""
    return frozenset(
        entry.recipient
        for entry in entries
        if entry.action is Action.NOTIFY and entry.refers == number and entry.recipient is not None
    )


def _after(request: Request, entry: Entry) -> Request:
    """Return a request as it is with an entry that refers to it."""
    if entry.action is Action.COMPLETE:
        return replace(
            request,
            completed_at=request.completed_at or entry.at,
            receipts=request.receipts + (() if entry.digest is None else (entry.digest,)),
        )
    if entry.action is Action.EXTEND:
        return replace(request, extended_to=entry.deadline, extended_for=entry.reason)
    if entry.action is Action.NOTIFY and entry.recipient is not None:
        return replace(request, told=(*request.told, entry.recipient))
    return request
