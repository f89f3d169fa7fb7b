"""Whose profile `profiles restrict` keeps apart, and what it says of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import pytest

from profiles.adapters.memory import (
    MemoryDecidingStore,
    MemoryFollowingStore,
    MemoryKeyring,
    MemoryLedger,
)
from profiles.application.errors import StoreError
from profiles.application.ports.stores import Following
from profiles.application.rights.notifying import Notification
from profiles.application.rights.restricting import Restricter, Restriction
from profiles.domain.ledger_entry import Action, Reason
from profiles.domain.statistics import Statistics
from profiles.domain.version import REVISION_BITS
from tests.support.histories import ADA, BEA, CLEO, NOW, chunk, held, profile, stored, version
from tests.support.recipients import MemoryRecipient
from tests.support.requests import requests_in


class AwayStore(MemoryFollowingStore):
    """A following store that can be switched off."""

    is_away = False

    def follow(self, following: Following) -> None:
        if self.is_away:
            raise StoreError("the copy", "is away", "Start it.")
        super().follow(following)


@dataclass
class Bench:
    store: MemoryDecidingStore = field(default_factory=MemoryDecidingStore)
    following: AwayStore = field(default_factory=lambda: AwayStore(lambda: NOW))
    keyring: MemoryKeyring = field(default_factory=MemoryKeyring)
    ledger: MemoryLedger = field(init=False)
    with_copy: bool = True
    recipients: list[MemoryRecipient] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = MemoryLedger(self.keyring)
        applied = self.store.apply(chunk(stored(ADA), stored(BEA)), self.ledger)
        self.following.follow(Following(held=applied.stored, absent={}))

    @property
    def restricter(self) -> Restricter:
        return Restricter(
            store=self.store,
            following=self.following if self.with_copy else None,
            ledger=self.ledger,
            requests=requests_in(self.ledger, self.keyring, *self.recipients),
            clock=lambda: NOW,
            name="the store",
            following_name="the copy" if self.with_copy else None,
        )


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_it_is_kept_apart_and_comes_back_everywhere(bench: Bench) -> None:
    done = bench.restricter.restrict(ADA, reason=Reason.ACCURACY)

    assert done == Restriction(
        id=ADA,
        entry=1,
        restricted=True,
        kept_apart=True,
        held={"the store": False, "the copy": False},
        complete=True,
    )
    assert bench.store.statistics() == Statistics.recount([profile(BEA)])
    entry, complete = bench.ledger.entries()
    assert (entry.action, entry.reason, entry.deadline) == (
        Action.RESTRICT,
        Reason.ACCURACY,
        date(2026, 12, 23),
    )
    assert (complete.action, complete.refers) == (Action.COMPLETE, 1)

    back = bench.restricter.unrestrict(ADA)

    assert (back.entry, back.restricted, back.kept_apart) == (3, False, False)
    assert back.held == {"the store": True, "the copy": True}
    assert back.complete
    assert bench.store.profile(ADA) == (profile(ADA), version(0) + 1)
    assert bench.following.profile(ADA) == bench.store.profile(ADA)


def test_without_a_following_store_it_speaks_of_none(bench: Bench) -> None:
    bench.with_copy = False

    assert bench.restricter.restrict(ADA, reason=Reason.CLAIMS).held == {"the store": False}
    assert bench.restricter.unrestrict(ADA).complete


def test_twice_says_the_same_as_once(bench: Bench) -> None:
    first = bench.restricter.restrict(ADA, reason=Reason.CLAIMS)
    second = bench.restricter.restrict(ADA, reason=Reason.OBJECTION)

    assert (first.entry, second.entry, second.complete) == (1, None, True)
    assert bench.restricter.unrestrict(ADA).entry == 3
    assert bench.restricter.unrestrict(ADA).entry is None


def test_of_whom_nothing_is_held_nothing_is_entered(bench: Bench) -> None:
    done = bench.restricter.restrict(CLEO, reason=Reason.CLAIMS)

    assert (done.entry, done.restricted, done.kept_apart, done.complete) == (
        *(None, False, False),
        True,
    )
    assert bench.ledger.entries() == []


def test_what_was_interrupted_is_completed_by_the_same_again(bench: Bench) -> None:
    bench.following.is_away = True
    with pytest.raises(StoreError):
        bench.restricter.restrict(ADA, reason=Reason.CLAIMS)
    assert held(bench.store).keys() == {BEA}
    bench.following.is_away = False

    done = bench.restricter.restrict(ADA, reason=Reason.CLAIMS)

    assert (done.entry, done.complete) == (None, True)
    assert bench.following.profile(ADA) is None
    assert [each.action for each in bench.ledger.entries()] == [Action.RESTRICT, Action.COMPLETE]


def test_the_deadline_is_a_month_after_it_was_asked_for(bench: Bench) -> None:
    bench.restricter.restrict(ADA, reason=Reason.CLAIMS, received=date(2026, 10, 31))

    assert bench.ledger.entries()[0].deadline == date(2026, 11, 30)


def test_where_no_revision_is_left_the_following_store_waits_for_a_record(bench: Bench) -> None:
    for _ in range(2**REVISION_BITS - 1):
        bench.restricter.restrict(ADA, reason=Reason.CLAIMS)
        assert bench.restricter.unrestrict(ADA).complete
    assert not bench.restricter.waits_for_a_record(CLEO)

    bench.restricter.restrict(ADA, reason=Reason.CLAIMS)
    back = bench.restricter.unrestrict(ADA)

    assert not back.complete
    assert back.held == {"the store": True, "the copy": False}
    assert bench.restricter.waits_for_a_record(ADA)


def test_recipients_are_told_that_it_is_restricted_and_that_it_ends(bench: Bench) -> None:
    shop = MemoryRecipient("the shop")
    bench.recipients = [shop]
    knows = [Notification(recipient="the shop", confirmed=True)]

    assert bench.restricter.restrict(ADA, reason=Reason.CLAIMS).told == knows
    assert bench.restricter.unrestrict(ADA).told == knows

    assert shop.heard == [(ADA, "restrict", NOW), (ADA, "unrestrict", NOW)]


def test_nobody_is_told_of_what_is_not_done_yet(bench: Bench) -> None:
    shop = MemoryRecipient("the shop")
    bench.recipients = [shop]
    bench.following.is_away = True
    with pytest.raises(StoreError):
        bench.restricter.restrict(ADA, reason=Reason.CLAIMS)
    assert shop.heard == []

    bench.following.is_away = False
    bench.restricter.restrict(ADA, reason=Reason.CLAIMS)

    assert shop.heard == [(ADA, "restrict", NOW)]
