"""Whatever happens in whatever order, both stores hold what the log and the ledger allow.

Records, erasures, restrictions and corrections come in any order; jobs are killed anywhere, begin
anew from the first offset or an old checkpoint, and find their stores put back from copies.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from threading import Event
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from profiles.adapters import codec
from profiles.adapters.memory import (
    MemoryDecidingStore,
    MemoryFollowingStore,
    MemoryKeyring,
    MemoryLedger,
)
from profiles.adapters.memory.unit_of_work import State
from profiles.application.assurance.verify import Verifier
from profiles.application.following import outbox
from profiles.application.ingest import consume
from profiles.application.ingest.consume import Consumer
from profiles.application.ingest.erasing import LedgerWatch
from profiles.application.ingest.partition_task import PartitionTask
from profiles.application.log.deciding import Rules
from profiles.application.log.records import LogPartition
from profiles.application.policy.adopting import adopt
from profiles.application.ports.stores import Following
from profiles.application.ports.unit_of_work import Transactions, UnitOfWork
from profiles.application.rights.erasing import Eraser, TopicRecords
from profiles.application.rights.notifying import Notifier
from profiles.application.rights.places import Places
from profiles.application.rights.restricting import Restricter
from profiles.application.transaction import enforcing
from profiles.domain.errors import ProfilesError
from profiles.domain.ledger_entry import Action, Draft, Entry, Reason
from profiles.domain.person import PersonId
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.pseudonym import PseudonymKey
from profiles.domain.statistics import Statistics
from profiles.domain.version import Version
from tests.support.failing_stores import retry_at_once
from tests.support.histories import IDS
from tests.support.interleavings import NORWAY, NORWAY_AGE, Fate, Person, Record
from tests.support.memory_streams import (
    START,
    MemoryLogLookup,
    MemoryPartitionedLog,
    MemoryPublisher,
    MemoryRejectedSink,
    MemoryTopic,
)
from tests.support.requests import requests_in

T = TypeVar("T")

NOW = START + timedelta(seconds=10)
POLICY = replace(DEFAULT_POLICY, minimum_age_in={NORWAY: NORWAY_AGE})
PARTITIONS = [LogPartition("topic-1", number, 2) for number in range(2)]
PERSONS = IDS[:3]
STRAY = IDS[3]
"""Her records are in both partitions, as when the topic got a second one."""


class KilledError(ProfilesError):
    """The process was killed."""


@dataclass
class Killer:
    """Kills whoever comes to the next but `left` place where that may happen.

    how: before what is done there, inside, or after it; late is after it, and it is done later.
    """

    left: int | None = None
    how: str = "before"

    def comes(self) -> str | None:
        """Tell how to be killed here, if at all; nobody gets any further."""
        if self.left is None:
            return None
        self.left -= 1
        return self.how if self.left < 0 else None


class KilledTransactions:
    """Inside of a transaction a kill undoes it."""

    def __init__(self, transactions: Transactions, killer: Killer) -> None:
        self._transactions, self._killer = transactions, killer

    def run(self, work: Callable[[UnitOfWork], T]) -> T:
        killed = self._killer.comes()

        def work_and_be_killed(unit: UnitOfWork) -> T:
            result = work(unit)
            if killed == "inside":
                raise KilledError
            return result

        if killed == "before":
            raise KilledError
        result = self._transactions.run(work_and_be_killed)
        if killed is not None:
            raise KilledError
        return result


class KilledStore(MemoryDecidingStore):
    """It can be copied, and put back from a copy."""

    def __init__(self, killer: Killer) -> None:
        super().__init__()
        self._killer = killer
        self.transactions = KilledTransactions(self.transactions, killer)

    def remove_from_outbox(self, deletions: Mapping[PersonId, int]) -> None:
        killed = self._killer.comes()
        if killed in {None, "after"}:
            super().remove_from_outbox(deletions)
        if killed is not None:
            raise KilledError

    def copy(self) -> State:
        return deepcopy(self._state)

    def restore(self, copy: State) -> None:
        for each in fields(State):
            setattr(self._state, each.name, getattr(deepcopy(copy), each.name))

    def fate(self, person: PersonId) -> Fate | None:
        """Return what is held or kept apart of a person."""
        state = self._state
        assert not state.users.keys() & state.restricted.keys()
        assert state.corrections.keys() <= state.users.keys() | state.restricted.keys()
        pair = state.users.get(person) or state.restricted.get(person)
        if pair is None:
            return None
        (profile, version), kept = pair, state.corrections.get(person)
        corrected = {} if kept is None else dict(kept.fields)
        assert profile.city is not None
        assert profile.country is not None
        return Fate(
            apart=person in state.restricted,
            version=version,
            city=profile.city,
            country=profile.country,
            month=profile.birth_month,
            corrected=frozenset(
                (name, corrected[name])
                for name in ("city", "country", "birth_month")
                if name in corrected
            ),
        )


class KilledFollowingStore(MemoryFollowingStore):
    """A write of one who is killed is lost, made in part, or made late."""

    def __init__(self, killer: Killer) -> None:
        super().__init__(clock=lambda: NOW)
        self._killer = killer
        self._late: list[Following] = []

    def follow(self, following: Following) -> None:
        killed = self._killer.comes()
        if killed == "late":
            self._late.append(following)
        elif killed == "inside":
            held = dict(list(following.held.items())[::2])
            absent = dict(list(following.absent.items())[::2])
            super().follow(Following(held=held, absent=absent))
        elif killed != "before":
            super().follow(following)
        if killed is not None:
            raise KilledError

    def arrive(self) -> None:
        """Take what a server has got and has not worked on yet."""
        while self._late:
            super().follow(self._late.pop())

    def copy(self) -> dict[PersonId, object]:
        return dict(self._newest)

    def restore(self, copy: dict[PersonId, object]) -> None:
        self._newest = dict(copy)  # type: ignore[arg-type]  # what `copy` has returned
        self._late.clear()


class KilledLedger(MemoryLedger):
    """Remembers whom its entries are about.

    drafts: all of them.
    """

    def __init__(self, killer: Killer, keyring: MemoryKeyring) -> None:
        super().__init__(keyring)
        self._killer = killer
        self.drafts: list[Draft] = []

    def enter(self, drafts: Sequence[Draft], *, at: datetime) -> Sequence[Entry]:
        killed = self._killer.comes()
        if killed in {"before", "inside"}:
            raise KilledError
        entries = super().enter(drafts, at=at)
        self.drafts += drafts
        if killed is not None:
            raise KilledError
        return entries


class KeyedPublisher(MemoryPublisher):
    """Publishes null values where the machine keeps its log."""

    def __init__(self, machine: Interleavings) -> None:
        super().__init__(machine.topic)
        self._machine = machine

    def publish(self, key: bytes, value: bytes | None) -> None:
        assert value is None
        if self._machine.killer.comes() is not None:
            raise KilledError
        self._machine.log(PersonId(key.decode()), Record(kind="tombstone"))


def value_of(person: PersonId, record: Record) -> bytes | None:
    """Write a record as the log has it."""
    about: dict[str, object] = {"login": {"uuid": person}}
    told = {
        ("birth_date" if name == "birth_month" else name): (
            f"{value}-15" if name == "birth_month" else value
        )
        for name, value in record.sets.items()
    }
    if record.kind == "tombstone":
        return None
    if record.kind == "unreadable":
        return b"{"
    if record.kind == "correction":
        names = ["birth_date" if name == "birth_month" else name for name in record.releases]
        about["correction"] = {"set": told, "release": names}
    else:
        about["dob"] = {"date": told.pop("birth_date")}
        about["location"] = told
        about["email"] = f"{told['city']}@{told['country']}.example"
    return json.dumps(about).encode()


FIELDS = ["city", "country", "birth_month"]
CITIES = st.sampled_from(["Bergen", "Aarhus", "Thule"])
COUNTRIES = st.sampled_from(["Denmark", "Denmark", NORWAY])
ADULT = Record(
    kind="source", sets={"city": "Bergen", "country": "Denmark", "birth_month": "1970-05"}
)
MONTHS = st.sampled_from(["1985-03", "1970-05", "1970-05", "2020-01"])
SOURCE = st.builds(
    lambda city, country, month: Record(
        kind="source", sets={"city": city, "country": country, "birth_month": month}
    ),
    CITIES,
    COUNTRIES,
    MONTHS,
)
CORRECTION = st.builds(
    lambda sets, releases: Record(
        kind="correction", sets=sets, releases=[name for name in releases if name not in sets]
    ),
    st.fixed_dictionaries(
        {}, optional={"city": CITIES, "country": COUNTRIES, "birth_month": MONTHS}
    ),
    st.lists(st.sampled_from(FIELDS), unique=True, max_size=2),
).filter(lambda record: bool(record.sets or record.releases))
RECORDS = st.one_of(
    SOURCE,
    SOURCE,
    CORRECTION,
    st.sampled_from([Record(kind="tombstone"), Record(kind="unreadable")]),
)
ANYBODY = st.sampled_from(PERSONS)
ACTIONS = st.sampled_from([Action.SUPPRESS, Action.READMIT, Action.RESTRICT, Action.UNRESTRICT])
KILLS = st.one_of(
    st.none(),
    st.tuples(st.integers(0, 9), st.sampled_from(["before", "inside", "after", "late"])),
)
Kill = tuple[int, str] | None


class Interleavings(RuleBasedStateMachine):
    """Two stores, a log and a ledger that live, and jobs and commands that do not live long."""

    @initialize()
    def begin(self) -> None:
        self.killer = Killer()
        self.topic = MemoryTopic()
        self.keyring = MemoryKeyring()
        self.ledger = KilledLedger(self.killer, self.keyring)
        self.store = KilledStore(self.killer)
        adopt(self.store, POLICY, accept=True, now=NOW)
        self.following = KilledFollowingStore(self.killer)
        self.persons = {person: Person() for person in PERSONS}
        self.strays: list[tuple[int, str]] = []
        self.entered = self.groups = 0
        self.copy_of_store = self.store.copy()
        self.copy_of_following = self.following.copy()
        self.store_was_put_back = self.following_was_put_back = False
        self.task_was_left = False
        for person in PERSONS:
            self.log(person, ADULT)
        self.all_is_done(new_group=False)

    # --- The log ------------------------------------------------------------------------------

    @rule(person=ANYBODY, records=st.lists(RECORDS, min_size=1, max_size=3))
    def a_source_or_an_operator_logs(self, person: PersonId, records: Sequence[Record]) -> None:
        for record in records:
            self.log(person, record)

    @rule(number=st.sampled_from([0, 1]), city=CITIES)
    def a_record_of_another_partition(self, number: int, city: str) -> None:
        sets = {"city": city, "country": "Denmark", "birth_month": "1985-03"}
        value = value_of(STRAY, Record(kind="source", sets=sets))
        offset = self.topic.append(number, value, STRAY.encode())
        self.strays.append((Version(1, offset, number).number(), city))

    def log(self, person: PersonId, record: Record) -> None:
        self.learn()
        number = PERSONS.index(person) % 2
        offset = self.topic.append(number, value_of(person, record), person.encode())
        self.persons[person].log(record, Version(1, offset, number).number())

    # --- The ledger ---------------------------------------------------------------------------

    @rule(said=st.lists(st.builds(Draft, action=ACTIONS, person=ANYBODY), min_size=1, max_size=3))
    def commands_are_killed_behind_their_entries(self, said: Sequence[Draft]) -> None:
        self.ledger.enter(said, at=NOW)

    @rule(persons=st.lists(ANYBODY, min_size=1, max_size=2, unique=True), kill=KILLS)
    def erase(self, persons: Sequence[PersonId], kill: Kill) -> None:
        eraser = Eraser(
            places=Places(
                store=self.store,
                following=self.following,
                records=TopicRecords(KeyedPublisher(self), name="topic", within_s=1.0),
                name="store",
                following_name="following",
            ),
            ledger=self.ledger,
            writer=self.ledger,
            keyring=self.keyring,
            notifier=Notifier(recipients=(), writer=self.ledger, clock=lambda: NOW),
            clock=lambda: NOW,
            remaining=lambda _at: (),
        )
        erasure = self.until_killed(kill, lambda: eraser.erase(persons))
        assert erasure is None or erasure.receipt.complete

    @rule(person=ANYBODY, kill=KILLS)
    def restrict(self, person: PersonId, kill: Kill) -> None:
        self.until_killed(kill, lambda: self.restricter().restrict(person, reason=Reason.ACCURACY))

    @rule(person=ANYBODY, kill=KILLS)
    def unrestrict(self, person: PersonId, kill: Kill) -> None:
        self.until_killed(kill, lambda: self.restricter().unrestrict(person))

    def restricter(self) -> Restricter:
        return Restricter(
            store=self.store,
            following=self.following,
            ledger=self.ledger,
            requests=requests_in(self.ledger, self.keyring),
            clock=lambda: NOW,
            name="store",
            following_name="following",
        )

    @rule()
    def the_ledger_gets_a_new_key(self) -> None:
        name = f"key-{len(self.keyring.keys)}"
        self.keyring.keys.append(PseudonymKey(id=name, secret=secrets.token_bytes(32)))

    # --- Jobs ---------------------------------------------------------------------------------

    @rule(
        number=st.sampled_from([0, 1]),
        again=st.sampled_from([0, 0, 0, 1, 3, 99]),
        size=st.integers(1, 4),
        pieces=st.integers(1, 3),
        kill=KILLS,
    )
    def a_job_takes_records_in(
        self, number: int, again: int, size: int, pieces: int, kill: Kill
    ) -> None:
        """Begin at the position, or before it: at an old checkpoint, or at the first offset.

        Spark tries a killed task again. Here another job may go on instead, whose group has
        committed more than a deciding store had that was put back: so what the task had decided
        and not sent on waits for the repair.
        """
        log = self.topic.logs[number]
        start = max(0, (self.store.position(PARTITIONS[number]) or 0) - again)
        chunks = [log[at : at + size] for at in range(start, len(log), size)][:pieces]
        task = PartitionTask(
            store=self.store,
            ledger=self.ledger,
            rejected=MemoryRejectedSink(),
            lookup=MemoryLogLookup(self.topic),
            open_reader=lambda: MemoryLogLookup(self.topic),
            rules=Rules(policy=POLICY, decode=codec.decode),
            clock=lambda: NOW,
            retry=retry_at_once,
            following=self.following,
        )

        def take_in() -> None:
            for chunk in chunks:
                task.process(PARTITIONS[number], [chunk])

        self.until_killed(kill, take_in)
        if kill is not None and self.store_was_put_back:
            self.task_was_left = True

    @rule(kill=KILLS)
    def a_job_looks_into_the_ledger_meanwhile(self, kill: Kill) -> None:
        watch = LedgerWatch(store=self.store, ledger=self.ledger, following=self.following)
        self.until_killed(kill, watch.apply)

    @rule()
    def what_was_late_arrives(self) -> None:
        self.following.arrive()

    def until_killed(self, kill: Kill, act: Callable[[], T]) -> T | None:
        """Act, and be killed somewhere; None where that was."""
        if kill is not None:
            self.killer.left, self.killer.how = kill
        try:
            return act()
        except KilledError:
            return None
        finally:
            self.killer.left = None

    # --- Copies -------------------------------------------------------------------------------

    @rule(deciding=st.booleans())
    def a_store_is_copied(self, *, deciding: bool) -> None:
        if deciding:
            self.copy_of_store = self.store.copy()
        else:
            self.copy_of_following = self.following.copy()

    @rule(deciding=st.booleans())
    def a_store_is_put_back(self, *, deciding: bool) -> None:
        if deciding:
            self.store.restore(self.copy_of_store)
            self.store_was_put_back = True
        else:
            self.following.restore(self.copy_of_following)
            self.following_was_put_back = True

    # --- What holds ---------------------------------------------------------------------------

    @rule(new_group=st.booleans())
    def all_is_done(self, *, new_group: bool) -> None:
        """A job runs to the ends of the log, and the operator mends what was put back.

        new_group: whether the log is read once more by a new group, which mends the following
            store.
        """
        if new_group:
            self.groups += 1
            self.following_was_put_back = self.task_was_left = False
        job = Consumer(
            log=MemoryPartitionedLog(self.topic, group=f"group-{self.groups}"),
            store=self.store,
            ledger=self.ledger,
            rejected=MemoryRejectedSink(),
            rules=Rules(policy=POLICY, decode=codec.decode),
            clock=lambda: NOW,
            retry=retry_at_once,
            following=self.following,
        )
        assert job.run(once=True, stop=Event())
        self.following.arrive()  # the higher version wins, in whatever order they come
        if not (self.following_was_put_back or self.task_was_left):
            assert not self.suppressed & {row.id for row, _ in self.following.profiles()}
        if self.following_was_put_back or self.store_was_put_back:
            self.repair()
        self.what_is_kept_is_allowed()
        ends = [len(log) for log in self.topic.logs]
        assert [self.store.position(partition) or 0 for partition in PARTITIONS] == ends
        assert enforcing.is_applied(self.store.ledger(), self.ledger.view())
        assert self.store.outbox(limit=9) == {}
        held = {row.id: (row, at) for row, at in self.store.profiles()}
        followed = {row.id: (row, at) for row, at in self.following.profiles()}
        worn_out = {p for p in PERSONS if (fate := self.store.fate(p)) and fate.worn_out}
        assert followed.items() <= held.items()
        assert held.keys() - followed.keys() <= worn_out

    @property
    def suppressed(self) -> set[PersonId]:
        self.learn()
        return {
            person
            for person, said in self.persons.items()
            if said.standing(self.ledger.view().position).suppressed
        }

    def repair(self) -> None:
        """Do what docs/recovery.md says of a store that was put back.

        A following store can't be made equal to an earlier copy where the ledger had the one change
        or delete, without a record of the log, what the other one has never changed. It is said
        then, nobody is there who must not be, and a new following store takes its place.
        """
        if not self.repaired():
            assert self.store_was_put_back
            held = {row.id: (row, at) for row, at in self.store.profiles()}
            for row, version in self.following.profiles():
                assert row == held[row.id][0]
                assert version >= held[row.id][1]
                assert Version.parts(version)[:3] == Version.parts(held[row.id][1])[:3]
            self.following.restore({})
            assert self.repaired()
            self.copy_of_following = {}
        self.store_was_put_back = self.following_was_put_back = False
        self.task_was_left = False

    def repaired(self) -> bool:
        """Verify, and repair; tell whether both stores are equal."""
        verifier = Verifier(
            store=self.store,
            following=self.following,
            ledger=lambda _applied: nullcontext(self.ledger),
            policy=POLICY,
            clock=lambda: NOW,
            pause=lambda _seconds: None,
        )
        checks = verifier.run(repair=True).checks
        assert {check.what for check in checks if not check.ok} <= {"following store"}
        return all(check.ok for check in checks)

    @invariant()
    def what_is_kept_is_allowed(self) -> None:
        self.learn()
        applied = self.store.ledger()
        head = applied.head.number
        carried_out = applied.carried_out >= self.ledger.view().last_change
        for number, person in enumerate(PERSONS):
            partition = PARTITIONS[number % 2]
            position = Version(1, self.store.position(partition) or 0, 0).number()
            allowed = self.persons[person].allowed(
                position=position, head=head, carried_out=carried_out
            )
            assert self.store.fate(person) in allowed

    @invariant()
    def the_stray_is_held_in_her_newest_version(self) -> None:
        ends = [self.store.position(partition) or 0 for partition in PARTITIONS]
        decided = [
            (version, city)
            for version, city in self.strays
            if Version.parts(version).offset < ends[Version.parts(version).partition]
        ]
        fate = self.store.fate(STRAY)
        assert (None if fate is None else (fate.version, fate.city)) == max(decided, default=None)

    @invariant()
    def the_numbers_are_right(self) -> None:
        self.store.counts().check()
        recount = Statistics.recount(profile for profile, _ in self.store.profiles())
        assert self.store.statistics() == recount

    def learn(self) -> None:
        """Note what the ledger has got."""
        for number, draft in enumerate(self.ledger.drafts[self.entered :], self.entered + 1):
            if draft.person is not None:  # else it is about an earlier entry
                self.persons[draft.person].enter(draft.action, number)
        self.entered = len(self.ledger.drafts)

    def teardown(self) -> None:
        self.all_is_done(new_group=False)


def test_however_they_follow_upon_each_other_nobody_comes_back_and_nothing_gets_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox, "DELIVERY_S", 0.0)
    monkeypatch.setattr(consume, "AGAIN_S", 0.0)
    monkeypatch.setattr(enforcing, "LOOKED_THROUGH_AT_ONCE", 2)
    monkeypatch.setattr(enforcing, "REMOVED_AT_ONCE", 1)
    machine = Interleavings.TestCase
    machine.settings = settings(stateful_step_count=40)

    machine("runTest").runTest()
