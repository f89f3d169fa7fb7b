"""A ledger that is watched while nothing else looks into it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from profiles.adapters.memory import MemoryLedger
from profiles.application.errors import LedgerError, StoreError
from profiles.application.ingest import erasing
from profiles.application.ingest.erasing import LedgerWatch
from profiles.application.ports.stores import Following
from tests.support.failing_stores import FailingFollowingStore, FailingStore
from tests.support.histories import ADA, BEA, chunk, profile, stored, version

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
AWAY = StoreError("The store", "it does not answer", "It is tried again.")


@pytest.fixture
def store() -> FailingStore:
    return FailingStore()


@pytest.fixture
def following() -> FailingFollowingStore:
    return FailingFollowingStore(lambda: NOW)


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


@pytest.fixture
def watch(
    store: FailingStore, following: FailingFollowingStore, ledger: MemoryLedger
) -> LedgerWatch:
    """Watch a ledger beside two stores that hold Ada and Bea."""
    store.apply(chunk(stored(ADA), stored(BEA)), ledger)
    held = {ADA: (profile(ADA), version(0)), BEA: (profile(BEA), version(1))}
    following.follow(Following(held=held, absent={}))
    return LedgerWatch(store=store, ledger=ledger, following=following)


def test_who_was_erased_is_deleted_from_both_stores(
    watch: LedgerWatch,
    store: FailingStore,
    following: FailingFollowingStore,
    ledger: MemoryLedger,
) -> None:
    ledger.suppress(ADA)

    watch()

    assert store.profile(ADA) is following.profile(ADA) is None
    assert store.profile(BEA) == following.profile(BEA) == (profile(BEA), version(1))


def test_a_deciding_store_alone_is_watched_for_as_well(
    store: FailingStore, ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA)), ledger)
    ledger.suppress(ADA)

    LedgerWatch(store=store, ledger=ledger, following=None)()

    assert store.profile(ADA) is None


def test_it_looks_once_in_a_while(
    watch: LedgerWatch, store: FailingStore, ledger: MemoryLedger
) -> None:
    watch()
    ledger.suppress(ADA)

    watch()

    assert store.profile(ADA) is not None


def test_what_the_following_store_did_not_take_is_told_again(
    watch: LedgerWatch,
    following: FailingFollowingStore,
    ledger: MemoryLedger,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(erasing, "LEDGER_S", 0.0)
    ledger.suppress(ADA)
    following.failures = iter([AWAY])

    watch()
    assert following.profile(ADA) is not None
    watch()

    assert following.profile(ADA) is None
    assert "it does not answer" in caplog.text


def test_a_ledger_that_lost_entries_stops_the_job(
    watch: LedgerWatch, store: FailingStore, ledger: MemoryLedger
) -> None:
    ledger.suppress(BEA)
    watch.apply()
    lost = LedgerWatch(store=store, ledger=MemoryLedger(), following=None)

    with pytest.raises(LedgerError, match="ends at entry 0"):
        lost()
