"""A plugin of pytest that gives persons, stores, log and ledger for tests.

Where `profiles` is installed, pytest loads it by its entry point; `-p no:profiles` leaves it out.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from profiles.adapters.memory import (
    MemoryDecidingStore,
    MemoryFollowingStore,
    MemoryLedger,
    MemoryLog,
)
from profiles.testing.empty import empty_ledger, empty_log
from profiles.testing.people import Records, hostile_messages, records_of


@pytest.fixture(scope="session")
def profiles_now() -> datetime:
    """Give the moment at which all of it happens: persons are as old as they are on that day.

    Take it for the clock of what you test, so that adults are adults in every year; define a
    fixture of the same name for another moment. It is aware; the default is a noon in UTC, when it
    is the same day in every zone from UTC-12 to UTC+11.
    """
    return datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def profiles_adults(profiles_now: datetime) -> Records[dict[str, Any]]:
    """Give persons of 18 years and more in the API's form, as `json.loads` returns them."""
    return records_of("adults", profiles_now.date())


@pytest.fixture(scope="session")
def profiles_minors(profiles_now: datetime) -> Records[dict[str, Any]]:
    """Give persons under 18 in the API's form."""
    return records_of("minors", profiles_now.date())


@pytest.fixture(scope="session")
def profiles_boundary(profiles_now: datetime) -> Records[dict[str, Any]]:
    """Give persons born on days on which rules of age change, minors among them."""
    return records_of("boundary", profiles_now.date())


@pytest.fixture(scope="session")
def profiles_hostile(profiles_now: datetime) -> Records[bytes]:
    """Give messages made to break a reader, one of each kind that the simulator has."""
    return hostile_messages(profiles_now.date())


@pytest.fixture
def profiles_deciding_store() -> MemoryDecidingStore:
    """Give an empty deciding store in memory."""
    return MemoryDecidingStore()


@pytest.fixture
def profiles_following_store(profiles_now: datetime) -> MemoryFollowingStore:
    """Give an empty following store in memory."""
    return MemoryFollowingStore(clock=lambda: profiles_now)


@pytest.fixture
def profiles_log() -> MemoryLog:
    """Give an empty log in memory."""
    return empty_log()


@pytest.fixture
def profiles_ledger() -> MemoryLedger:
    """Give an empty erasure ledger in memory."""
    return empty_ledger()
