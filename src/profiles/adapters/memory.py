"""Stores, ledger and log in memory: for tests, and for those who embed all and keep nothing.

They keep the same promises as the real ones, and pass the same suites.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise, takewhile
from threading import RLock
from typing import NamedTuple

from profiles.application.chunk import (
    Applied,
    Chunk,
    EarlierEpoch,
    LogPartition,
    LogRecord,
    Notice,
    Quarantined,
    Settlement,
    settle,
)
from profiles.application.errors import GapError, LedgerError, LogError
from profiles.application.ledger import Action, view_after
from profiles.application.ports import ARRIVALS_KEPT, Ledger, LedgerView, Overview, Progress
from profiles.domain.person import Person, PersonId
from profiles.domain.profile import Profile
from profiles.domain.resolving import Held
from profiles.domain.statistics import Statistics, bounded, cohorts_of
from profiles.domain.tally import Tally
from profiles.domain.version import Version


@dataclass(slots=True)
class MemoryLedger:
    """An erasure ledger in memory; each method but `view` writes its next entry."""

    current: LedgerView = field(default_factory=LedgerView)

    def view(self, *, at_least: int) -> LedgerView:
        """Return what the ledger says now."""
        if self.current.position < at_least:
            happened = f"ends at entry {self.current.position}, before {at_least}"
            raise LedgerError("in memory", happened, "Use the ledger that the store was used with.")
        return self.current

    def suppress(self, person: PersonId) -> None:
        """Note that a person was erased for good."""
        self.current = view_after(self.current, [(Action.SUPPRESS, person)])

    def restrict(self, person: PersonId) -> None:
        """Note that the processing of a person's data is frozen."""
        self.current = view_after(self.current, [(Action.RESTRICT, person)])

    def unrestrict(self, person: PersonId) -> None:
        """Note that it is frozen no longer."""
        self.current = view_after(self.current, [(Action.UNRESTRICT, person)])


@dataclass(slots=True)
class _Writer:
    position: int
    statistics: Statistics = field(default_factory=Statistics)


class _Epoch(NamedTuple):
    """An epoch of a topic; `firsts`: each partition's first offset in it."""

    number: int
    topic_id: str
    partitions: int
    firsts: Mapping[int, int]


