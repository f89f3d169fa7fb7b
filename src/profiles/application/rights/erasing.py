"""The right to erasure: out of every place that is in our hands, and kept out (GDPR Art. 17).

The ledger learns of it before anything is deleted. So whatever happens afterwards, the person does
not come back, and the same command completes what was interrupted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from profiles.application.following.outbox import Outbox
from profiles.application.ports.clock import Clock
from profiles.application.ports.ledger import Action, Ledger, LedgerWriter
from profiles.application.ports.logs import Log, Publisher
from profiles.application.ports.stores import DecidingStore, Following, FollowingStore
from profiles.domain.errors import ProfilesError, UsageError
from profiles.domain.person import PersonId

LEAST_LIMIT = 10
"""So many persons may be erased at once, however few are held."""

SHARE = 100
"""And one of so many of those who are held."""


Counts = dict[str, int | None]
"""How many profiles or records a place has of a person, by its name; None if it can't be asked."""


class RawRecords(Protocol):
    """The records of the log: what persons were made of."""

    @property
    def name(self) -> str:
        """Name the log, as the receipt does."""
        ...

    def count(self, person: PersonId) -> int | None:
        """Count a person's records that have a content; None where the log can't be asked."""
        ...

    def erase(self, persons: Sequence[PersonId]) -> None:
        """Erase what can be erased, and let other readers of the log know.

        Raises:
            LogError, TombstoneError: the log did not take it.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedPlace:
    """What was found of a person in a place, and what is left there after the erasure.

    found, left: profiles or records; None where the place can't be asked.
    """

    place: str
    found: int | None
    left: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedPerson:
    """What was done for a person.

    entry: the number of the ledger's entry; None where the ledger named the person before, or
        nothing was to be done.
    """

    id: PersonId
    entry: int | None
    places: Sequence[ErasedPlace]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureReceipt:
    """What an erasure did, read back from every place.

    complete: whether nothing is left in any place that can be asked.
    """

    persons: Sequence[ErasedPerson]
    complete: bool


@dataclass(slots=True, kw_only=True)
class Eraser:
    """Erases persons.

    records: of the log, or None where there is none.
    name: of the deciding store. following_name: of the other.
    """

    store: DecidingStore
    following: FollowingStore | None
    ledger: Ledger
    writer: LedgerWriter
    records: RawRecords | None
    clock: Clock
    name: str
    following_name: str | None = None
    _outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        """Prepare to deliver deletions."""
        self._outbox = Outbox(store=self.store, following=self.following)

    def check(self, persons: Sequence[PersonId], *, limit: int | None) -> None:
        """Refuse to erase more persons at once than is meant.

        limit: how many are meant; None for a hundredth of those who are held, and 10 at least.

        Raises:
            UsageError: there are more; nothing was done.
        """
        held = self.store.statistics().total
        usual = max(LEAST_LIMIT, held // SHARE)
        allowed = usual if limit is None else limit
        if len(persons) > allowed:
            raise UsageError(
                f"{len(persons):,} persons are more than the {allowed:,} that may be erased at"
                f" once, where {held:,} are held. Nothing was done. Say --limit {len(persons)} if"
                " all of them are meant."
            )

    def look(self, persons: Sequence[PersonId]) -> ErasureReceipt:
        """Find what there is to be erased, and change nothing.

        Raises:
            StoreError, LogError: a place did not answer.
        """
        found = self._found(persons)
        return _receipt(persons, [None] * len(persons), found, found)

    def erase(self, persons: Sequence[PersonId]) -> ErasureReceipt:
        """Erase persons out of every place, and read back.

        Raises:
            LedgerError, LogError, StoreError, TombstoneError: a place did not do it. Whom the
                ledger names by then stays out; the same again completes it.
        """
        before = self._found(persons)
        view = self.ledger.view(at_least=self.store.ledger_position())
        entries = [
            None
            if person in view.suppressed
            else self.writer.enter(Action.SUPPRESS, person, entered_at=self.clock())
            for person in persons
        ]
        self.store.apply_ledger(self.ledger, followed=self._outbox.followed)
        self._outbox.deliver()
        self._delete_followed(persons)
        if self.records is not None:
            self.records.erase(persons)
        return _receipt(persons, entries, before, self._found(persons))

    def _found(self, persons: Sequence[PersonId]) -> Sequence[Counts]:
        """Count what every place holds of each person."""
        held = self.store.held(persons)
        followed = {} if self.following is None else self.following.held(persons)
        found: list[Counts] = []
        for person in persons:
            counts: Counts = {self.name: int(person in held)}
            if self.following_name is not None:
                counts[self.following_name] = int(person in followed)
            if self.records is not None:
                counts[self.records.name] = self.records.count(person)
            found.append(counts)
        return found

    def _delete_followed(self, persons: Sequence[PersonId]) -> None:
        """Delete rows that the deciding store knew nothing of."""
        if self.following is None:
            return
        rows = self.following.held(persons)
        if rows:
            absent = {person: version for person, (_, version) in rows.items()}
            self.following.follow(Following(held={}, absent=absent))


class EmbeddedRecords:
    """The embedded engine's log: records are emptied where they are."""

    def __init__(self, log: Log, *, name: str) -> None:
        """Take a log; `name` is what the receipt calls it."""
        self._log = log
        self.name = name

    def count(self, person: PersonId) -> int:
        """Count a person's records that have a content."""
        return sum(record.value is not None for record in self._log.records_of(person))

    def erase(self, persons: Sequence[PersonId]) -> None:
        """Empty their records."""
        for person in persons:
            self._log.forget(person)


class TopicRecords:
    """A topic: Kafka deletes by age alone, so others are told by a null value (a tombstone)."""

    def __init__(self, publisher: Publisher, *, name: str, within_s: float) -> None:
        """Take a publisher to the topic; `within_s` is how long its answer is waited for."""
        self._publisher = publisher
        self._within_s = within_s
        self.name = name

    def count(self, person: PersonId) -> None:
        """Count nothing: a topic is not asked for a key."""

    def erase(self, persons: Sequence[PersonId]) -> None:
        """Publish a null value for each."""
        for person in persons:
            self._publisher.publish(person.encode(), None)
        given_up = self._publisher.flush(within_s=self._within_s)
        if given_up or self._publisher.failed:
            raise TombstoneError(self.name)


class TombstoneError(ProfilesError):
    """The topic did not take the null values that tell others of an erasure."""

    def __init__(self, topic: str) -> None:
        super().__init__(topic)
        self.topic = topic

    def __str__(self) -> str:
        return (
            f"{self.topic} did not confirm the null values that tell its readers of the erasure."
            " The stores hold nothing more of the persons, and the ledger keeps them out. See that"
            " Kafka is up, and run the same command again."
        )


def _receipt(
    persons: Sequence[PersonId],
    entries: Sequence[int | None],
    found: Sequence[Counts],
    left: Sequence[Counts],
) -> ErasureReceipt:
    return ErasureReceipt(
        persons=[
            ErasedPerson(
                id=person,
                entry=entry,
                places=[
                    ErasedPlace(place=place, found=count, left=after[place])
                    for place, count in before.items()
                ],
            )
            for person, entry, before, after in zip(persons, entries, found, left, strict=True)
        ],
        complete=not any(count for counts in left for count in counts.values()),
    )
