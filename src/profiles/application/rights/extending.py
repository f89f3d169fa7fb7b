"""More time for a request: once, by two further months, and before the first ones are over."""

from __future__ import annotations

from datetime import date

from profiles.application.ports.clock import Clock
from profiles.application.ports.ledger import LedgerWriter, RecordedLedger
from profiles.domain.deadlines import extended
from profiles.domain.errors import UsageError
from profiles.domain.ledger_entry import Action, Draft, Reason
from profiles.domain.requests import requests_of


def extend(
    ledger: RecordedLedger, writer: LedgerWriter, number: int, *, reason: Reason, clock: Clock
) -> date:
    """Enter that a request has a later deadline (GDPR Art. 12(3)).

    number: of the request's entry.

    Returns the new deadline. The person has to be told of it, and why, by the first one.

    Raises:
        UsageError: there is no such request, it is done, extended already, or its deadline has
            passed; nothing was entered.
        LedgerError, LogError: it was not confirmed.
    """
    request = requests_of(ledger.entries()).get(number)
    if request is None:
        raise UsageError(
            f"The erasure ledger has no request with the number {number}; `profiles audit` lists"
            " them. Nothing was entered."
        )
    refused = None
    if not request.is_open:
        refused = "is done"
    elif request.extended_to is not None:
        refused = f"was extended to {request.extended_to} already, and can be only once"
    elif clock().date() > request.deadline:
        refused = f"had to be answered, or extended, by {request.deadline}; answer it now"
    if refused is not None:
        raise UsageError(f"Request {number} {refused}. Nothing was entered.")
    later = extended(request.deadline)
    draft = Draft(action=Action.EXTEND, refers=number, reason=reason, deadline=later)
    writer.enter([draft], at=clock())
    return later