class MemoryDecidingStore:
    """A deciding store in memory; a lock makes each call a transaction."""

    def __init__(self) -> None:
        """Begin empty."""
        self._lock = RLock()
        self._users: dict[PersonId, tuple[Profile, int]] = {}
        self._writers: dict[tuple[str, int], _Writer] = {}
        self._epochs: list[_Epoch] = []
        self._ledger_position = 0
        self._counts = Tally()
        self._arrivals: dict[datetime, int] = {}
        self._quarantine: dict[tuple[str, int, int, int], Quarantined] = {}

    def position(self, partition: LogPartition) -> int | None:
        """Return the first offset of a partition not yet decided."""
        writer = self._writers.get((partition.topic_id, partition.number))
        return None if writer is None else writer.position

    def ledger_position(self) -> int:
        """Return the position of the erasure ledger that is applied."""
        return self._ledger_position

    def progress(self) -> Progress:
        """Return how far the store is."""
        with self._lock:
            return Progress(
                ledger_position=self._ledger_position,
                topics=tuple((epoch.topic_id, epoch.partitions) for epoch in self._epochs),
                positions={key: writer.position for key, writer in self._writers.items()},
            )

    def apply(self, chunk: Chunk, ledger: Ledger) -> Applied:
        """Write what a chunk changes: all that can fail comes before the first change."""
        with self._lock:
            partition = chunk.partition
            writer_key = partition.topic_id, partition.number
            writer = self._writers.get(writer_key) or _Writer(position=chunk.start)
            epochs = self._epochs_of(partition)
            if chunk.start > writer.position:
                raise GapError(writer.position, chunk.start)
            view = ledger.view(at_least=self._ledger_position)
            settlement = settle(
                chunk,
                self._held(chunk, view),
                epoch=epochs[-1].number,
                position=writer.position,
                earlier=[
                    EarlierEpoch(before.number, after.firsts.get(partition.number, 0))
                    for before, after in pairwise(epochs)
                ],
                suppressed=view.suppressed,
                restricted=view.restricted,
            )
            self._writers[writer_key] = writer
            if epochs[-1] not in self._epochs:
                self._epochs.append(epochs[-1])
            self._ledger_position = view.position
            self._delete(view.suppressed & self._users.keys())
            self._write(writer, settlement)
            writer.position = max(writer.position, chunk.end)
            return settlement.applied

    def _epochs_of(self, partition: LogPartition) -> list[_Epoch]:
        """List the epochs of a topic; the last may be one that is still to be entered."""
        known = [epoch for epoch in self._epochs if epoch.topic_id == partition.topic_id]
        if known and known[-1].partitions >= partition.partitions:
            return known
        firsts = {
            number: writer.position
            for (topic_id, number), writer in self._writers.items()
            if topic_id == partition.topic_id
        }
        number = len(self._epochs) + 1
        return [*known, _Epoch(number, partition.topic_id, partition.partitions, firsts)]

    def _held(self, chunk: Chunk, view: LedgerView) -> dict[PersonId, Held]:
        """Tell what is held of a chunk's persons, less those who are to be deleted first."""
        return {
            person: Held.of(*self._users[person])
            for person in {entry.person for entry in chunk.entries} - view.suppressed
            if person is not None and person in self._users
        }

    def _write(self, writer: _Writer, settlement: Settlement) -> None:
        changes = settlement.changes
        for person in changes.deletions:
            self._users.pop(person, None)
        self._users.update(changes.upserts)
        self._add(writer, changes.difference)
        self._arrive(settlement.arrivals)
        for rejection in settlement.quarantined:
            topic_id, number, _ = rejection.partition
            key = topic_id, number, rejection.offset, rejection.ordinal
            self._quarantine[key] = rejection
        self._counts += changes.tally

    @staticmethod
    def _add(writer: _Writer, difference: Statistics) -> None:
        held = writer.statistics.email_domains
        writer.statistics += Statistics(
            cells=difference.cells, email_domains=bounded(difference.email_domains, held)
        )

    def _arrive(self, arrivals: Mapping[datetime, int]) -> None:
        for minute, count in arrivals.items():
            self._arrivals[minute] = self._arrivals.get(minute, 0) + count
        newest = max(self._arrivals, default=None)
        self._arrivals = {
            minute: count
            for minute, count in self._arrivals.items()
            if newest is not None and minute > newest - ARRIVALS_KEPT
        }

    def sweep(self, *, read_on: date, quarantined_before: datetime) -> int:
        """Delete what has expired."""
        with self._lock:
            expired = [
                person
                for person, (profile, _) in self._users.items()
                if profile.expires_at <= read_on
            ]
            self._delete(expired)
            self._quarantine = {
                key: rejection
                for key, rejection in self._quarantine.items()
                if rejection.logged_at >= quarantined_before
            }
            return len(expired)

    def _delete(self, persons: Iterable[PersonId]) -> None:
        """Delete profiles and their counts, each from the writer that its version names."""
        topics = {epoch.number: epoch.topic_id for epoch in self._epochs}
        for person in persons:
            profile, version = self._users.pop(person)
            place = Version.parts(version)
            writer = self._writers[topics[place.epoch], place.partition]
            self._add(writer, -Statistics.recount([profile]))

    def profile(self, person: PersonId) -> tuple[Profile, int] | None:
        """Return what is held of a person."""
        return self._users.get(person)

    def held(self, persons: Collection[PersonId]) -> Mapping[PersonId, tuple[Profile, int]]:
        """Return what is held of some persons."""
        return {person: self._users[person] for person in persons if person in self._users}

    def profiles(self) -> Iterator[tuple[Profile, int]]:
        """Yield all that is held, in the order of ids."""
        return iter([self._users[person] for person in sorted(self._users)])

    def statistics(self) -> Statistics:
        """Return the sum over all writers."""
        with self._lock:
            return sum((w.statistics for w in self._writers.values()), Statistics())

    def overview(self) -> Overview:
        """Return all that the page is made of, as of one moment."""
        with self._lock:
            statistics = self.statistics()
            return Overview(
                cohorts=cohorts_of(statistics.cells),
                email_domains=statistics.email_domains,
                arrivals=self.arrivals(),
                counts=self._counts,
            )

    def counts(self) -> Tally:
        """Return the sum of all tallies."""
        return self._counts

    def arrivals(self) -> dict[datetime, int]:
        """Return newly held persons by minute of log time."""
        return dict(self._arrivals)

    def quarantine(self) -> Sequence[Quarantined]:
        """Return the rejected records, oldest first."""
        return [
            self._quarantine[key]
            for key in sorted(self._quarantine, key=lambda k: (self._quarantine[k].logged_at, k))
        ]


