"""Who was erased and signs up anew is stored again, by an entry of the ledger and not before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import pytest

from profiles.adapters.memory import (
    MemoryDecidingStore,
    MemoryFollowingStore,
    MemoryKeyring,
    MemoryLedger,
)
from profiles.application.ports.stores import Following
from profiles.application.rights.erasing import TombstoneError
from profiles.application.rights.readmitting import Readmission, Readmitter
from profiles.domain.deadlines import deadline_of
from profiles.domain.errors import UsageError
from profiles.domain.ledger_entry import Action, Draft, Reason
from profiles.domain.person import PersonId
from tests.support.histories import ADA, BEA, NOW, chunk, held, stored


class Records:
    """A log of which nothing can be asked; it fails as it is told."""

    name = "topic t"

    def __init__(self) -> None:
        self.erased: list[PersonId] = []
        self.failure: Exception | None = None

    def counts_of(self, persons: Collection[PersonId]) -> None:
        """Count nothing."""

    def has_records_of(self, persons: Collection[PersonId]) -> bool:
        raise NotImplementedError  # not asked

    def erase(self, persons: Sequence[PersonId]) -> None:
        if self.failure is not None:
            raise self.failure
        self.erased += persons


@dataclass
class Bench:
    store: MemoryDecidingStore = field(default_factory=MemoryDecidingStore)
    following: MemoryFollowingStore = field(
        default_factory=lambda: MemoryFollowingStore(lambda: NOW)
    )
    keyring: MemoryKeyring = field(default_factory=MemoryKeyring)
    records: Records = field(default_factory=Records)
    with_log: bool = True
    ledger: MemoryLedger = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = MemoryLedger(self.keyring)
        applied = self.store.apply(chunk(stored(ADA), stored(BEA)), self.ledger, followed=True)
        self.following.follow(Following(held=applied.stored, absent={}))

    def readmit(self, person: PersonId) -> Readmission:
        return Readmitter(
            store=self.store,
            following=self.following,
            records=self.records if self.with_log else None,
            ledger=self.ledger,
            writer=self.ledger,
            keyring=self.keyring,
            clock=lambda: NOW,
        ).readmit(person)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_next_record_of_who_was_readmitted_is_stored(bench: Bench) -> None:
    bench.ledger.suppress(ADA)
    kept_out = bench.store.apply(chunk(stored(ADA), start=2), bench.ledger, followed=True)
    assert kept_out.tally.suppressed == 1

    readmission = bench.readmit(ADA)

    assert (readmission.id, readmission.entry, readmission.erased_by) == (ADA, 2, 1)
    last = bench.ledger.entries()[-1]
    assert (last.action, last.reason, last.refers) == (Action.READMIT, Reason.SIGNED_UP, 1)
    assert ADA not in held(bench.store)
    again = bench.store.apply(chunk(stored(ADA), start=3), bench.ledger, followed=True)
    assert again.tally.stored == 1
    assert ADA in held(bench.store)


def test_where_there_is_no_log_there_is_nothing_to_be_told(bench: Bench) -> None:
    bench.with_log = False
    bench.ledger.suppress(ADA)

    assert bench.readmit(ADA).entry == 2


def test_a_record_that_was_decided_before_stays_decided(bench: Bench) -> None:
    bench.ledger.suppress(ADA)
    bench.store.apply(chunk(stored(ADA), start=2), bench.ledger)
    bench.readmit(ADA)

    bench.store.apply(chunk(stored(ADA), start=2), bench.ledger)

    assert ADA not in held(bench.store)


def test_what_the_erasure_had_not_reached_is_deleted_before(bench: Bench) -> None:
    """An entry of an earlier release: nothing says whether it was ever carried out."""
    bench.ledger.suppress(ADA)

    bench.readmit(ADA)

    assert ADA not in held(bench.store)
    assert ADA not in {profile.id for profile, _ in bench.following.profiles()}
    applied = bench.store.ledger()
    assert (applied.head, applied.carried_out) == (bench.ledger.view().head, 2)


def test_records_from_before_are_erased_from_the_log_so_that_no_replay_brings_them(
    bench: Bench,
) -> None:
    bench.ledger.suppress(ADA)

    bench.readmit(ADA)

    assert bench.records.erased == [ADA]


def test_she_stays_out_where_the_log_did_not_take_it(bench: Bench) -> None:
    bench.ledger.suppress(ADA)
    bench.records.failure = TombstoneError("topic t")

    with pytest.raises(TombstoneError):
        bench.readmit(ADA)

    assert bench.ledger.view().named([ADA]).suppressed == {ADA}


def test_who_is_not_suppressed_is_refused(bench: Bench) -> None:
    bench.ledger.suppress(BEA)
    bench.readmit(BEA)

    for person in (ADA, BEA):
        with pytest.raises(UsageError, match="does not suppress this person"):
            bench.readmit(person)

    assert bench.ledger.view().position == 2
    assert bench.records.erased == [BEA]


def test_who_is_not_completely_erased_is_refused(bench: Bench) -> None:
    asked = Draft(action=Action.SUPPRESS, person=ADA, deadline=deadline_of(NOW.date()))
    bench.ledger.enter([asked], at=NOW)

    with pytest.raises(UsageError, match="is not complete"):
        bench.readmit(ADA)

    bench.ledger.enter([Draft(action=Action.COMPLETE, refers=1)], at=NOW)
    assert bench.readmit(ADA).entry == 3
