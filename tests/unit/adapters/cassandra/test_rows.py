from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from cassandra.cqltypes import DateType, Int32Type, LongType, SimpleDateType, UTF8Type, UUIDType
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters.cassandra.columns import (
    COLUMNS,
)
from profiles.adapters.cassandra.rows import deleted, inserted, time_to_live
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from tests.strategies import profiles

NOW = datetime(2026, 11, 23, 12, 0, 0, 500_000, UTC)
ADA = PersonId("00000001-0000-4000-8000-000000000001")
# How the driver itself writes the types of the columns.
TYPES = {
    "uuid": UUIDType,
    "text": UTF8Type,
    "int": Int32Type,
    "bigint": LongType,
    "date": SimpleDateType,
    "timestamp": DateType,
}


def driver_writes(kind: str, value: object) -> bytes | None:
    if value is None:
        return None
    written: bytes = TYPES[kind].serialize(UUID(str(value)) if kind == "uuid" else value, 4)
    return written


@given(profile=profiles(), number=st.integers(0, 2**63 - 1), ttl_s=st.integers(0, 630_720_000))
def test_a_row_is_written_as_the_driver_would(profile: Profile, number: int, ttl_s: int) -> None:
    values = (*profile, number, number, ttl_s)
    kinds = (*COLUMNS.values(), "bigint", "int")

    assert inserted(profile, number, ttl_s) == list(map(driver_writes, kinds, values))


def test_a_deletion_is_written_as_the_driver_would() -> None:
    assert deleted(ADA, 7) == [driver_writes("bigint", 7), driver_writes("uuid", ADA)]


@pytest.mark.parametrize(
    ("expires_at", "ttl_s"),
    [
        (date(2026, 11, 22), None),
        (date(2026, 11, 23), None),
        (date(2026, 11, 24), 12 * 3600 - 1),
        (date(2027, 11, 23), 365 * 86400 - 12 * 3600 - 1),
        (date(2038, 1, 19), 4074 * 86400 + 12 * 3600 - 1),
        (date(2038, 1, 20), 0),
        (date.max, 0),
    ],
)
def test_a_row_lives_until_it_expires_or_without_limit(expires_at: date, ttl_s: int | None) -> None:
    assert time_to_live(expires_at, NOW) == ttl_s


def test_the_last_second_is_too_short_for_a_row() -> None:
    midnight = datetime(2027, 1, 1, tzinfo=UTC)

    assert time_to_live(date(2027, 1, 1), midnight - timedelta(seconds=1)) == 1
    assert time_to_live(date(2027, 1, 1), midnight - timedelta(microseconds=999_999)) is None


def test_a_row_lives_twenty_years_at_most() -> None:
    assert time_to_live(date(2030, 1, 1), datetime(2009, 1, 1, tzinfo=UTC)) == 0
    assert time_to_live(date(2030, 1, 1), datetime(2010, 1, 7, tzinfo=UTC)) == 630_633_600
