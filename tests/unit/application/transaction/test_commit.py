"""What a store refuses for good is not tried for ever, is not lost, and stops nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters.memory import MemoryDecidingStore, MemoryFollowingStore, MemoryLedger
from profiles.adapters.memory.unit_of_work import MemoryUnitOfWork, State
from profiles.application.errors import StoreRefusedError
from profiles.application.following.contents import following_of
from profiles.application.log.splitting import REFUSED
from profiles.application.ports.stores import Applied, Following
from profiles.application.ports.unit_of_work import UnitOfWork
from profiles.application.transaction.commit import apply_chunk
from profiles.domain.ledger_entry import START, LedgerHead
from profiles.domain.ledger_view import LedgerView
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.resolving import Held
from profiles.domain.tally import Tally
from tests.support.failing_stores import RefusingStore
from tests.support.histories import (
    ADA,
    BEA,
    BROKEN,
    CLEO,
    DAN,
    ERASED,
    EVE,
    IDS,
    MINOR,
    NOW,
    TOPIC,
    About,
    chunk,
    chunk_of,
    held,
    profile,
    state,
    stored,
    version,
)

T = TypeVar("T")


def of_more_than(number: int) -> Callable[[Collection[Profile]], bool]:
    return lambda profiles: len(profiles) > number


def named_refused(profiles: Collection[Profile]) -> bool:
    return any(each.username == "refused" for each in profiles)


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


@pytest.mark.parametrize("limit", [1, 2, 3, 6])
def test_a_chunk_that_is_too_much_is_written_in_smaller_ones(
    ledger: MemoryLedger, limit: int
) -> None:
    abouts = [stored(person) for person in IDS[:6]] + [(None, BROKEN), (BEA, MINOR), stored(CLEO)]
    store, other = RefusingStore(of_more_than(limit)), MemoryDecidingStore()

    applied = store.apply(chunk(*abouts), ledger)
    at_once = other.apply(chunk(*abouts), ledger)

    # Who came and went within the chunk has arrived, if they came in a chunk of their own.
    assert {**state(store), "arrivals": None} == {**state(other), "arrivals": None}
    assert applied.tally.read == at_once.tally.read == 9
    assert applied.stored == at_once.stored
    assert applied.deleted == at_once.deleted
    assert applied.untouched == at_once.untouched
    assert not applied.refused


def test_a_message_that_can_not_be_held_is_rejected_and_the_others_are_stored(
    ledger: MemoryLedger,
) -> None:
    store = RefusingStore(named_refused)
    poison = [stored(CLEO, username="refused"), (None, BROKEN), (DAN, MINOR), stored(EVE)]
    store.apply(chunk(stored(DAN)), ledger)

    applied = store.apply(chunk_of([[stored(ADA)], poison, [stored(BEA)]], start=1), ledger)

    assert applied.tally == Tally(
        read=6, stored=2, rejected=3, withheld=1, reasons={"store": 2, "type": 1, "minor": 1}
    )
    assert held(store).keys() == {ADA, BEA}
    assert applied.deleted == {DAN: version(2)}
    assert store.position(TOPIC) == 4
    assert [(each.offset, each.ordinal, each.rejected) for each in store.quarantine()] == [
        (2, 0, REFUSED)
    ]
    assert applied.refused == store.quarantine()


def test_what_was_refused_is_told_again_where_the_chunk_is_read_again(
    ledger: MemoryLedger,
) -> None:
    store = RefusingStore(named_refused)
    messages: list[list[About]] = [
        [stored(ADA)],
        [stored(CLEO, username="refused")],
        [(None, BROKEN)],
        [stored(BEA)],
    ]
    first = store.apply(chunk_of(messages), ledger)

    again = store.apply(chunk_of(messages), ledger)
    later = store.apply(chunk_of([*messages[2:], [stored(EVE)]], start=2), ledger)

    assert [each.offset for each in first.refused] == [1]
    assert again.refused == first.refused
    assert not later.refused
    assert store.quarantine() == [*first.refused, *store.quarantine()[1:]]


def test_what_is_held_of_a_person_stays_if_a_newer_record_can_not_be_held(
    ledger: MemoryLedger,
) -> None:
    store = RefusingStore(named_refused)
    store.apply(chunk(stored(ADA)), ledger)

    applied = store.apply(chunk(stored(ADA, username="refused"), start=1), ledger)

    assert store.profile(ADA) == (profile(ADA), version(0))
    assert applied.untouched == {ADA: version(1)}


def test_a_store_that_refuses_even_to_delete_stops_the_job(ledger: MemoryLedger) -> None:
    store = RefusingStore(lambda _profiles: True)

    with pytest.raises(StoreRefusedError, match="Write less"):
        store.apply(chunk((ADA, MINOR)), ledger)
    with pytest.raises(StoreRefusedError):
        store.apply(chunk(stored(ADA), stored(BEA)), ledger)

    assert store.counts() == Tally()


def test_many_rejections_of_one_message_are_quarantined_as_one_if_need_be(
    ledger: MemoryLedger,
) -> None:
    answers = iter([True, False])
    store = RefusingStore(lambda _profiles: next(answers))

    applied = store.apply(chunk_of([[(None, BROKEN)] * 3]), ledger)

    assert applied.tally == Tally(read=3, rejected=3, reasons={"type": 3})
    assert len(store.quarantine()) == 1


def test_of_two_chunks_the_later_says_what_is_held() -> None:
    first = Applied(
        tally=Tally(read=1),
        stored={ADA: (profile(ADA), 1), BEA: (profile(BEA), 2)},
        deleted={CLEO: 3, DAN: 4},
        untouched={EVE: 5},
    )
    later = Applied(
        tally=Tally(read=2),
        stored={CLEO: (profile(CLEO), 6), EVE: (profile(EVE), 7)},
        deleted={ADA: 8},
        untouched={BEA: 9},
    )

    both = first.then(later)

    assert both.tally.read == 3
    assert both.stored == {
        BEA: (profile(BEA), 2),
        CLEO: (profile(CLEO), 6),
        EVE: (profile(EVE), 7),
    }
    assert both.deleted == {DAN: 4, ADA: 8}
    assert both.untouched == {}


def test_of_chunks_of_two_partitions_the_highest_version_counts_in_which_somebody_goes() -> None:
    first = Applied(
        tally=Tally(read=4), deleted={ADA: 9, BEA: 9}, untouched={CLEO: 9, DAN: 9, EVE: 1}
    )
    later = Applied(tally=Tally(read=4), deleted={ADA: 5, DAN: 5}, untouched={BEA: 12, CLEO: 5})

    both = first.then(later)

    assert both.deleted == {ADA: 9, BEA: 12, DAN: 9}
    assert both.untouched == {CLEO: 9, EVE: 1}


def test_what_is_refused_of_chunks_together_is_found_and_stops_nothing_else(
    ledger: MemoryLedger,
) -> None:
    store = RefusingStore(named_refused)
    one, other = TOPIC._replace(partitions=2), TOPIC._replace(number=1, partitions=2)
    refused = stored(ADA, username="refused")

    applied = store.apply_together(
        [chunk(refused, stored(BEA), partition=one), chunk(stored(CLEO), partition=other)], ledger
    )

    assert held(store).keys() == {BEA, CLEO}
    assert applied.tally == Tally(read=3, stored=2, rejected=1, reasons={"store": 1})
    assert [place.rejected for place in applied.refused] == [REFUSED]


class AskingUnit(MemoryUnitOfWork):
    """A unit of work that wants to know who is probably new, as that of MongoDB does."""

    def __init__(self, state: State, told: list[set[PersonId]]) -> None:
        super().__init__(state)
        self._told = told

    def held(
        self,
        persons: Collection[PersonId],
        *,
        probably_new: Callable[[], Collection[PersonId]] | None = None,
        limit: int | None = None,
    ) -> Mapping[PersonId, Held]:
        self._told.append(set(probably_new()) if probably_new else set())
        return super().held(persons, limit=limit)


class AskingTransactions:
    def __init__(self) -> None:
        self.told: list[set[PersonId]] = []
        self._state = State()

    def run(self, work: Callable[[UnitOfWork], T]) -> T:
        return work(AskingUnit(self._state, self.told))


def test_who_is_stored_by_a_chunk_is_probably_new(ledger: MemoryLedger) -> None:
    transactions = AskingTransactions()
    ledger.suppress(CLEO)
    ledger.restrict(DAN)
    apply_chunk(transactions, chunk(stored(ADA)), ledger, followed=False)
    transactions.told.clear()

    whole = chunk(*map(stored, (ADA, BEA, CLEO, DAN)), (EVE, MINOR), (BEA, MINOR), start=1)
    apply_chunk(transactions, whole, ledger, followed=False)

    assert transactions.told == [{ADA}]


def test_nobody_is_probably_new_of_whom_something_was_decided_before(ledger: MemoryLedger) -> None:
    transactions = AskingTransactions()
    apply_chunk(transactions, chunk(stored(ADA)), ledger, followed=False)
    transactions.told.clear()

    apply_chunk(transactions, chunk(stored(ADA), stored(BEA)), ledger, followed=False)

    assert transactions.told == [set()]


@dataclass
class LedgerReadTooEarly:
    """Says first what it said before another process entered and carried out something."""

    ledger: MemoryLedger
    meanwhile: Callable[[], object]
    asked: int = 0

    def view(self, *, at_least: LedgerHead = START) -> LedgerView:
        self.asked += 1
        before = self.ledger.view()
        if self.asked == 1:
            self.meanwhile()
            return before
        return self.ledger.view(at_least=at_least)


def test_a_chunk_that_was_overtaken_by_an_erasure_reads_the_ledger_again(
    ledger: MemoryLedger,
) -> None:
    store = MemoryDecidingStore()

    def erase() -> None:
        ledger.suppress(ADA)
        store.apply_ledger(ledger)

    early = LedgerReadTooEarly(ledger, erase)
    tally = store.apply(chunk(stored(ADA), stored(BEA)), early).tally

    assert tally == Tally(read=2, stored=1, suppressed=1)
    assert early.asked == 2
    assert held(store).keys() == {BEA}


# Chunks of several partitions --------------------------------------------------------------------

SIDES = [TOPIC._replace(number=number, partitions=2) for number in range(2)]
RECORDS = st.sampled_from([ADA, BEA]).flatmap(
    lambda person: st.sampled_from(
        [stored(person), stored(person), (person, MINOR), (person, ERASED)]
    )
)
LOGS = st.lists(RECORDS, min_size=1, max_size=6)


@given(LOGS, LOGS, st.sets(st.sampled_from([ADA, BEA])), st.integers(0, 31), st.data())
def test_who_is_not_held_after_chunks_together_is_in_no_copy_of_the_following_store(
    first: Sequence[About],
    second: Sequence[About],
    suppressed: set[PersonId],
    revision: int,
    data: st.DataObject,
) -> None:
    """As where a new group reads all from the beginning, beside a store put back from a copy."""
    followed = MemoryFollowingStore(lambda: NOW)
    for person in (ADA, BEA):
        places = [
            version(offset, partition=number)
            for number, log in enumerate((first, second))
            for offset, (told, outcome) in enumerate(log)
            if told == person and isinstance(outcome, Profile)
        ]
        if places:
            copied = data.draw(st.sampled_from(places)) + (revision if person in suppressed else 0)
            followed.follow(Following(held={person: (profile(person), copied)}, absent={}))
    ledger = MemoryLedger()
    ledger.suppress(*suppressed)
    store = MemoryDecidingStore()

    applied = store.apply_together(
        [chunk(*log, partition=side) for log, side in zip((first, second), SIDES, strict=True)],
        ledger,
        followed=True,
    )
    followed.follow(following_of(store, applied))

    held = {row.id for row, _ in store.profiles()}
    assert {row.id for row, _ in followed.profiles()} <= held
    assert not held & suppressed
