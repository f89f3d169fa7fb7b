"""When simulated people were born and registered, and how old the API says they are."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Final

from profiles.domain.errors import UsageError

ADULT: Final = 18
EARLIEST_TODAY: Final = date(2002, 3, 22)

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - all times are UTC; naive ones are faster
_DAY: Final = 86_400_000
_NOON: Final = time(12)


def _milliseconds(day: date) -> int:
    return (day.toordinal() - _EPOCH.toordinal()) * _DAY


# Version 1.4 of the API draws between these days, uniformly to the millisecond, and has no
# relation to today's date: seen in 100,000 of its users on 2026-11-23.
_BORN: Final = (_milliseconds(date(1944, 8, 25)), _milliseconds(date(2001, 5, 29)))
_REGISTERED: Final = (_milliseconds(date(2002, 3, 21)), _milliseconds(date(2022, 5, 24)))

# Years and days from today: the days on which a rule of age changes its answer.
_EDGES: Final = (
    *((ADULT, 0), (ADULT, -1), (ADULT, 1)),  # of age today, since yesterday, from tomorrow on
    *((130, 0), (131, 1), (131, 0), (131, -1)),  # 130 is possible, 131 is not
    (0, 0),
)


class AgeGroup(Enum):
    """How a birth date is drawn."""

    ORDINARY = "ordinary"
    MINOR = "minor"
    BOUNDARY = "boundary"


def years_before(day: date, years: int) -> date:
    """Return the same day of an earlier year, or 28 February where that has no 29th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def _edges(today: date) -> tuple[int, ...]:
    days = [years_before(today + timedelta(days), years) for years, days in _EDGES]
    of_age = today.year - ADULT
    leap_years = [year for year in range(of_age - 80, today.year) if _is_leap(year)]
    nearest = sorted(leap_years, key=lambda year: abs(year - of_age))
    # Two by two with the edges above: leap days around the age of 18, then any.
    days += [date(year, 2, 29) for year in nearest[:3] + leap_years[::3]]
    return tuple(map(_milliseconds, days))


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


class Births:
    """Draw birth and registration dates for a response made at noon UTC of `today`.

    Instants are naive datetimes in UTC.

    Raises:
        UsageError: `today` is before the first registration of the API.
    """

    __slots__ = ("_edges", "_first_minor", "_last_adult", "_moment", "_today")

    def __init__(self, today: date) -> None:
        if today < EARLIEST_TODAY:
            raise UsageError(f"simulator: today is {today}; give {EARLIEST_TODAY} or later.")
        self._today = today
        self._moment = _milliseconds(today) + _DAY // 2
        self._edges = _edges(today)
        self._first_minor = _milliseconds(years_before(today, ADULT) + timedelta(1))
        self._last_adult = min(_BORN[1], self._first_minor)

    def born(self, group: AgeGroup, word: int) -> datetime:
        """Draw a birth with a large random number."""
        if group is AgeGroup.ORDINARY:
            low, high = _BORN[0], self._last_adult
        elif group is AgeGroup.MINOR:
            low, high = self._first_minor, self._moment
        else:
            word, edge = divmod(word, len(self._edges))
            low = self._edges[edge]
            high = low + _DAY
        return _EPOCH + timedelta(milliseconds=low + word % (high - low))

    def registered(self, born: datetime, word: int) -> datetime:
        """Draw a registration: as the API does, but neither before the birth nor after today."""
        birth = (born - _EPOCH) // timedelta(milliseconds=1)
        low = max(_REGISTERED[0], birth)
        high = min(_REGISTERED[1] if low < _REGISTERED[1] else self._moment, self._moment)
        return _EPOCH + timedelta(milliseconds=low + word % max(1, high - low))

    def age(self, since: datetime) -> int:
        """Count whole years up to noon, as the API does.

        On the birthday itself this can be one less than the civil age: one born in the
        afternoon is not yet a year older at noon.
        """
        today = self._today
        to_come = (today.month, today.day, _NOON) < (since.month, since.day, since.time())
        return today.year - since.year - to_come

    def is_minor(self, born: datetime) -> bool:
        """Tell whether the civil age is under 18, which does not depend on the time of day."""
        return _milliseconds(born.date()) >= self._first_minor


def iso(instant: datetime) -> str:
    """Write an instant as the API does: milliseconds and `Z`."""
    return instant.isoformat(timespec="milliseconds") + "Z"
