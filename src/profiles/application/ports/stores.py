"""Stores: one that decides what is held, one that follows it, and what the page reads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from profiles.application.log.deciding import Chunk
from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogPartition
from profiles.application.ports.ledger import NOT_APPLIED, AppliedLedger, Ledger
from profiles.application.ports.policies import PolicyEntry
from profiles.application.ports.rejections import Rejections
from profiles.application.ports.unit_of_work import Transactions
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.statistics import Cohorts, Statistics, cells_of
from profiles.domain.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All that the page is made of, as of one moment: sums over all writers.

    cohorts, email_domains: the statistics; a cohort may have no one in it.
    arrivals: newly held persons by minute of log time (UTC), of the last 24 hours of it.
    counts: the sum of the tallies of all chunks.
    policies: those that the store was written under, oldest first.
    """

    cohorts: Cohorts = field(default_factory=dict)
    email_domains: Mapping[str, int] = field(default_factory=dict)
    arrivals: Mapping[datetime, int] = field(default_factory=dict)
    counts: Tally = field(default_factory=Tally)
    policies: Sequence[PolicyEntry] = ()

    @property
    def statistics(self) -> Statistics:
        """Who is held, in the cells that a recount would give."""
        return Statistics(cells=cells_of(self.cohorts), email_domains=self.email_domains)


class OverviewReader(Protocol):
    """Where the page gets its numbers: never from the persons."""

    def overview(self) -> Overview:
        """Return all of it as of one moment, at a cost that the number of persons doesn't raise.

        Raises:
            StoreError: the store did not answer.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreProgress:
    """How far a deciding store is.

    ledger: how far the erasure ledger is applied.
    topics: id and number of partitions of each topic that was read, in the order of epochs.
    positions: the first offset not yet decided, by topic id and partition.
    policies: those that the store was written under, oldest first.
    outbox: how many changes the following store has still to make.
    """

    ledger: AppliedLedger = NOT_APPLIED
    topics: Sequence[tuple[str, int]] = ()
    positions: Mapping[tuple[str, int], int] = field(default_factory=dict)
    policies: Sequence[PolicyEntry] = ()
    outbox: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a deciding store did with a chunk.

    tally: what became of the chunk's persons.
    stored: what is held now that was not before, with versions.
    deleted: of whom nothing is held any more, with the version of the record that says so.
    untouched: the others of whom the chunk tells, with the version of their last record.
    restricted: of whom the chunk tells and whose processing is restricted: nothing of theirs may be
        in a following store.
    refused: what was rejected because the store can't hold it, now or when it was decided.
    owed: how many deletions were added to the outbox, those that the ledger asks for included.
    """

    tally: Tally
    stored: Mapping[PersonId, tuple[Profile, int]] = field(default_factory=dict, repr=False)
    deleted: Mapping[PersonId, int] = field(default_factory=dict, repr=False)
    untouched: Mapping[PersonId, int] = field(default_factory=dict, repr=False)
    restricted: frozenset[PersonId] = field(default=frozenset(), repr=False)
    refused: Sequence[Quarantined] = ()
    owed: int = 0

    def then(self, later: Applied) -> Applied:
        """Return what was done with a chunk and with the one after it, together.

        The one after it may be of another partition, and its versions lower: so the highest counts
        in which somebody has to go.
        """
        stored = {p: held for p, held in self.stored.items() if p not in later.deleted}
        deleted = {p: version for p, version in self.deleted.items() if p not in later.stored}
        stored |= later.stored
        untouched = _highest(self.untouched, later.untouched)
        deleted = _highest(deleted, later.deleted)
        deleted = {p: max(version, untouched.get(p, version)) for p, version in deleted.items()}
        return Applied(
            tally=self.tally + later.tally,
            stored=stored,
            deleted=deleted,
            untouched={
                p: version
                for p, version in untouched.items()
                if p not in stored and p not in deleted
            },
            restricted=self.restricted | later.restricted,
            refused=[*self.refused, *later.refused],
            owed=self.owed + later.owed,
        )


def _highest(some: Mapping[PersonId, int], others: Mapping[PersonId, int]) -> dict[PersonId, int]:
    return {**some, **{p: max(version, some.get(p, version)) for p, version in others.items()}}


class StoreSnapshot(Protocol):
    """A deciding store as of one moment; what is written since then is in no answer.

    Each method raises:
        SnapshotTooOldError: the store no longer keeps what it held at that moment.
        StoreError: the store did not answer.
    """

    def progress(self) -> StoreProgress:
        """Return how far the store was."""
        ...

    def profiles(self) -> Iterator[tuple[Profile, int]]:
        """Yield all that was held, with versions, in the order of ids; memory stays bounded."""
        ...

    def statistics(self) -> Statistics:
        """Return who was held, in numbers: the sum over all writers."""
        ...

    def counts(self) -> Tally:
        """Return the sum of the tallies of all chunks applied until then."""
        ...


