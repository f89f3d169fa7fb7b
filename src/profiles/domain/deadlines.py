"""By when a request of a person has to be answered (GDPR Art. 12(3)).

Periods in months end with the day of the last month that has the number of the day on which they
began, or with the last day of that month (Regulation (EEC, Euratom) No 1182/71, Art. 3(2)(c)).
Weekends and holidays are not considered: where a period would end on one it ends later, on the next
working day (Art. 3(4)), so what is said here is never too late.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Final

_MONTHS: Final = 1
_FURTHER_MONTHS: Final = 2


def deadline_of(received: date) -> date:
    """Return the last day on which a request can be answered: a month after its receipt."""
    return _after(received, _MONTHS)


def extended(deadline: date) -> date:
    """Return the last day after an extension by two further months.

    Counted from the first deadline: after a month that was too short for the day of the receipt
    that is some days earlier than three months from the receipt, and never later.
    """
    return _after(deadline, _FURTHER_MONTHS)


def _after(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
