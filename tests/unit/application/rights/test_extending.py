"""A request gets more time once, for a reason, and before its deadline has passed."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from profiles.adapters.memory import MemoryLedger
from profiles.application.rights.extending import extend
from profiles.domain.errors import UsageError
from profiles.domain.ledger_entry import Action, Draft, Reason
from profiles.domain.requests import requests_of
from tests.support.histories import ADA, NOW

DEADLINE = date(2026, 12, 23)


def ledger_with_a_request() -> MemoryLedger:
    ledger = MemoryLedger()
    ledger.enter([Draft(action=Action.SUPPRESS, person=ADA, deadline=DEADLINE)], at=NOW)
    return ledger


def extended(ledger: MemoryLedger, number: int = 1, *, at: datetime = NOW) -> date:
    return extend(ledger, ledger, number, reason=Reason.COMPLEXITY, clock=lambda: at)


def test_a_request_gets_two_further_months() -> None:
    ledger = ledger_with_a_request()

    assert extended(ledger) == date(2027, 2, 23)

    request = requests_of(ledger.entries())[1]
    assert (request.deadline, request.extended_to) == (DEADLINE, date(2027, 2, 23))
    assert request.extended_for is Reason.COMPLEXITY


def test_the_last_day_is_early_enough() -> None:
    assert extended(ledger_with_a_request(), at=NOW + timedelta(days=30)) == date(2027, 2, 23)


def test_what_is_no_open_request_in_time_is_refused() -> None:
    ledger = ledger_with_a_request()
    with pytest.raises(UsageError, match="no request with the number 2"):
        extended(ledger, 2)
    with pytest.raises(UsageError, match="had to be answered, or extended, by 2026-12-23"):
        extended(ledger, at=NOW + timedelta(days=31))
    extended(ledger)
    with pytest.raises(UsageError, match="was extended to 2027-02-23 already"):
        extended(ledger)
    ledger.enter([Draft(action=Action.COMPLETE, refers=1)], at=NOW)
    with pytest.raises(UsageError, match="Request 1 is done"):
        extended(ledger)

    assert ledger.view().position == 3
