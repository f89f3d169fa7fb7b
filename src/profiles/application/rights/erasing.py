"""The right to erasure: out of every place that is in our hands, and kept out (GDPR Art. 17).

The ledger learns of it before anything is deleted. So whatever happens afterwards, the person does
not come back, and the same command completes what was interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, NamedTuple

from profiles.application.following.outbox import Outbox
from profiles.application.ports.clock import Clock
from profiles.application.ports.ledger import Keyring, LedgerWriter, RecordedLedger
from profiles.application.ports.logs import Log, Publisher
from profiles.application.ports.stores import Following
from profiles.application.rights.notifying import Notification, Notifier, ToTell
from profiles.application.rights.places import Counts, Places
from profiles.application.rights.receipts import (
    ERASE,
    ErasedPerson,
    ErasedPlace,
    ErasureReceipt,
    Remainder,
)
from profiles.application.transaction.enforcing import apply_entries
from profiles.domain.deadlines import deadline_of
from profiles.domain.errors import ProfilesError, UsageError
from profiles.domain.ledger_entry import Action, Draft, Entry, Reason
from profiles.domain.ledger_history import entries_about
from profiles.domain.person import PersonId
from profiles.domain.receipts import Document, digest, sign
from profiles.domain.requests import recipients_told

LEAST_LIMIT: Final = 10
"""So many persons may be erased at once, however few are held."""

SHARE: Final = 100
"""And one of so many of those who are held."""

ERASED_AT_ONCE: Final = 100
"""Persons entered into the ledger and deleted from the stores together: a moment's work."""


class Erasure(NamedTuple):
    """What was done, and the document that says so; signed unless nothing was to be done.

    not_begun: how many were left alone, because it was asked to stop.
    """

    receipt: ErasureReceipt
    document: Document
    not_begun: int = 0


class StoppedErasingError(ProfilesError):
    """It was asked to end before anybody was erased."""

    def __str__(self) -> str:
        return "Stopped before anybody was erased. Nothing was done; run the same command again."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A person's erasure, as the ledger has it.

    entry: the last one that suppresses her. open: numbers of those that are not complete yet.
    told: names of the recipients that know.
    """

    entry: Entry
    open: Sequence[int]
    told: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class Eraser:
    """Erases persons.

    notifier: tells recipients. remaining: what the places may leave of whom is erased at a moment.
    """

    places: Places
    ledger: RecordedLedger
    writer: LedgerWriter
    keyring: Keyring
    notifier: Notifier
    clock: Clock
    remaining: Callable[[datetime], Sequence[Remainder]]
    _outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        """Prepare to deliver deletions."""
        self._outbox = Outbox(store=self.places.store, following=self.places.following)

    def check(self, persons: Sequence[PersonId], *, limit: int | None) -> None:
        """Refuse to erase more persons at once than is meant.

        limit: how many are meant; None for a hundredth of those who are held, and 10 at least.

        Raises:
            UsageError: there are more; nothing was done.
        """
        held = self.places.store.statistics().total
        usual = max(LEAST_LIMIT, held // SHARE)
        allowed = usual if limit is None else limit
        if len(persons) > allowed:
            raise UsageError(
                f"{len(persons):,} persons are more than the {allowed:,} that may be erased at"
                f" once, where {held:,} are held. Nothing was done. Say --limit {len(persons)} if"
                " all of them are meant."
            )

    def look(self, persons: Sequence[PersonId]) -> Erasure:
        """Find what there is to be erased, and change nothing.

        Raises:
            StoreError, LogError: a place did not answer.
        """
        at = self.clock()
        found = self.places.count(persons)
        receipt = ErasureReceipt(
            at=at,
            persons=[
                ErasedPerson(id=person, entry=None, places=_places(counts, counts))
                for person, counts in zip(persons, found, strict=True)
            ],
            remaining=self._remaining(persons, at),
        )
        return Erasure(receipt, {**receipt.content(), "signature": None})

    def erase(
        self,
        persons: Sequence[PersonId],
        *,
        reason: Reason = Reason.REQUEST,
        received: date | None = None,
        progress: Callable[[int], None] = lambda _gone: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Erasure:
        """Erase persons out of every place, read back, and tell the recipients.

        reason: why. received: the day on which it was asked for; today (UTC) if none is said.
            Whom the ledger suppresses already keeps the reason and the deadline of her entry.
        progress: is told of how many persons the stores hold nothing any more.
        stopped: is asked before each `ERASED_AT_ONCE` of them; those who were begun are erased
            whole, and the receipt is about them.

        Raises:
            StoppedErasingError: `stopped` said so before the first.
            LedgerError, LogError, StoreError, TombstoneError: a place did not do it. Whom the
                ledger names by then stays out; the same again completes it.
        """
        asked, before = len(persons), self.places.count(persons)
        deadline = deadline_of(received or self.clock().date())
        cases = self._earlier(persons)
        for start in range(0, len(persons), ERASED_AT_ONCE):
            if stopped():
                persons, before = persons[:start], before[:start]
                break
            some = persons[start : start + ERASED_AT_ONCE]
            cases |= self._entered([p for p in some if p not in cases], reason, deadline)
            self.places.store.apply_ledger(self.ledger, followed=self._outbox.followed)
            self._outbox.deliver()
            self._delete_followed(some)
            progress(start + len(some))
        if not persons:
            raise StoppedErasingError
        if self.places.records is not None:
            self.places.records.erase(persons)
        at, left = self.clock(), self.places.count(persons)
        gone = [person for person, each in zip(persons, left, strict=True) if _none_left(each)]
        to_tell = {person: _to_tell(cases[person]) for person in gone}
        told = self.notifier.tell(to_tell, action=ERASE, stopped=stopped)
        receipt = ErasureReceipt(
            at=at,
            persons=[
                _erased(person, cases[person], _places(found, after), told.get(person, ()))
                for person, found, after in zip(persons, before, left, strict=True)
            ],
            remaining=self._remaining(persons, at),
            head=self.ledger.view(at_least=self.places.store.ledger().head).head,
        )
        document = sign(receipt.content(), self.keyring.read()[-1])
        self._complete([number for person in gone for number in cases[person].open], document)
        return Erasure(receipt, document, not_begun=asked - len(persons))

    def _remaining(self, persons: Sequence[PersonId], at: datetime) -> Sequence[Remainder]:
        """Name what is left of these persons; in the log nothing is of whom it never had."""
        left = self.remaining(at)
        records = self.places.records
        if records is not None and records.has_records_of(persons):
            return left
        return [each for each in left if not each.of_log]

    def _earlier(self, persons: Sequence[PersonId]) -> dict[PersonId, _Case]:
        """Look up whom the ledger suppresses already: all of it is read where there is anybody."""
        view = self.ledger.view(at_least=self.places.store.ledger().head)
        known = view.named(persons).suppressed
        if not known:
            return {}
        about = entries_about(self.ledger.entries(), sorted(known), self.keyring.read())
        return {person: _case(entries) for person, entries in about.items()}

    def _entered(
        self, persons: Sequence[PersonId], reason: Reason, deadline: date
    ) -> Mapping[PersonId, _Case]:
        """Enter persons whom the ledger does not suppress, and delete them from the store."""
        if not persons:
            return {}
        drafts = [
            Draft(action=Action.SUPPRESS, person=person, reason=reason, deadline=deadline)
            for person in persons
        ]
        entries = self.writer.enter(drafts, at=self.clock())
        apply_entries(
            self.places.store.transactions,
            persons,
            self.ledger.view(),
            entries=(entries[0].number, entries[-1].number),
            followed=self._outbox.followed,
        )
        return {
            person: _Case(entry=entry, open=[entry.number])
            for person, entry in zip(persons, entries, strict=True)
        }

    def _delete_followed(self, persons: Sequence[PersonId]) -> None:
        """Delete rows that the deciding store knew nothing of."""
        following = self.places.following
        if following is None:
            return
        rows = following.held(persons)
        if rows:
            absent = {person: version for person, (_, version) in rows.items()}
            following.follow(Following(held={}, absent=absent))

    def _complete(self, numbers: Sequence[int], document: Document) -> None:
        """Enter that requests are done, with the digest of the receipt that says so."""
        if not numbers:
            return
        taken = digest(document)  # once: a receipt is as long as its persons are many
        self.writer.enter(
            [Draft(action=Action.COMPLETE, refers=number, digest=taken) for number in numbers],
            at=self.clock(),
        )


class EmbeddedRecords:
    """The embedded engine's log: records are emptied where they are."""

    def __init__(self, log: Log, *, name: str) -> None:
        """Take a log; `name` is what the receipt calls it."""
        self._log = log
        self.name = name

    def counts_of(self, persons: Collection[PersonId]) -> Mapping[PersonId, int]:
        """Count the records that have a content."""
        return self._log.counts_of(persons)

    def has_records_of(self, persons: Collection[PersonId]) -> bool:
        """Tell whether there is a record of any of them, also an emptied one."""
        return self._log.has_records_of(persons)

    def erase(self, persons: Sequence[PersonId]) -> None:
        """Empty their records."""
        self._log.forget(persons)


