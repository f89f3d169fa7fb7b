"""What the following store has still to delete reaches it, wherever a job is broken off."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from threading import Event

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from profiles.adapters import codec
from profiles.adapters.memory import MemoryDecidingStore, MemoryFollowingStore, MemoryLedger
from profiles.application.errors import StoreError
from profiles.application.following import outbox
from profiles.application.following.outbox import Outbox
from profiles.application.ingest import consume
from profiles.application.ingest.consume import Consumer
from profiles.application.log.deciding import Rules
from profiles.application.ports.stores import Following
from profiles.domain.errors import ProfilesError
from profiles.domain.person import PersonId
from profiles.domain.policy import DEFAULT_POLICY
from tests.support.failing_stores import FailingFollowingStore, retry_at_once
from tests.support.histories import ADA, BEA, CLEO, IDS, chunk, profile, stored, version
from tests.support.memory_streams import (
    START,
    MemoryPartitionedLog,
    MemoryRejectedSink,
    MemoryTopic,
)

NOW = START + timedelta(seconds=10)
AWAY = StoreError("The store", "it does not answer", "It is tried again.")


@pytest.fixture
def store() -> MemoryDecidingStore:
    """Give a store that has deleted two of three persons, and has told nobody."""
    store, ledger = MemoryDecidingStore(), MemoryLedger()
    store.apply(chunk(stored(ADA), stored(BEA), stored(CLEO)), ledger)
    ledger.suppress(ADA)
    ledger.suppress(BEA)
    store.apply_ledger(ledger, followed=True)
    return store


@pytest.fixture
def following() -> FailingFollowingStore:
    """Give the store that follows it, which still has all three."""
    following = FailingFollowingStore(lambda: NOW)
    rows = {person: (profile(person), version(at)) for at, person in enumerate((ADA, BEA, CLEO))}
    following.follow(Following(held=rows, absent={}))
    return following


def test_what_is_delivered_is_owed_no_more(
    store: MemoryDecidingStore,
    following: FailingFollowingStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox, "DELIVERED_AT_ONCE", 1)

    Outbox(store=store, following=following).deliver()

    assert [row for row, _ in following.profiles()] == [profile(CLEO)]
    assert store.outbox(limit=9) == {}


def test_what_the_following_store_did_not_take_stays_owed(
    store: MemoryDecidingStore, following: FailingFollowingStore
) -> None:
    following.failures = iter([AWAY])

    with pytest.raises(StoreError):
        Outbox(store=store, following=following).deliver()

    assert store.outbox(limit=9).keys() == {ADA, BEA}


def test_without_a_following_store_nothing_is_delivered_and_nothing_falls_due(
    store: MemoryDecidingStore,
) -> None:
    alone = Outbox(store=store, following=None)

    alone.deliver()

    assert not alone.followed
    assert not alone.falls_due()
    assert store.outbox(limit=9).keys() == {ADA, BEA}


def test_it_falls_due_at_first_and_when_something_is_expected(
    store: MemoryDecidingStore, following: FailingFollowingStore
) -> None:
    owing = Outbox(store=store, following=following)

    assert [owing.falls_due(), owing.falls_due()] == [True, False]
    owing.expect()
    assert [owing.falls_due(), owing.falls_due()] == [True, False]


# --- Any history of storing, erasing, crashing and starting again ----------------------------


Record = tuple[int, str | None]
"""Of whom a record is, by number, and when she was born; None for a tombstone."""

RECORDS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["1985-03-01", "2020-01-01", None])), max_size=6
)


class CrashError(ProfilesError):
    """The process was killed."""


class CrashingFollowingStore(MemoryFollowingStore):
    """At one of the calls to come the caller is killed; the write is lost, in part, or late."""

    def __init__(self) -> None:
        super().__init__(clock=lambda: NOW)
        self.crashes: Iterator[str | None] = iter(())
        self.late: list[Following] = []

    def follow(self, following: Following) -> None:
        crash = next(self.crashes, None)
        if crash == "late":
            self.late.append(following)
        elif crash == "half":
            held = dict(list(following.held.items())[::2])
            absent = dict(list(following.absent.items())[::2])
            super().follow(Following(held=held, absent=absent))
        elif crash != "lost":
            super().follow(following)
        if crash is not None:
            raise CrashError

    def arrive(self) -> None:
        """Take what a server has got and has not worked on yet."""
        while self.late:
            super().follow(self.late.pop())


class ForgetfulStore(MemoryDecidingStore):
    """The process may be killed before it is noted that deletions were delivered."""

    crash = False

    def remove_from_outbox(self, deletions: Mapping[PersonId, int]) -> None:
        if self.crash:
            raise CrashError
        super().remove_from_outbox(deletions)


class BrokenOffJobs(RuleBasedStateMachine):
    """Jobs that are killed at any place between two stores, with a log and a ledger that live."""

    @initialize()
    def begin(self) -> None:
        self.topic = MemoryTopic()
        self.store = ForgetfulStore()
        self.following = CrashingFollowingStore()
        self.ledger = MemoryLedger()

    @rule(at=st.sampled_from(range(4)))
    def erase(self, at: int) -> None:
        self.ledger.suppress(IDS[at])

    @rule()
    def apply_the_ledger_and_be_killed(self) -> None:
        self.store.apply_ledger(self.ledger, followed=True)

    @rule()
    def sweep_and_be_killed(self) -> None:
        self.store.sweep(read_on=date(2039, 1, 1), quarantined_before=NOW, followed=True)

    @rule(
        records=RECORDS,
        before=st.integers(0, 2),
        how=st.sampled_from(["lost", "half", "late"]),
        forgetful=st.booleans(),
    )
    def run_and_be_killed(
        self, records: Sequence[Record], before: int, how: str, *, forgetful: bool
    ) -> None:
        self.send(records)
        self.following.crashes = iter([*[None] * before, how])
        self.store.crash = forgetful
        with suppress(CrashError):
            self.run()
        self.following.crashes = iter(())
        self.store.crash = False

    @rule()
    def what_was_late_arrives(self) -> None:
        self.following.arrive()

    @rule(records=RECORDS)
    def run_to_the_end(self, records: Sequence[Record]) -> None:
        self.send(records)
        self.run()
        self.following.arrive()  # a deletion that was made wins, in whatever order they come
        held = {row.id: (row, at) for row, at in self.store.profiles()}
        followed = {row.id: (row, at) for row, at in self.following.profiles()}
        assert followed == held
        assert not self.ledger.view().named(held).suppressed
        assert self.store.outbox(limit=9) == {}

    def send(self, records: Sequence[Record]) -> None:
        for at, born in records:
            value = {"login": {"uuid": IDS[at]}, "dob": {"date": born}}
            message = None if born is None else json.dumps(value).encode()
            self.topic.append(at % 2, message, IDS[at].encode())

    def run(self) -> None:
        job = Consumer(
            log=MemoryPartitionedLog(self.topic),
            store=self.store,
            ledger=self.ledger,
            rejected=MemoryRejectedSink(),
            rules=Rules(policy=DEFAULT_POLICY, decode=codec.decode),
            clock=lambda: NOW,
            retry=retry_at_once,
            following=self.following,
        )
        assert job.run(once=True, stop=Event())

    def teardown(self) -> None:
        self.run_to_the_end(())


@pytest.mark.parametrize("delivery_s", [0.0, 3_600.0], ids=["at each chunk", "once an hour"])
def test_however_jobs_are_killed_the_next_one_makes_both_stores_agree(
    monkeypatch: pytest.MonkeyPatch, delivery_s: float
) -> None:
    monkeypatch.setattr(outbox, "DELIVERY_S", delivery_s)
    monkeypatch.setattr(consume, "AGAIN_S", 0.0)
    machine = BrokenOffJobs.TestCase
    machine.settings = settings(max_examples=50, stateful_step_count=12, deadline=None)

    machine("runTest").runTest()
