"""By when a request has to be answered."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.domain.deadlines import deadline_of, extended

received = st.dates(max_value=date(9990, 12, 31))


@pytest.mark.parametrize(
    ("came", "deadline"),
    [
        ("2026-11-26", "2026-12-26"),
        ("2026-12-31", "2027-01-31"),
        ("2026-01-31", "2026-02-28"),
        ("2028-01-31", "2028-02-29"),
        ("2028-01-29", "2028-02-29"),
        ("2026-01-28", "2026-02-28"),
        ("2100-01-29", "2100-02-28"),
        ("2026-08-31", "2026-09-30"),
        ("2026-02-28", "2026-03-28"),
        ("2028-02-29", "2028-03-29"),
    ],
)
def test_a_request_is_answered_within_a_month(came: str, deadline: str) -> None:
    assert deadline_of(date.fromisoformat(came)) == date.fromisoformat(deadline)


def test_a_saturday_is_a_day_as_any_other() -> None:
    """An answer on the working day before is in time; the one after may be too late."""
    assert deadline_of(date(2026, 11, 26)).isoweekday() == 6


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ("2026-12-26", "2027-02-26"),
        ("2026-12-31", "2027-02-28"),
        ("2027-12-31", "2028-02-29"),
        ("2026-02-28", "2026-04-28"),
        ("2026-10-31", "2026-12-31"),
    ],
)
def test_an_extension_adds_two_months(first: str, later: str) -> None:
    assert extended(date.fromisoformat(first)) == date.fromisoformat(later)


@given(received)
def test_a_deadline_is_in_the_next_month_on_the_same_day_or_its_last(came: date) -> None:
    deadline = deadline_of(came)

    assert (deadline.year * 12 + deadline.month) - (came.year * 12 + came.month) == 1
    assert deadline.day == min(came.day, monthrange(deadline.year, deadline.month)[1])
    assert timedelta(days=28) <= deadline - came <= timedelta(days=31)


@given(received)
def test_an_extension_never_ends_after_three_months_from_the_receipt(came: date) -> None:
    later = extended(deadline_of(came))

    assert (later.year * 12 + later.month) - (came.year * 12 + came.month) == 3
    assert later.day <= came.day
