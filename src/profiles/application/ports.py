"""What the use cases need from the world, and what each promise is.

An adapter fulfils a port without inheriting from it. Every adapter of a port passes the same
suite in `tests/contracts/`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, Protocol

from profiles.application.chunk import Applied, Chunk, LogPartition, LogRecord, Notice, Quarantined
from profiles.domain.person import Person, PersonId
from profiles.domain.profile import Profile
from profiles.domain.statistics import Cohorts, Statistics, cells_of
from profiles.domain.tally import Tally

ARRIVALS_KEPT: Final = timedelta(hours=24)
"""How far back arrivals are told, in log time."""

Clock = Callable[[], datetime]
"""Tell the time: an aware datetime in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a source delivered at once.

    values: JSON texts in UTF-8, each a person or a whole response of the API. Not parsed, not
        checked: a broken one is rejected later, on its own.
    position: where the source goes on after these values (bytes of the uncompressed file for
        `jsonl`, persons for `simulator`), or None for a source that can't go on.
    """

    values: Sequence[bytes] = field(repr=False)
    position: int | None = None


class Source(Protocol):
    """Where persons come from."""

    @property
    def name(self) -> str:
        """Tell one source from another, the same in every run: it keys the saved position."""
        ...

    def deliveries(self, *, start: int = 0) -> Iterator[Delivery]:
        """Yield what the source has, in its order, from `start` (a `Delivery.position`) on.

        The iterator ends when the source is exhausted, or after `--once`. Whatever was yielded
        stays valid when a later step fails.

        Raises:
            SourceError: the source can't go on; what was yielded before stays delivered.
        """
        ...


class StatisticsReader(Protocol):
    """Who is held, in numbers."""

    def statistics(self) -> Statistics:
        """Return the sum over all writers, as of one moment.

        Raises:
            StoreError: the store did not answer.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All that the page is made of, as of one moment: sums over all writers.

    cohorts, email_domains: the statistics; a cohort may have no one in it.
    arrivals: newly held persons by minute of log time (UTC), of the last 24 hours of it.
    counts: the sum of the tallies of all chunks.
    """

    cohorts: Cohorts = field(default_factory=dict)
    email_domains: Mapping[str, int] = field(default_factory=dict)
    arrivals: Mapping[datetime, int] = field(default_factory=dict)
    counts: Tally = field(default_factory=Tally)

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
class LedgerView:
    """What the erasure ledger says as of a position.

    position: how many entries it has.
    suppressed: who was erased for good. restricted: whose processing is frozen.
    """

    position: int = 0
    suppressed: frozenset[PersonId] = frozenset()
    restricted: frozenset[PersonId] = frozenset()


class Ledger(Protocol):
    """The record of erasures and restrictions. It outlives the stores and is never guessed at."""

    def view(self, *, at_least: int) -> LedgerView:
        """Return what the ledger says now.

        at_least: the position that a store has already applied.

        Raises:
            LedgerError: it can't be read, or ends before `at_least`: nothing may be stored.
            LedgerAwayError: it does not answer for now; ask again, and store nothing meanwhile.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a deciding store is.

    ledger_position: of the erasure ledger, applied.
    topics: id and number of partitions of each topic that was read, in the order of epochs.
    positions: the first offset not yet decided, by topic id and partition.
    """

    ledger_position: int = 0
    topics: Sequence[tuple[str, int]] = ()
    positions: Mapping[tuple[str, int], int] = field(default_factory=dict)


class DecidingStore(StatisticsReader, OverviewReader, Protocol):
    """Where it is decided what is held: profiles, statistics, position and counts as one."""

    def position(self, partition: LogPartition) -> int | None:
        """Return the first offset of a partition not yet decided, None before the first chunk."""
        ...

    def ledger_position(self) -> int:
        """Return the position of the erasure ledger that the store has applied."""
        ...

    def progress(self) -> Progress:
        """Return how far the store is, in every topic that it was ever joined to."""
        ...

    def apply(self, chunk: Chunk, ledger: Ledger) -> Applied:
        """Write what a chunk changes, in one transaction, or nothing at all.

        Applying a chunk again changes nothing: what lies below the position is never decided
        anew. Whoever the ledger suppresses is deleted and not stored.

        Returns what became of the chunk, and what is held now of whom it told.

        Raises:
            GapError: the chunk starts beyond the position, so records would be lost.
            LedgerError, LedgerAwayError: see `Ledger.view`.
            StoreError: the store did not do it; apply the chunk again.
        """
        ...

    def sweep(self, *, read_on: date, quarantined_before: datetime) -> int:
        """Delete what has expired: profiles with their counts, and old entries of quarantine.

        read_on: profiles whose `expires_at` is not later are deleted.
        quarantined_before: entries logged earlier are deleted.

        Returns how many profiles were deleted.
        """
        ...

    def profile(self, person: PersonId) -> tuple[Profile, int] | None:
        """Return what is held of a person, with its version, or None."""
        ...

    def held(self, persons: Collection[PersonId]) -> Mapping[PersonId, tuple[Profile, int]]:
        """Return what is held of some persons, with versions; who is not held is left out."""
        ...

    def profiles(self) -> Iterator[tuple[Profile, int]]:
        """Yield all that is held, with versions, in the order of ids: for tests and recounts."""
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


class Log(Protocol):
    """The embedded engine's log of one partition: what was fetched, until the stores have it."""

    @property
    def partition(self) -> LogPartition:
        """Name the log; another name each time it is made anew."""
        ...

    def append(  # noqa: PLR0913 - an append is all of this at once
        self,
        persons: Sequence[Person],
        notice: Notice,
        *,
        logged_at: datetime,
        source: str,
        expected: int,
        position: int | None,
    ) -> int:
        """Append minimised persons and what was kept out, and where the source goes on: at once.

        expected: the source's position that this builds on.
        position: where the source goes on now; None for a source that can't.

        Returns the offset of the first person; one record follows the other, the notice last.

        Raises:
            LogError: another process has moved the source's position in between, or the log did
                not take it; nothing was appended.
        """
        ...

    def read(self, start: int, *, limit: int) -> Sequence[LogRecord]:
        """Return up to `limit` records from offset `start` on, in order.

        Raises:
            GapError: the log no longer holds the record at `start`.
            LogError: the log did not answer.
        """
        ...

    def bounds(self) -> tuple[int, int]:
        """Return the offset of the first record held, and the one that the next will get."""
        ...

    def source_position(self, source: str) -> int:
        """Return where to go on reading a source; 0 if it is new or was read to its end."""
        ...

    def finish(self, source: str) -> None:
        """Note that a source was read to its end, so that it starts over next time."""
        ...

    def purge(self, *, before: datetime) -> int:
        """Delete records logged before a moment; return how many."""
        ...

    def records_of(self, person: PersonId) -> Sequence[LogRecord]:
        """Return what the log holds of a person."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """What a following store has to make its own, after the deciding store has a chunk.

    held: what is now held of the chunk's persons, with versions.
    absent: of whom nothing is held now, with the version of their last record in the chunk.
    newcomers: those of `held` of whom the deciding store held nothing before.
    """

    held: Mapping[PersonId, tuple[Profile, int]] = field(repr=False)
    absent: Mapping[PersonId, int] = field(repr=False)
    newcomers: Collection[PersonId] = field(default=frozenset(), repr=False)


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
