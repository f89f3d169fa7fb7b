"""Erasing and expiring some persons at a time, each with what was counted of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, timedelta
from typing import TypeVar

import pytest

from profiles.adapters.memory import MemoryDecidingStore, MemoryLedger
from profiles.application.ports.ledger import LedgerView
from profiles.application.ports.unit_of_work import Transactions, UnitOfWork
from profiles.application.transaction import removal
from profiles.application.transaction.removal import apply_ledger, catch_up, sweep
from profiles.domain.person import PersonId
from profiles.domain.statistics import Statistics
from tests.support.histories import ADA, BEA, CLEO, DAN, EVE, IDS, NOW, chunk, stored, version

T = TypeVar("T")


class Observed:
    """Transactions that note after each of them how many are held and what is applied."""

    def __init__(self, store: MemoryDecidingStore) -> None:
        self._store, self._transactions = store, store.transactions
        self.seen: list[tuple[int, int]] = []

    def run(self, work: Callable[[UnitOfWork], T]) -> T:
        result = self._transactions.run(work)
        held = sum(1 for _ in self._store.profiles())
        self.seen.append((held, self._store.ledger_position()))
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


@pytest.fixture(params=[True, False], ids=["followed", "alone"])
def followed(request: pytest.FixtureRequest) -> bool:
    """Say whether a store follows."""
    return bool(request.param)


def outbox_of(store: MemoryDecidingStore, *, followed: bool) -> Collection[PersonId]:
    """Name those whom a following store has to delete; with none nothing may pile up."""
    noted = store.outbox(limit=99)
    assert followed or not noted
    return noted.keys()


def ledger_of(position: int, suppressed: Collection[PersonId] = ()) -> LedgerView:
    return LedgerView(position=position, suppressed=frozenset(suppressed))


def persons_of(store: MemoryDecidingStore) -> list[str]:
    return [profile.id for profile, _ in store.profiles()]


def is_counted(store: MemoryDecidingStore) -> bool:
    """Tell whether the statistics are those of the persons who are held."""
    return store.statistics() == Statistics.recount(profile for profile, _ in store.profiles())


def test_the_last_of_several_transactions_notes_that_the_ledger_is_applied(
    store: MemoryDecidingStore, transactions: Observed, *, followed: bool
) -> None:
    view = ledger_of(4, {ADA, BEA, CLEO, IDS[6]})

    assert apply_ledger(transactions, view, followed=followed) == 3

    assert transactions.seen == [(3, 0), (2, 4)]
    assert persons_of(store) == [DAN, EVE]
    assert is_counted(store)
    assert store.outbox(limit=9) == (
        {ADA: version(0), BEA: version(1), CLEO: version(2)} if followed else {}
    )


def test_a_transaction_that_is_full_is_followed_by_one_that_finds_nobody(
    store: MemoryDecidingStore, transactions: Observed
) -> None:
    apply_ledger(transactions, ledger_of(2, {ADA, BEA}), followed=False)

    assert transactions.seen == [(3, 0), (3, 2)]
    assert is_counted(store)


def test_persons_are_asked_about_in_several_questions_and_all_of_them_once_more_in_the_end(
    store: MemoryDecidingStore, transactions: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "_ASKED_AT_ONCE", 2)
    view = ledger_of(4, {ADA, BEA, CLEO, EVE})

    assert apply_ledger(transactions, view, followed=True) == 4

    # Ada and Bea, nobody more of these two; Cleo and Eve, nobody more of all.
    assert transactions.seen == [(3, 0), (3, 0), (1, 0), (1, 4)]
    assert persons_of(store) == [DAN]
    assert outbox_of(store, followed=True) == {ADA, BEA, CLEO, EVE}


def test_a_ledger_position_never_goes_back(
    store: MemoryDecidingStore, transactions: Observed
) -> None:
    apply_ledger(transactions, ledger_of(5), followed=False)

    apply_ledger(transactions, ledger_of(3, {ADA}), followed=False)

    assert store.ledger_position() == 5
    assert ADA not in persons_of(store)


def test_a_store_catches_up_with_a_ledger_once(
    store: MemoryDecidingStore, transactions: Transactions
) -> None:
    ledger = MemoryLedger()
    assert catch_up(transactions, ledger, followed=True) == 0
    ledger.suppress(BEA)

    assert catch_up(transactions, ledger, followed=True) == 1
    assert catch_up(transactions, ledger, followed=True) == 0
    assert store.outbox(limit=9) == {BEA: version(1)}
    assert store.ledger_position() == 1
    assert is_counted(store)


def test_the_expired_are_deleted_some_at_a_time(
    store: MemoryDecidingStore, transactions: Observed, *, followed: bool
) -> None:
    def swept(day: date) -> int:
        return sweep(transactions, read_on=day, quarantined_before=NOW, followed=followed)

    day = NOW.date() + timedelta(days=365)

    assert swept(day - timedelta(days=1)) == 0
    assert swept(day) == 5
    assert [held for held, _ in transactions.seen] == [5, 5, 3, 1, 0, 0]
    assert is_counted(store)
    assert outbox_of(store, followed=followed) == ({*IDS[:5]} if followed else set())
