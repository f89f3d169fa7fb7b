from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from profiles.domain import decision_dates
from profiles.domain.decision_dates import DecisionDates
from tests.strategies import days, timestamps

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_the_zone_where_the_day_begins_last_is_12_hours_behind_utc() -> None:
    assert decision_dates.LAST_ZONE.utcoffset(None) == timedelta(hours=-12)


def test_clocks_may_disagree_by_five_minutes() -> None:
    assert decision_dates.TOLERANCE.total_seconds() == 300


@pytest.mark.parametrize(
    ("logged_at", "as_of", "logged_on"),
    [
        (datetime(2026, 11, 23, 11, 59, 59, 999999, UTC), "2026-11-22", "2026-11-23"),
        (datetime(2026, 11, 23, 12, 0, tzinfo=UTC), "2026-11-23", "2026-11-23"),
        (datetime(2026, 11, 23, 0, 0, tzinfo=UTC), "2026-11-22", "2026-11-23"),
        (datetime(2024, 3, 1, 11, 0, tzinfo=UTC), "2024-02-29", "2024-03-01"),
        # The same moment told in another zone changes nothing: it is 22 November in UTC-12.
        (
            datetime(2026, 11, 24, 1, 0, tzinfo=timezone(timedelta(hours=14))),
            "2026-11-22",
            "2026-11-23",
        ),
    ],
)
def test_ages_count_for_the_civil_date_of_the_log_time_where_the_day_begins_last(
    logged_at: datetime, as_of: str, logged_on: str
) -> None:
    derived = DecisionDates.of(logged_at=logged_at, read_at=logged_at)

    assert derived.as_of.isoformat() == as_of
    assert derived.logged_on.isoformat() == logged_on


def test_the_zone_is_configurable() -> None:
    derived = DecisionDates.of(logged_at=NOON, read_at=NOON, zone=timezone(timedelta(hours=13)))

    assert derived.as_of == date(2026, 11, 24)
    assert derived.logged_on == date(2026, 11, 23)
    assert DecisionDates.of(logged_at=NOON, read_at=NOON, zone=ZoneInfo("UTC")).as_of == date(
        2026, 11, 23
    )


def test_as_of_overrides_the_date_of_the_age_and_nothing_else() -> None:
    later = NOON + timedelta(days=3, hours=12)

    assert DecisionDates.of(logged_at=NOON, read_at=later, as_of=date(1999, 1, 1)) == DecisionDates(
        as_of=date(1999, 1, 1),
        logged_on=date(2026, 11, 23),
        read_on=date(2026, 11, 27),
        from_the_future=False,
    )


def test_the_day_of_reading_is_a_day_in_utc() -> None:
    read_at = datetime(2026, 11, 24, 1, tzinfo=timezone(timedelta(hours=14)))

    assert DecisionDates.of(logged_at=NOON, read_at=read_at).read_on == date(2026, 11, 23)


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Move this machine to Tokyo, where the system lets a program do so."""
    with monkeypatch.context() as moved:
        moved.setenv("TZ", "Asia/Tokyo")
        if hasattr(time, "tzset"):
            time.tzset()
        yield
    if hasattr(time, "tzset"):
        time.tzset()


@pytest.mark.usefixtures("far_east")
def test_the_zone_of_the_machine_changes_nothing() -> None:
    evening = NOON + timedelta(hours=8)  # the next day in Tokyo

    assert DecisionDates.of(logged_at=evening, read_at=evening) == DecisionDates(
        as_of=date(2026, 11, 23), logged_on=date(2026, 11, 23), read_on=date(2026, 11, 23)
    )


@pytest.mark.parametrize(
    ("ahead", "future"),
    [
        (timedelta(minutes=-5), False),
        (timedelta(0), False),
        (timedelta(minutes=5), False),
        (timedelta(minutes=5, microseconds=1), True),
        (timedelta(days=1), True),
    ],
)
def test_a_record_more_than_five_minutes_ahead_is_from_the_future(
    ahead: timedelta, *, future: bool
) -> None:
    assert DecisionDates.of(logged_at=NOON + ahead, read_at=NOON).from_the_future is future


def test_a_record_is_from_the_past_unless_it_is_said_otherwise() -> None:
    assert DecisionDates(
        as_of=NOON.date(), logged_on=NOON.date(), read_on=NOON.date()
    ) == DecisionDates.of(logged_at=NOON, read_at=NOON)


@pytest.mark.parametrize(
    ("logged_at", "read_at"),
    [(NOON.replace(tzinfo=None), NOON), (NOON, NOON.replace(tzinfo=None))],
)
def test_a_timestamp_without_a_time_zone_is_refused(logged_at: datetime, read_at: datetime) -> None:
    with pytest.raises(ValueError, match="time zone") as refused:
        DecisionDates.of(logged_at=logged_at, read_at=read_at)
    assert str(refused.value) == (
        "logged_at and read_at need a time zone; pass datetime.now(UTC) or the like"
    )


@given(timestamps, timestamps)
def test_nobody_is_older_in_the_log_than_anywhere_on_earth(
    logged_at: datetime, read_at: datetime
) -> None:
    derived = DecisionDates.of(logged_at=logged_at, read_at=read_at)

    for hours in range(-12, 15):
        assert derived.as_of <= logged_at.astimezone(timezone(timedelta(hours=hours))).date()
    assert timedelta(0) <= derived.logged_on - derived.as_of <= timedelta(days=1)
    assert derived.from_the_future == ((logged_at - read_at).total_seconds() > 300)


@given(timestamps, days)
def test_an_override_is_taken_as_it_is(moment: datetime, as_of: date) -> None:
    assert DecisionDates.of(logged_at=moment, read_at=moment, as_of=as_of).as_of == as_of