class MemoryLog:
    """A log of one partition in memory; it holds the persons themselves as JSON."""

    def __init__(self, topic_id: str, *, encode: Callable[[Person], bytes]) -> None:
        """Begin empty.

        topic_id: another one for each log. encode: writes a minimised person as JSON in UTF-8.
        """
        self._lock = RLock()
        self._partition = LogPartition(topic_id)
        self._encode = encode
        self._records: list[LogRecord] = []
        self._next = 0
        self._sources: dict[str, int] = {}

    @property
    def partition(self) -> LogPartition:
        """Name the log."""
        return self._partition

    def append(  # noqa: PLR0913 - the port's
        self,
        persons: Sequence[Person],
        notice: Notice,
        *,
        logged_at: datetime,
        source: str,
        expected: int,
        position: int | None,
    ) -> int:
        """Append persons and a notice, and move the source's position; see the port."""
        records = [(person.login.uuid.encode(), self._encode(person)) for person in persons]
        with self._lock:
            if position is not None:
                if self.source_position(source) != expected:
                    raise LogError(
                        "The log in memory",
                        "another reader of the same source has moved its position",
                        "Read one source once at a time; nothing was appended.",
                    )
                self._sources[source] = position
            first = self._next
            for key, value in records:
                self._put(logged_at, key, value)
            if notice:
                self._put(logged_at, None, notice)
        return first

    def _put(self, logged_at: datetime, key: bytes | None, value: bytes | Notice) -> None:
        self._records.append(
            LogRecord(offset=self._next, logged_at=logged_at, key=key, value=value)
        )
        self._next += 1

    def read(self, start: int, *, limit: int) -> Sequence[LogRecord]:
        """Return up to `limit` records from `start` on; see the port."""
        with self._lock:
            first, following = self.bounds()
            if start < first:
                raise GapError(start, first)
            if start > following:
                raise LogError(
                    "The log in memory",
                    f"it ends at offset {following}, but was read up to {start}",
                    "Read it with the store that it was read into before.",
                )
            return self._records[start - first : start - first + limit]

    def bounds(self) -> tuple[int, int]:
        """Return the first offset held, and the next one."""
        return self._next - len(self._records), self._next

    def source_position(self, source: str) -> int:
        """Return where to go on reading a source."""
        return self._sources.get(source, 0)

    def finish(self, source: str) -> None:
        """Note that a source was read to its end."""
        self._sources.pop(source, None)

    def purge(self, *, before: datetime) -> int:
        """Delete records logged before a moment, as far as they make up the beginning."""
        with self._lock:
            old = sum(1 for _ in takewhile(lambda r: r.logged_at < before, self._records))
            del self._records[:old]
            return old

    def records_of(self, person: PersonId) -> Sequence[LogRecord]:
        """Return what the log holds of a person."""
        return [record for record in self._records if record.key == person.encode()]
