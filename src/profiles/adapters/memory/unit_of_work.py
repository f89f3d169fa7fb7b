"""What a deciding store in memory holds, and one transaction on it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from itertools import islice
from threading import RLock
from typing import TypeVar

from profiles.application.log.epochs import Epoch
from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import Writer
from profiles.application.ports.ledger import NOT_APPLIED, AppliedLedger
from profiles.application.ports.policies import PolicyEntry, adopted
from profiles.application.ports.unit_of_work import UnitOfWork
from profiles.domain.corrections import Corrections
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.resolving import Held
from profiles.domain.statistics import Statistics
from profiles.domain.tally import Tally

T = TypeVar("T")
Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(slots=True)
class WriterState:
    """What belongs to one writer; its parts are replaced and never changed."""

    position: int | None = None
    statistics: Statistics = field(default_factory=Statistics)
    tally: Tally = field(default_factory=Tally)
    arrivals: Mapping[datetime, int] = field(default_factory=dict)


@dataclass(slots=True)
class State:
    """All that a store holds."""

    users: dict[PersonId, tuple[Profile, int]] = field(default_factory=dict, repr=False)
    restricted: dict[PersonId, tuple[Profile, int]] = field(default_factory=dict, repr=False)
    corrections: dict[PersonId, Corrections] = field(default_factory=dict, repr=False)
    writers: dict[Writer, WriterState] = field(default_factory=dict)
    epochs: list[Epoch] = field(default_factory=list)
    ledger: AppliedLedger = NOT_APPLIED
    policies: list[PolicyEntry] = field(default_factory=list)
    quarantine: dict[tuple[Writer, int, int], Quarantined] = field(default_factory=dict)
    outbox: dict[PersonId, int] = field(default_factory=dict, repr=False)

    def copy(self) -> State:
        """Return a copy that does not change with this one."""
        copied = State(**{each.name: copy(getattr(self, each.name)) for each in fields(self)})
        copied.writers = {writer: copy(state) for writer, state in self.writers.items()}
        return copied


class MemoryUnitOfWork:
    """A transaction: it remembers how to undo what it has done."""

    def __init__(self, state: State) -> None:
        """Begin, with the state of a store that nobody else works on meanwhile."""
        self._state = state
        self._undo: list[Callable[[], object]] = []

    def roll_back(self) -> None:
        """Undo everything, the last change first."""
        while self._undo:
            self._undo.pop()()

    def ledger(self) -> AppliedLedger:
        """Return how far the erasure ledger is applied."""
        return self._state.ledger

    def set_ledger(self, applied: AppliedLedger) -> None:
        """Note how far the ledger is applied."""
        joined = self._state.ledger.joined
        self._set_attribute(self._state, "ledger", applied._replace(joined=joined))

    def join_ledger(self, identity: str) -> None:
        """Note which ledger the store is used with."""
        joined = self._state.ledger._replace(joined=identity)
        self._set_attribute(self._state, "ledger", joined)

    def policy(self) -> str | None:
        """Return the deciding fingerprint of the policy that the store is written under."""
        return adopted(self._state.policies)

    def policies(self) -> Sequence[PolicyEntry]:
        """Return what is remembered of policies, oldest first."""
        return tuple(self._state.policies)

    def add_policy(self, entry: PolicyEntry) -> None:
        """Remember a policy."""
        self._state.policies.append(entry)
        self._undo.append(self._state.policies.pop)

    def epochs(self) -> Sequence[Epoch]:
        """Return the epochs of all topics."""
        return tuple(self._state.epochs)

    def add_epoch(self, epoch: Epoch) -> None:
        """Note an epoch."""
        self._state.epochs.append(epoch)
        self._undo.append(lambda: self._state.epochs.remove(epoch))

    def add_writer(self, writer: Writer) -> None:
        """Make room for what a writer counts, where it is new."""
        if writer not in self._state.writers:
            self._set(self._state.writers, writer, WriterState())

    def positions_of(self, writers: Collection[Writer]) -> Mapping[Writer, int | None]:
        """Return of each writer the first offset not yet decided, or None before the first."""
        states = {writer: self._state.writers.get(writer) for writer in writers}
        return {w: None if state is None else state.position for w, state in states.items()}

    def positions(self, topic_id: str) -> Mapping[int, int]:
        """Return the positions of a topic's writers by partition."""
        return {
            writer.partition: state.position
            for writer, state in self._state.writers.items()
            if writer.topic_id == topic_id and state.position is not None
        }

    def newest_arrival(self, writer: Writer) -> datetime | None:
        """Return the last minute for which a writer has counted arrivals."""
        return max(self._state.writers[writer].arrivals, default=None)

    def held(
        self,
        persons: Collection[PersonId],
        *,
        probably_new: Callable[[], Collection[PersonId]] | None = None,  # noqa: ARG002 - all are looked up
        limit: int | None = None,
    ) -> Mapping[PersonId, Held]:
        """Return what is held of some persons."""
        users, kept = self._state.users, self._state.corrections
        found = (
            (person, Held.of(*users[person], kept.get(person)))
            for person in persons
            if person in users
        )
        return dict(islice(found, limit))

    def held_after(self, person: PersonId | None, *, limit: int) -> Mapping[PersonId, Held]:
        """Return what is held of persons in the order of ids."""
        pairs = self.profiles_after(person, limit=limit)
        return {
            profile.id: Held.of(profile, version, self._state.corrections.get(profile.id))
            for profile, version in pairs
        }

    def expired(self, read_on: date, *, limit: int) -> Mapping[PersonId, Held]:
        """Return what is held of up to `limit` persons who have expired."""
        found = (
            (person, Held.of(profile, version, self._state.corrections.get(person)))
            for person, (profile, version) in self._state.users.items()
            if profile.expires_at <= read_on
        )
        return dict(islice(found, limit))

    def profiles_after(
        self, person: PersonId | None, *, limit: int
    ) -> Sequence[tuple[Profile, int]]:
        """Return profiles in the order of ids."""
        users = self._state.users
        behind = (one for one in sorted(users) if person is None or one > person)
        return [users[one] for one in islice(behind, limit)]

    def restricted(self, persons: Collection[PersonId]) -> Mapping[PersonId, tuple[Profile, int]]:
        """Return the profiles of some persons that are kept apart."""
        apart = self._state.restricted
        return {person: apart[person] for person in persons if person in apart}

    def restricted_after(
        self, person: PersonId | None, *, limit: int
    ) -> Mapping[PersonId, tuple[Profile, int]]:
        """Return profiles that are kept apart, in the order of ids."""
        apart = self._state.restricted
        behind = (one for one in sorted(apart) if person is None or one > person)
        return {one: apart[one] for one in islice(behind, limit)}

    def restrict(self, persons: Collection[PersonId]) -> None:
        """Keep the profiles of some persons apart; corrections stay where they are."""
        for person in persons:
            self._set(self._state.restricted, person, self._state.users[person])
            self._delete(self._state.users, person)

    def unrestrict(self, versions: Mapping[PersonId, int]) -> None:
        """Hold profiles again that were kept apart."""
        for person, version in versions.items():
            profile, _ = self._state.restricted[person]
            self._set(self._state.users, person, (profile, version))
            self._delete(self._state.restricted, person)

    def delete_restricted(self, persons: Collection[PersonId]) -> None:
        """Delete profiles that are kept apart."""
        for person in persons:
            self._delete(self._state.restricted, person)
            self._delete(self._state.corrections, person)

    def profiles(self, persons: Collection[PersonId]) -> Mapping[PersonId, Profile]:
        """Return the profiles of some persons."""
        users = self._state.users
        return {person: users[person][0] for person in persons if person in users}

    def corrections(self, persons: Collection[PersonId]) -> Mapping[PersonId, Corrections]:
        """Return what is kept of corrections."""
        kept = self._state.corrections
        return {person: kept[person] for person in persons if person in kept}

    def write(
        self,
        *,
        upserts: Mapping[PersonId, tuple[Profile, int]],
        deletions: Collection[PersonId],
        corrections: Mapping[PersonId, Corrections] | None = None,
    ) -> None:
        """Write profiles with their versions and what is kept with them, and delete others."""
        for person in deletions:
            self._delete(self._state.users, person)
            self._delete(self._state.corrections, person)
        for person, held in upserts.items():
            self._set(self._state.users, person, held)
            self._delete(self._state.corrections, person)
        for person, kept in (corrections or {}).items():
            self._set(self._state.corrections, person, kept)

    def add_to_outbox(self, deletions: Mapping[PersonId, int]) -> None:
        """Note deletions that the following store has still to make."""
        outbox = self._state.outbox
        for person, version in deletions.items():
            self._set(outbox, person, max(version, outbox.get(person, version)))

    def email_domains(self, writer: Writer) -> Mapping[str, int]:
        """Return what a writer counts by e-mail domain."""
        return self._state.writers[writer].statistics.email_domains

    def add_statistics(self, writer: Writer, difference: Statistics) -> None:
        """Add to what a writer counts."""
        state = self._state.writers[writer]
        self._set_attribute(state, "statistics", state.statistics + difference)

    def advance(
        self,
        writer: Writer,
        *,
        position: int,
        tally: Tally,
        arrivals: Mapping[datetime, int],
        arrivals_until: datetime | None,
    ) -> None:
        """Move a writer to a position, and add to its tally and arrivals."""
        state = self._state.writers[writer]
        counted = {
            minute: count
            for minute, count in state.arrivals.items()
            if arrivals_until is None or minute > arrivals_until
        }
        for minute, count in arrivals.items():
            counted[minute] = counted.get(minute, 0) + count
        self._set_attribute(state, "position", position)
        self._set_attribute(state, "tally", state.tally + tally)
        self._set_attribute(state, "arrivals", counted)

    def quarantine(self, rejected: Sequence[Quarantined]) -> None:
        """Keep rejected records."""
        for each in rejected:
            key = each.partition.writer, each.offset, each.ordinal
            self._set(self._state.quarantine, key, each)

    def remove_quarantined(self, messages: Collection[tuple[Writer, int]]) -> int:
        """Take out all that is kept of some messages; return how many."""
        wanted = set(messages)
        keys = [key for key in self._state.quarantine if key[:2] in wanted]
        for key in keys:
            self._delete(self._state.quarantine, key)
        return len(keys)

    def quarantined(self, writer: Writer, *, start: int, end: int) -> Sequence[Quarantined]:
        """Return the rejected records of some offsets, in their order."""
        kept = self._state.quarantine
        return [kept[key] for key in sorted(kept) if key[0] == writer and start <= key[1] < end]

    def delete_quarantined(self, *, before: datetime, limit: int) -> int:
        """Delete up to `limit` rejected records that were logged before a moment."""
        kept = self._state.quarantine
        old = list(islice((key for key in kept if kept[key].logged_at < before), limit))
        for key in old:
            self._delete(kept, key)
        return len(old)

    def _set(self, mapping: dict[Key, Value], key: Key, value: Value) -> None:
        self._remember(mapping, key)
        mapping[key] = value

    def _delete(self, mapping: dict[Key, Value], key: Key) -> None:
        self._remember(mapping, key)
        mapping.pop(key, None)

    def _remember(self, mapping: dict[Key, Value], key: Key) -> None:
        if key in mapping:
            before = mapping[key]
            self._undo.append(lambda: mapping.__setitem__(key, before))
        else:
            self._undo.append(lambda: mapping.pop(key, None))

    def _set_attribute(self, target: State | WriterState, name: str, value: object) -> None:
        before = getattr(target, name)
        self._undo.append(lambda: setattr(target, name, before))
        setattr(target, name, value)


class MemoryTransactions:
    """Runs units of work, one after the other."""

    def __init__(self, state: State, lock: RLock) -> None:
        """Work on a state; whoever has the lock works on it alone."""
        self._state = state
        self._lock = lock

    def run(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run a unit of work; undo it where it fails."""
        with self._lock:
            unit = MemoryUnitOfWork(self._state)
            try:
                return work(unit)
            except BaseException:
                unit.roll_back()
                raise
