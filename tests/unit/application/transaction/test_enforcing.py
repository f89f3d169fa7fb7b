"""What a ledger says, carried out on what is held: some persons at a time, and after a kill."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters.memory import MemoryDecidingStore, MemoryLedger
from profiles.application.ports.unit_of_work import Transactions, UnitOfWork
from profiles.application.transaction import enforcing
from profiles.application.transaction.enforcing import (
    apply_entries,
    apply_ledger,
    catch_up,
    unlawful,
    unlawful_among,
)
from profiles.domain.ledger_entry import Action, Draft
from profiles.domain.ledger_view import LedgerView
from profiles.domain.person import PersonId
from profiles.domain.statistics import Statistics
from profiles.domain.version import REVISION_BITS, Version
from tests.support.histories import (
    ADA,
    BEA,
    CLEO,
    DAN,
    ERASED,
    EVE,
    IDS,
    NOW,
    chunk,
    profile,
    stored,
    version,
)

T = TypeVar("T")


class Killed(Exception):  # noqa: N818 - it is no error, but what happens to a process
    """The process ends."""


class Observed:
    """Transactions that note after each of them how many are held and how far the ledger is.

    seen: how many are held, the entry that is decided by, and the one up to which is carried out.
    left: after so many more the process is killed.
    """

    def __init__(self, store: MemoryDecidingStore) -> None:
        self._store, self._transactions = store, store.transactions
        self.seen: list[tuple[int, int, int]] = []
        self.left = 99

    def run(self, work: Callable[[UnitOfWork], T]) -> T:
        if not self.left:
            raise Killed
        self.left -= 1
        result = self._transactions.run(work)
        held = sum(1 for _ in self._store.profiles())
        (number, _), done, _ = self._store.ledger()
        self.seen.append((held, number, done))
        return result


@pytest.fixture
def store() -> MemoryDecidingStore:
    """Give a store that holds five persons."""
    store = MemoryDecidingStore()
    store.apply(chunk(*(stored(person) for person in (ADA, BEA, CLEO, DAN, EVE))), MemoryLedger())
    return store


@pytest.fixture
def transactions(store: MemoryDecidingStore, monkeypatch: pytest.MonkeyPatch) -> Observed:
    monkeypatch.setattr(enforcing, "REMOVED_AT_ONCE", 2)
    monkeypatch.setattr(enforcing, "LOOKED_THROUGH_AT_ONCE", 3)
    return Observed(store)


@pytest.fixture(params=[True, False], ids=["followed", "alone"])
def followed(request: pytest.FixtureRequest) -> bool:
    """Say whether a store follows."""
    return bool(request.param)


def outbox_of(store: MemoryDecidingStore, *, followed: bool) -> Collection[PersonId]:
    """Name those whom a following store has to be told of; with none nothing may pile up."""
    noted = store.outbox(limit=99)
    assert followed or not noted
    return noted.keys()


def ledger_of(*suppressed: PersonId) -> LedgerView:
    ledger = MemoryLedger()
    ledger.suppress(*suppressed)
    return ledger.view()


def persons_of(store: MemoryDecidingStore) -> list[str]:
    return [profile.id for profile, _ in store.profiles()]


def apart(store: MemoryDecidingStore) -> dict[PersonId, int]:
    """Return who is kept apart, with versions."""
    pairs = store.transactions.run(lambda unit: unit.restricted_after(None, limit=99))
    return {person: kept for person, (_, kept) in pairs.items()}


def is_counted(store: MemoryDecidingStore) -> bool:
    """Tell whether the statistics are those of the persons who are held."""
    return store.statistics() == Statistics.recount(profile for profile, _ in store.profiles())


# --- Suppressed -------------------------------------------------------------------------------


def test_it_is_decided_by_the_ledger_before_what_is_held_is_looked_through(
    store: MemoryDecidingStore, transactions: Observed, *, followed: bool
) -> None:
    view = ledger_of(ADA, BEA, CLEO, IDS[6])

    assert apply_ledger(transactions, view, followed=followed) == 3

    # Ada and Bea, as no more go at once; Cleo and the next; nobody is left; nobody is apart.
    assert [seen[:2] for seen in transactions.seen] == [
        *((5, 4), (3, 4), (2, 4)),
        *((2, 4), (2, 4), (2, 4)),
    ]
    assert [done for _, _, done in transactions.seen] == [0, 0, 0, 0, 0, 4]
    assert persons_of(store) == [DAN, EVE]
    assert is_counted(store)
    gone = {p: Version.last_revision(version(at)) for at, p in enumerate((ADA, BEA, CLEO))}
    assert store.outbox(limit=9) == (gone if followed else {})


@pytest.mark.parametrize("transactions_done", range(7))
def test_killed_anywhere_it_is_completed_by_the_next(
    store: MemoryDecidingStore, transactions: Observed, transactions_done: int
) -> None:
    ledger = MemoryLedger()
    ledger.suppress(ADA, BEA, EVE)
    ledger.restrict(CLEO)
    transactions.left = transactions_done
    with suppress(Killed):
        catch_up(transactions, ledger, followed=True)
    transactions.left = 99

    catch_up(transactions, ledger, followed=True)

    assert persons_of(store) == [DAN]
    assert apart(store) == {CLEO: version(2)}
    assert is_counted(store)
    assert outbox_of(store, followed=True) == {ADA, BEA, CLEO, EVE}
    assert store.ledger()[:2] == (ledger.view().head, 4)


def test_entries_that_change_nobody_need_no_look_at_what_is_held(
    store: MemoryDecidingStore, transactions: Observed
) -> None:
    ledger = MemoryLedger()
    ledger.suppress(ADA)
    catch_up(transactions, ledger, followed=False)
    ledger.enter([Draft(action=Action.COMPLETE, refers=1)], at=NOW)
    transactions.seen.clear()

    assert catch_up(transactions, ledger, followed=False) == 0

    assert transactions.seen == [(4, 1, 1), (4, 2, 2), (4, 2, 2)]
    assert store.ledger()[:2] == (ledger.view().head, 2)


def test_a_store_never_decides_by_less_than_before(
    store: MemoryDecidingStore, transactions: Observed
) -> None:
    ledger = MemoryLedger()
    ledger.suppress(ADA)
    earlier = ledger.view()
    ledger.suppress(BEA)
    apply_ledger(transactions, ledger.view(), followed=False)

    apply_ledger(transactions, earlier, followed=False)

    assert store.ledger()[:2] == (ledger.view().head, 2)
    assert persons_of(store) == [CLEO, DAN, EVE]


def test_a_store_catches_up_with_a_ledger_once(
    store: MemoryDecidingStore, transactions: Transactions
) -> None:
    ledger = MemoryLedger()
    assert catch_up(transactions, ledger, followed=True) == 0
    ledger.suppress(BEA)

    assert catch_up(transactions, ledger, followed=True) == 1
    assert catch_up(transactions, ledger, followed=True) == 0
    assert store.outbox(limit=9) == {BEA: Version.last_revision(version(1))}
    assert store.ledger()[:2] == (ledger.view().head, 1)
    assert is_counted(store)


# --- Restricted -------------------------------------------------------------------------------


def test_who_is_restricted_is_kept_apart_and_comes_back_as_she_was(
    store: MemoryDecidingStore, transactions: Observed, *, followed: bool
) -> None:
    ledger = MemoryLedger()
    ledger.restrict(ADA, DAN)

    assert catch_up(transactions, ledger, followed=followed) == 2
    assert persons_of(store) == [BEA, CLEO, EVE]
    assert apart(store) == {ADA: version(0), DAN: version(3)}
    assert is_counted(store)
    assert outbox_of(store, followed=followed) == ({ADA, DAN} if followed else set())
    assert catch_up(transactions, ledger, followed=followed) == 0

    store.remove_from_outbox(store.outbox(limit=9))
    ledger.unrestrict(DAN)
    assert catch_up(transactions, ledger, followed=followed) == 1
    assert apart(store) == {ADA: version(0)}
    assert store.profile(DAN) == (profile(DAN), version(3) + 1)
    assert is_counted(store)
    assert store.outbox(limit=9) == ({DAN: version(3)} if followed else {})


def test_many_who_are_kept_apart_are_looked_through_some_at_a_time(
    store: MemoryDecidingStore, transactions: Observed
) -> None:
    ledger = MemoryLedger()
    ledger.restrict(ADA, BEA, CLEO, DAN, EVE)
    catch_up(transactions, ledger, followed=False)
    assert persons_of(store) == []
    ledger.suppress(BEA)
    ledger.unrestrict(ADA, CLEO, DAN)

    assert catch_up(transactions, ledger, followed=False) == 4

    assert persons_of(store) == [ADA, CLEO, DAN]
    assert list(apart(store)) == [EVE]
    assert is_counted(store)


def test_what_arrives_meanwhile_counts_as_restricted_and_leaves_no_trace(
    store: MemoryDecidingStore,
) -> None:
    ledger = MemoryLedger()
    ledger.restrict(ADA)

    applied = store.apply(chunk(stored(ADA, city="Ribe"), start=5), ledger, followed=True)

    assert (applied.tally.restricted, applied.untouched, applied.deleted) == (1, {}, {})
    assert applied.restricted == {ADA}
    assert apart(store) == {ADA: version(0)}
    ledger.unrestrict(ADA)
    applied = store.apply(chunk(stored(BEA), start=6), ledger, followed=True)
    assert applied.owed == 1
    assert store.profile(ADA) == (profile(ADA), version(0) + 1)


def test_who_is_erased_while_kept_apart_leaves_what_follows_too(
    store: MemoryDecidingStore, *, followed: bool
) -> None:
    """One that was put back may still have her, in whatever revision."""
    ledger = MemoryLedger()
    ledger.restrict(ADA)
    store.apply_ledger(ledger)
    ledger.suppress(ADA)

    assert store.apply_ledger(ledger, followed=followed) == 1

    assert apart(store) == {}
    noted = {ADA: Version.last_revision(version(0))} if followed else {}
    assert store.outbox(limit=9) == noted


def test_whom_the_source_has_deleted_does_not_come_back(store: MemoryDecidingStore) -> None:
    ledger = MemoryLedger()
    ledger.restrict(ADA)
    store.apply(chunk(start=5), ledger)

    store.apply(chunk((ADA, ERASED), start=5), ledger)

    assert apart(store) == {}


def test_restrictions_go_on_when_the_revisions_of_a_version_are_used_up(
    store: MemoryDecidingStore,
) -> None:
    ledger, transactions = MemoryLedger(), store.transactions
    for _ in range(2**REVISION_BITS + 3):
        ledger.restrict(ADA)
        catch_up(transactions, ledger, followed=True)
        assert ADA not in persons_of(store)
        ledger.unrestrict(ADA)
        catch_up(transactions, ledger, followed=True)
        assert store.profile(ADA) is not None
        assert is_counted(store)

    assert store.profile(ADA) == (profile(ADA), version(0) + 2**REVISION_BITS - 1)
    store.apply(chunk(stored(ADA, city="Ribe"), start=5), ledger)
    assert store.profile(ADA) == (profile(ADA, city="Ribe"), version(5))


# --- Of whom it is known who they are ---------------------------------------------------------


def test_persons_who_are_known_go_without_a_look_at_all_the_others(
    store: MemoryDecidingStore, transactions: Observed, *, followed: bool
) -> None:
    view = ledger_of(ADA, DAN, IDS[6])

    gone = apply_entries(transactions, [ADA, DAN, IDS[6]], view, entries=(1, 3), followed=followed)

    assert gone == 2
    assert transactions.seen == [(5, 3, 0), (3, 3, 3)]
    assert persons_of(store) == [BEA, CLEO, EVE]
    assert is_counted(store)
    assert outbox_of(store, followed=followed) == ({ADA, DAN} if followed else set())


def test_what_was_to_be_carried_out_before_still_is(
    store: MemoryDecidingStore, transactions: Observed
) -> None:
    ledger = MemoryLedger()
    ledger.suppress(BEA)
    ledger.suppress(ADA)

    apply_entries(transactions, [ADA], ledger.view(), entries=(2, 2), followed=False)

    assert store.ledger()[:2] == (ledger.view().head, 0)
    assert BEA in persons_of(store)
    assert catch_up(transactions, ledger, followed=False) == 1
    assert persons_of(store) == [CLEO, DAN, EVE]


def test_a_chunk_carries_out_what_concerns_it_while_somebody_is_at_the_rest(
    store: MemoryDecidingStore, transactions: Observed
) -> None:
    ledger = MemoryLedger()
    ledger.restrict(ADA)
    ledger.suppress(BEA)
    catch_up(transactions, ledger, followed=True)
    ledger.unrestrict(ADA)
    ledger.suppress(CLEO, DAN)
    transactions.left = 2  # the head is set, and nothing is looked at yet
    with suppress(Killed):
        catch_up(transactions, ledger, followed=True)

    newer = chunk(stored(ADA, city="Ribe"), stored(CLEO), start=5)
    applied = store.apply(newer, ledger, followed=True)

    assert (applied.tally.stored, applied.tally.suppressed, applied.owed) == (1, 1, 2)
    assert persons_of(store) == [ADA, DAN, EVE]
    assert store.profile(ADA) == (profile(ADA, city="Ribe"), version(5))
    assert is_counted(store)


def test_of_whom_something_unlawful_is_held_is_found(transactions: Observed) -> None:
    ledger = MemoryLedger()
    assert sum(map(len, unlawful(transactions, ledger.view()))) == 0
    ledger.restrict(CLEO, DAN)
    catch_up(transactions, ledger, followed=False)
    assert sum(map(len, unlawful(transactions, ledger.view()))) == 0

    ledger.suppress(ADA, CLEO)
    ledger.restrict(EVE)
    ledger.unrestrict(DAN)

    found = [person for some in unlawful(transactions, ledger.view()) for person in some]
    assert sorted(found) == [ADA, CLEO, DAN, EVE]
    for asked in ([], [ADA, BEA], [CLEO, DAN], IDS):
        among = unlawful_among(transactions, asked, ledger.view())
        assert among == set(asked) & set(found)


# --- Whatever was entered ---------------------------------------------------------------------


@given(
    said=st.lists(
        st.tuples(
            st.sampled_from([Action.SUPPRESS, Action.READMIT, Action.RESTRICT, Action.UNRESTRICT]),
            st.sampled_from(IDS[:6]),
        )
    ),
    every=st.integers(1, 4),
)
def test_in_the_end_is_held_what_the_last_entries_allow(
    said: list[tuple[Action, PersonId]], every: int
) -> None:
    store, ledger = MemoryDecidingStore(), MemoryLedger()
    store.apply(chunk(*map(stored, IDS[:5])), ledger)
    erased: set[PersonId] = set()
    for number, (action, person) in enumerate(said):
        ledger.enter([Draft(action=action, person=person)], at=NOW)
        if number % every == 0:
            store.apply_ledger(ledger, followed=True)
            erased |= ledger.view().named(IDS).suppressed
    store.apply_ledger(ledger, followed=True)

    named = ledger.view().named(IDS)
    erased |= named.suppressed
    assert not named.suppressed & (apart(store).keys() | set(persons_of(store)))
    assert set(persons_of(store)) == {*IDS[:5]} - erased - named.restricted
    assert apart(store).keys() == (named.restricted & {*IDS[:5]}) - erased
    assert is_counted(store)
    assert sum(map(len, unlawful(store.transactions, ledger.view()))) == 0
