"""What every deciding store notes for the store that follows it (see `DecidingStore.outbox`)."""

from __future__ import annotations

from datetime import date

import pytest

from profiles.adapters.memory import MemoryLedger
from profiles.application.log.records import LogPartition
from profiles.application.ports.stores import DecidingStore
from profiles.application.ports.unit_of_work import UnitOfWork
from profiles.domain.person import PersonId
from profiles.domain.version import Version
from tests.support.histories import (
    ADA,
    BEA,
    BROKEN,
    CLEO,
    DAN,
    ERASED,
    EVE,
    EXPIRED,
    IDS,
    MINOR,
    NOW,
    Outcome,
    chunk,
    profile,
    stored,
    version,
)


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


def test_the_outbox_is_read_some_at_a_time(store: DecidingStore) -> None:
    noted = {person: version(offset) for offset, person in enumerate(IDS)}
    store.transactions.run(lambda unit: unit.add_to_outbox(noted))
    read: dict[PersonId, int] = {}

    while some := store.outbox(limit=3):
        assert len(some) <= 3
        read.update(some)
        store.remove_from_outbox(some)

    assert read == noted


def test_the_store_tells_how_much_is_in_the_outbox(store: DecidingStore) -> None:
    before = store.progress().outbox
    store.transactions.run(lambda unit: unit.add_to_outbox({ADA: version(1), BEA: version(2)}))

    assert (before, store.progress().outbox) == (0, 2)


def test_what_was_noted_at_a_higher_version_meanwhile_stays_in_the_outbox(
    store: DecidingStore,
) -> None:
    store.transactions.run(lambda unit: unit.add_to_outbox({ADA: version(1), BEA: version(2)}))
    delivered = store.outbox(limit=9)
    store.transactions.run(lambda unit: unit.add_to_outbox({ADA: version(1) + 1}))

    store.remove_from_outbox(delivered)

    assert store.outbox(limit=9) == {ADA: version(1) + 1}
    store.remove_from_outbox({CLEO: version(9)})
    store.remove_from_outbox({})
    assert store.outbox(limit=9) == {ADA: version(1) + 1}


def test_of_two_deletions_of_a_person_the_newer_stays_in_the_outbox(
    store: DecidingStore,
) -> None:
    for noted in ({ADA: version(5), BEA: version(5) + 1}, {ADA: version(7), BEA: version(4)}):
        store.transactions.run(lambda unit, noted=noted: unit.add_to_outbox(noted))  # type: ignore[misc]  # a default

    assert store.outbox(limit=9) == {ADA: version(7), BEA: version(5) + 1}


@pytest.mark.parametrize("newer", [MINOR, EXPIRED, ERASED], ids=["minor", "expired", "tombstone"])
def test_a_chunk_notes_whom_it_deletes_at_the_version_of_the_record(
    store: DecidingStore, ledger: MemoryLedger, newer: Outcome
) -> None:
    store.apply(chunk(stored(ADA), stored(BEA), stored(CLEO)), ledger, followed=True)
    assert store.outbox(limit=9) == {}

    applied = store.apply(chunk((ADA, newer), (BEA, BROKEN), start=3), ledger, followed=True)

    assert store.outbox(limit=9) == {ADA: version(3)}
    assert applied.owed == 1


def test_who_was_never_held_leaves_no_id_in_the_outbox(
    store: DecidingStore, ledger: MemoryLedger
) -> None:
    ledger.suppress(EVE)

    applied = store.apply(
        chunk((ADA, MINOR), (BEA, ERASED), stored(CLEO), (CLEO, MINOR), stored(EVE)),
        ledger,
        followed=True,
    )

    assert applied.deleted.keys() == {ADA, BEA, CLEO, EVE}
    assert store.outbox(limit=9) == {}
    assert applied.owed == 0


def test_where_no_store_follows_nothing_is_put_into_the_outbox(
    store: DecidingStore, ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA), stored(BEA), stored(CLEO), stored(DAN)), ledger)
    ledger.suppress(BEA)
    ledger.suppress(CLEO)

    assert store.apply(chunk((ADA, MINOR), start=4), ledger).owed == 0
    store.apply_ledger(ledger)
    store.sweep(read_on=stored_until(), quarantined_before=NOW)

    assert list(store.profiles()) == []
    assert store.outbox(limit=9) == {}


def test_an_erasure_is_noted_at_the_last_revision_of_the_version_that_was_held(
    store: DecidingStore, ledger: MemoryLedger
) -> None:
    revised = version(4) + 3  # a change outside the log
    store.apply(chunk(stored(ADA), stored(BEA)), ledger, followed=True)
    store.transactions.run(lambda unit: hold(unit, BEA, revised))
    ledger.suppress(ADA)
    ledger.suppress(BEA)
    ledger.suppress(CLEO)

    assert store.apply_ledger(ledger, followed=True) == 2

    assert store.outbox(limit=9) == {
        ADA: Version.last_revision(version(0)),
        BEA: Version.last_revision(version(4)),
    }


def test_an_erasure_is_noted_by_a_chunk_that_does_not_tell_of_the_person(
    store: DecidingStore, ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA), stored(BEA)), ledger, followed=True)
    ledger.suppress(ADA)

    applied = store.apply(chunk(stored(CLEO), start=2), ledger, followed=True)

    assert store.outbox(limit=9) == {ADA: Version.last_revision(version(0))}
    assert applied.owed == 1


def test_who_is_erased_and_held_in_a_newer_version_than_that_of_the_record_is_noted_with_it(
    store: DecidingStore, ledger: MemoryLedger
) -> None:
    first, second = (LogPartition("two", number, 2) for number in (0, 1))
    store.apply(chunk(stored(ADA), start=10, partition=first), ledger, followed=True)
    ledger.suppress(ADA)

    store.apply(chunk(stored(ADA), start=3, partition=second), ledger, followed=True)

    assert store.outbox(limit=9) == {ADA: Version.last_revision(version(10))}


def test_what_has_expired_is_noted(store: DecidingStore, ledger: MemoryLedger) -> None:
    store.apply(chunk(stored(ADA), stored(BEA)), ledger, followed=True)

    assert store.sweep(read_on=stored_until(), quarantined_before=NOW, followed=True) == 2

    gone = {ADA: Version.last_revision(version(0)), BEA: Version.last_revision(version(1))}
    assert store.outbox(limit=9) == gone


def hold(unit: UnitOfWork, person: PersonId, at: int) -> None:
    unit.held([person])
    unit.write(upserts={person: (profile(person), at)}, deletions=[])


def stored_until() -> date:
    """Return the day on which everybody here has expired."""
    return profile().expires_at
