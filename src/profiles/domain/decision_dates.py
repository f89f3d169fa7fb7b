"""The times of a record, and what follows from them for age and retention."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Final

LAST_ZONE: Final = timezone(timedelta(hours=-12))
"""UTC-12: the zone where each day begins last, so that nobody comes of age early anywhere."""

TOLERANCE: Final = timedelta(minutes=5)
"""How far clocks may disagree before a record counts as coming from the future."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionDates:
    """When a record was logged and when it is read, as far as a decision needs it.

    as_of: the civil date for which the age is counted.
    logged_on: the UTC date of the record's time in the log; retention counts from it.
    read_on: the UTC date of reading.
    from_the_future: the record's time in the log lies beyond what clocks may disagree by.
    """

    as_of: date
    logged_on: date
    read_on: date
    from_the_future: bool = False

    @classmethod
    def of(
        cls,
        *,
        logged_at: datetime,
        read_at: datetime,
        as_of: date | None = None,
        zone: tzinfo = LAST_ZONE,
    ) -> DecisionDates:
        """Derive them from two moments.

        logged_at, read_at: aware datetimes in any zone.
        as_of: overrides the date for which the age is counted, and nothing else.
        zone: where the civil date of `logged_at` is taken if `as_of` is None.

        Raises:
            ValueError: a datetime is naive.
        """
        if logged_at.tzinfo is None or read_at.tzinfo is None:
            message = "logged_at and read_at need a time zone; pass datetime.now(UTC) or the like"
            raise ValueError(message)
        return cls(
            as_of=as_of or logged_at.astimezone(zone).date(),
            logged_on=logged_at.astimezone(UTC).date(),
            read_on=read_at.astimezone(UTC).date(),
            from_the_future=logged_at > read_at + TOLERANCE,
        )