class TopicRecords:
    """A topic: Kafka deletes by age alone, so others are told by a null value (a tombstone)."""

    def __init__(self, publisher: Publisher, *, name: str, within_s: float) -> None:
        """Take a publisher to the topic; `within_s` is how long its answer is waited for."""
        self._publisher = publisher
        self._within_s = within_s
        self.name = name

    def counts_of(self, persons: Collection[PersonId]) -> None:
        """Count nothing: a topic is not asked for a key."""

    def has_records_of(self, persons: Collection[PersonId]) -> bool:  # noqa: ARG002 - of the protocol
        """Suppose that there are some."""
        return True

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


def _case(entries: Sequence[Entry]) -> _Case:
    """Gather a person's erasure from the entries about her; she is suppressed, so there is one."""
    suppressing = [entry for entry in entries if entry.action is Action.SUPPRESS]
    done = {entry.refers for entry in entries if entry.action is Action.COMPLETE}
    last = suppressing[-1]
    return _Case(
        entry=last,
        open=[entry.number for entry in suppressing if entry.number not in done],
        told=recipients_told(entries, last.number),
    )


def _to_tell(case: _Case) -> ToTell:
    return ToTell(number=case.entry.number, at=case.entry.at, told=case.told)


def _erased(
    person: PersonId, case: _Case, places: Sequence[ErasedPlace], told: Sequence[Notification]
) -> ErasedPerson:
    return ErasedPerson(
        id=person,
        entry=case.entry.number,
        places=places,
        reason=case.entry.reason,
        deadline=case.entry.deadline,
        told=told,
    )


def _places(found: Counts, left: Counts) -> Sequence[ErasedPlace]:
    return [
        ErasedPlace(place=place, found=count, left=left[place]) for place, count in found.items()
    ]


def _none_left(counts: Counts) -> bool:
    return not any(counts.values())
