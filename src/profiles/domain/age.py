"""Civil dates and full years of life."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from datetime import date, timedelta
from enum import Enum
from typing import Final

MAXIMUM_AGE: Final = 130
"""Years; nobody is known to have lived longer, so a higher age is an error of the record."""

_A_DAY: Final = timedelta(days=1)
_DATE_LENGTH: Final = 10
_MONTH_LENGTH: Final = 7
_BEHIND_A_DATE: Final = "Tt Zz+-"
_ALL_DATES: Final = re.compile(
    rf"(?:[0-9]{{4}}-[0-9][0-9]-[0-9][0-9](?:[{_BEHIND_A_DATE}].*+)?\n)*+"
).fullmatch
"""Texts with a line end behind each."""


class LeapDay(Enum):
    """When someone born on 29 February completes a year of life in a common year."""

    MAR1 = "mar1"
    """On 1 March: never early. The law of England and Wales, Hong Kong and others."""
    FEB28 = "feb28"
    """On 28 February: the law of New Zealand, Taiwan and others."""


def civil_date(text: str) -> date | None:
    """Read the civil date in the first ten characters, `YYYY-MM-DD`, of an ISO 8601 text.

    The rest of the text, a time and its zone, is left alone: converting a birth date between
    zones can move it by a day, and with it the day of coming of age.

    Returns None for anything else: digits that are not ASCII, week dates, other calendars, and
    text after the date that is neither a time nor a zone.
    """
    if len(text) != _DATE_LENGTH:
        if len(text) < _DATE_LENGTH or text[_DATE_LENGTH] not in _BEHIND_A_DATE:
            return None
        text = text[:_DATE_LENGTH]
    # `fromisoformat` also reads 2020-W01-1, which has no second hyphen at this place.
    if text[4] != "-" or text[7] != "-" or not text.isascii():
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def civil_dates(texts: Sequence[str]) -> Sequence[date | None]:
    """Read the civil date in each of some texts, as `civil_date` does, in a third of the time."""
    lines = "\n".join([*texts, ""])
    if lines.count("\n") == len(texts) and _ALL_DATES(lines):
        try:
            return [date.fromisoformat(text[:_DATE_LENGTH]) for text in texts]
        except ValueError:  # no day of the calendar
            pass
    return [civil_date(text) for text in texts]


def age_on(day: date, *, born: date, leap_day: LeapDay = LeapDay.MAR1) -> int:
    """Count the completed years of life, on `day`, of a person born on `born`.

    The birthday itself completes the year. A person born on 29 February completes it in a
    common year as `leap_day` says. Negative if `born` is after `day`.
    """
    birthday_to_come = (day.month, day.day) < (born.month, born.day)
    if (
        birthday_to_come
        and leap_day is LeapDay.FEB28
        and (born.month, born.day) == (2, 29)
        and (day.month, day.day) == (2, 28)
        and not calendar.isleap(day.year)
    ):
        birthday_to_come = False
    return day.year - born.year - birthday_to_come


def ages_on(
    day: date, *, born: Sequence[date | None], leap_day: LeapDay = LeapDay.MAR1
) -> Sequence[int | None]:
    """Count the completed years of life of each of some persons, as `age_on` does.

    None for who is not known to be born on a day, or born after `day`.
    """
    if leap_day is not LeapDay.MAR1:
        return [
            None if one is None or one > day else age_on(day, born=one, leap_day=leap_day)
            for one in born
        ]
    year, birthday = day.year, (day.month, day.day)
    return [
        None if one is None or one > day else year - one.year - (birthday < (one.month, one.day))
        for one in born
    ]


def month_of(day: date) -> str:
    """Name the month of a date, `YYYY-MM`: what is kept of a birth date."""
    return day.isoformat()[:_MONTH_LENGTH]


def month_in(text: str) -> str:
    """Name the month of a text in which `civil_date` reads a date: the text begins with it."""
    return text[:_MONTH_LENGTH]


def age_from_month(today: date, *, birth_month: str) -> int:
    """Count full years from a birth month, `YYYY-MM`, to the month of `today`.

    Whole months divided by 12, so it is a year ahead of `age_on` from the first day of the
    birth month to the day before the birthday: good for a chart, never for a decision.
    """
    year, month = int(birth_month[:4]), int(birth_month[5:])
    return today.year - year - (today.month < month)


def certain_age(today: date, *, birth_month: str, counted: int, counted_on: date) -> int:
    """Count the full years that a person has completed for certain, of whom the month is known.

    counted: the age that was counted by the date of birth on a day. It is not taken where that day
        comes later than tomorrow, which has begun in some zone; nor are more years of it than the
        birth month allows.
    """
    # Complete when the month is over, whatever the day in it and the rule for leap days.
    completed = age_from_month(today, birth_month=birth_month) - (
        today.month == int(birth_month[5:])
    )
    if counted_on > today + _A_DAY:
        return completed
    return max(completed, min(counted, age_from_month(counted_on, birth_month=birth_month)))