class DecidingStore(OverviewReader, Protocol):
    """Where it is decided what is held: profiles, statistics, position and counts as one."""

    @property
    def transactions(self) -> Transactions:
        """Run units of work: for what `application.transaction` does with the store."""
        ...

    @property
    def rejections(self) -> Rejections:
        """Tell of rejected records."""
        ...

    def position(self, partition: LogPartition) -> int | None:
        """Return the first offset of a partition not yet decided, None before the first chunk."""
        ...

    def ledger(self) -> AppliedLedger:
        """Return how far the erasure ledger is applied."""
        ...

    def progress(self) -> StoreProgress:
        """Return how far the store is, in every topic that it was ever joined to."""
        ...

    def apply(self, chunk: Chunk, ledger: Ledger, *, followed: bool = False) -> Applied:
        """Write what a chunk changes, in one transaction, or nothing at all.

        Applying a chunk again changes nothing: what lies below the position is never decided
        anew. Whoever the ledger suppresses is deleted and not stored.

        followed: whether a store follows this one. Then everybody who was held and is no more is
            added to the outbox in the same transaction.

        Returns what became of the chunk, and what is held now of whom it told.

        Raises:
            StoreRefusedError: it refuses even a message of which nothing is stored.
            GapError: the chunk starts beyond the position, so records would be lost.
            LedgerError, LedgerAwayError: see `Ledger.view`.
            StoreError: the store did not do it; apply the chunk again.
        """
        ...

    def apply_together(
        self, chunks: Sequence[Chunk], ledger: Ledger, *, followed: bool = False
    ) -> Applied:
        """Write what chunks of several partitions change, in as few transactions as can be.

        That is one where no two of them tell of the same person: then nothing is written if it
        fails. Otherwise each has its own, in this order.

        Returns and raises the same as `apply`, of all of them together.
        """
        ...

    def apply_ledger(self, ledger: Ledger, *, followed: bool = False) -> int:
        """Delete whom the ledger suppresses, if it has entries that are not carried out yet.

        Every chunk does so first; this is for when there is none. It looks through all that is
        held, as the ledger names nobody.

        followed: see `apply`.

        Returns how many were held until now.

        Raises:
            LedgerError, LedgerAwayError: see `Ledger.view`.
            StoreError: the store did not do it; what is deleted stays deleted.
        """
        ...

    def sweep(self, *, read_on: date, quarantined_before: datetime, followed: bool = False) -> int:
        """Delete what has expired: profiles with their counts, and old entries of quarantine.

        read_on: profiles whose `expires_at` is not later are deleted.
        quarantined_before: entries logged earlier are deleted.
        followed: see `apply`.

        Returns how many profiles were deleted.
        """
        ...

    def outbox(self, *, limit: int) -> Mapping[PersonId, int]:
        """Return up to `limit` deletions that the following store has still to make.

        Each has the version at which to delete: what is older or the same goes.

        Raises:
            StoreError: the store did not answer.
        """
        ...

    def remove_from_outbox(self, deletions: Mapping[PersonId, int]) -> None:
        """Forget deletions that the following store has made.

        deletions: persons with versions; one that was noted at a higher version meanwhile stays.

        Raises:
            StoreError: the store did not do it; the following store may be told again.
        """
        ...

    def snapshot(self) -> AbstractContextManager[StoreSnapshot]:
        """Open the store as of this moment; writers do not wait for it.

        Raises:
            StoreError: the store did not answer.
        """
        ...

    def profile(self, person: PersonId) -> tuple[Profile, int] | None:
        """Return what is held of a person, with its version, or None."""
        ...

    def held(self, persons: Collection[PersonId]) -> Mapping[PersonId, tuple[Profile, int]]:
        """Return what is held of some persons, with versions; who is not held is left out."""
        ...

    def profiles(self) -> Iterator[tuple[Profile, int]]:
        """Yield all that is held, with versions, in the order of ids, some read at a time.

        What is written meanwhile may be among it or not; `snapshot` leaves it out.
        """
        ...

    def statistics(self) -> Statistics:
        """Return who is held, in numbers: the sum over all writers, as of one moment.

        Raises:
            StoreError: the store did not answer.
        """
        ...

    def counts(self) -> Tally:
        """Return the sum of the tallies of all chunks applied so far."""
        ...

    def arrivals(self) -> dict[datetime, int]:
        """Return newly held persons by minute of log time (UTC), of the last 24 hours of it."""
        ...

    def quarantine(self) -> Sequence[Quarantined]:
        """Return the rejected records of the last 7 days, oldest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """What a following store has to make its own, after the deciding store has a chunk.

    held: what is now held of the chunk's persons, with versions.
    absent: of whom nothing is held now, with the version of their last record in the chunk.
    """

    held: Mapping[PersonId, tuple[Profile, int]] = field(repr=False)
    absent: Mapping[PersonId, int] = field(repr=False)


class FollowingStore(Protocol):
    """Holds what the deciding store holds; it decides nothing."""

    def follow(self, following: Following) -> None:
        """Write what is held and delete what is not, each at its version.

        The same again, or an older one later, changes nothing: the higher version stays, and a
        deletion beats what is not newer than it.

        Raises:
            StoreError: part of it may be written; send it again whole.
        """
        ...

    def profile(self, person: PersonId) -> tuple[Profile, int] | None:
        """Return what is held of a person, with its version, or None."""
        ...

    def held(self, persons: Collection[PersonId]) -> Mapping[PersonId, tuple[Profile, int]]:
        """Return what is held of some persons, with versions; who is not held is left out."""
        ...

    def profiles(self) -> Iterator[tuple[Profile, int]]:
        """Yield all that is held, with versions, in any order: for comparisons."""
        ...
