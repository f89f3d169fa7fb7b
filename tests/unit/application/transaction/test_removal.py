"""Deleting what has expired: some persons at a time, each with what was counted of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeVar

import pytest

from profiles.adapters.memory import MemoryDecidingStore, MemoryLedger
from profiles.application.ports.unit_of_work import UnitOfWork
from profiles.application.transaction import removal
from profiles.application.transaction.removal import sweep
from profiles.domain.statistics import Statistics
from tests.support.histories import ADA, BEA, CLEO, DAN, EVE, IDS, NOW, chunk, stored

T = TypeVar("T")


class Observed:
    """Transactions that note after each of them how many are held."""

    def __init__(self, store: MemoryDecidingStore) -> None:
        self._store, self._transactions = store, store.transactions
        self.seen: list[int] = []

    def run(self, work: Callable[[UnitOfWork], T]) -> T:
        result = self._transactions.run(work)
        self.seen.append(sum(1 for _ in self._store.profiles()))
        return result


@pytest.fixture
def store() -> MemoryDecidingStore:
    """Give a store that holds five persons."""
    store = MemoryDecidingStore()
    store.apply(chunk(*(stored(person) for person in (ADA, BEA, CLEO, DAN, EVE))), MemoryLedger())
    return store


@pytest.fixture
def transactions(store: MemoryDecidingStore, monkeypatch: pytest.MonkeyPatch) -> Observed:
    monkeypatch.setattr(removal, "REMOVED_AT_ONCE", 2)
    return Observed(store)


@pytest.mark.parametrize("followed", [True, False], ids=["followed", "alone"])
def test_the_expired_are_deleted_some_at_a_time(
    store: MemoryDecidingStore, transactions: Observed, *, followed: bool
) -> None:
    def swept(day: date) -> int:
        return sweep(transactions, read_on=day, quarantined_before=NOW, followed=followed)

    day = NOW.date() + timedelta(days=365)

    assert swept(day - timedelta(days=1)) == 0
    assert swept(day) == 5
    assert transactions.seen == [5, 5, 3, 1, 0, 0]
    assert store.statistics() == Statistics()
    assert store.outbox(limit=9).keys() == ({*IDS[:5]} if followed else set())
