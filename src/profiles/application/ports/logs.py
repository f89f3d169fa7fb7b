"""Logs: the embedded engine's own, and one of many partitions that others use as well."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import NamedTuple, Protocol

from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogPartition, LogRecord, Notice, Run
from profiles.application.ports.sources import Fingerprint
from profiles.domain.person import PersonFields, PersonId


class Appended(NamedTuple):
    """The offset of the first record that was appended, and the log's time of all of them."""

    first: int
    logged_at: datetime


class Log(Protocol):
    """The embedded engine's log of one partition: what was fetched, until the stores have it.

    Times in it never decrease from one record to the next.
    """

    @property
    def partition(self) -> LogPartition:
        """Name the log; another name each time it is created again."""
        ...

    def claim(self) -> AbstractContextManager[None]:
        """Be the only one who appends to the log, or takes it into a store, for a while.

        A claim ends with its context, and with its process, however that ends.

        Raises:
            LogError: another process, or another part of this one, has it; nothing was changed.
        """
        ...

    def append(  # noqa: PLR0913 - an append is all of this at once
        self,
        persons: Sequence[PersonFields],
        notice: Notice,
        *,
        logged_at: datetime,
        source: str,
        expected: int,
        position: int | None,
        deleted: Sequence[PersonId] = (),
        fingerprint: Fingerprint | None = None,
    ) -> Appended:
        """Append minimised persons and what was kept out, and where the source goes on: at once.

        logged_at: now. The records get the time of the record before them if that is later.
        expected: the source's position that this builds on.
        position: where the source goes on now; None for a source that can't.
        deleted: who else is to be deleted; their records come after the persons.
        fingerprint: of the source up to that position.

        Returns where the first person is; one record follows the other, the notice last.

        Raises:
            LogError: another process has moved the source's position in between, or the log did
                not take it; nothing was appended.
        """
        ...

    def append_record(self, person: PersonId, value: bytes, *, logged_at: datetime) -> Appended:
        """Append a record about a person, beside whoever claims the log.

        logged_at: see `append`.

        Raises:
            LogError: the log did not take it; nothing was appended.
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

    def fingerprint(self, source: str) -> Fingerprint | None:
        """Return what came with a source's position, if anything did."""
        ...

    def finish(self, source: str) -> None:
        """Note that a source was read to its end, so that it starts over next time."""
        ...

    def correct_times(self, *, now: datetime) -> int:
        """Give records the present time whose time is more than the tolerance after it.

        Such a time is that of a clock that was ahead. Left as it is, the record would be rejected,
        stay for too long, and pass its time on to what is appended after it.

        Returns how many there were.
        """
        ...

    def purge(self, *, before: datetime) -> int:
        """Delete records logged before a moment; return how many.

        Digests of the content of sources that were appended before then go, too, so that nothing
        that was made of a record outlives it; positions stay.
        """
        ...

    def records_of(self, person: PersonId) -> Sequence[LogRecord]:
        """Return what the log holds of a person."""
        ...

    def counts_of(self, persons: Collection[PersonId]) -> Mapping[PersonId, int]:
        """Count the records that have a content, by person; who has none is left out."""
        ...

    def has_records_of(self, persons: Collection[PersonId]) -> bool:
        """Tell whether there is a record of any of them; one that was emptied still has the id."""
        ...

    def forget(self, persons: Sequence[PersonId]) -> int:
        """Empty the records of persons, of all or of none; return how many had a content.

        Their places stay, so that nothing that comes after them moves; a record that no store has
        taken in yet then says that the person is to be deleted.
        """
        ...


class Publisher(Protocol):
    """Appends messages to a log and learns of each one whether it is there for good."""

    @property
    def acknowledged(self) -> int:
        """Count the messages that the log has confirmed so far."""
        ...

    @property
    def failed(self) -> int:
        """Count the messages that were refused or given up so far."""
        ...

    def publish(self, key: bytes, value: bytes | None) -> None:
        """Hand over a message; wait while there is no room for it.

        value: None deletes whom the key names.

        A log that is away costs time and no message: what was handed over waits for it.

        Raises:
            LogError: it was not handed over, and no later one will be.
        """
        ...

    def flush(self, *, within_s: float) -> int:
        """Wait until the log has answered for every message; then give up the others.

        Those given up count as failed, though the log may have some of them.

        Returns how many were given up.
        """
        ...


class PlacingPublisher(Publisher, Protocol):
    """A publisher that tells where a message stands."""

    @property
    def last_place(self) -> tuple[int, int] | None:
        """Return partition and offset of the message that was confirmed last; None before one."""
        ...


Revoked = Callable[[Collection[int], bool], None]
"""Told the numbers of partitions that go to another reader, and whether they are gone already
(lost), so that nothing can be committed for them."""


class PartitionedLog(Protocol):
    """A topic, shared among the readers of a group. Used by one thread."""

    def partitions(self) -> Sequence[LogPartition]:
        """Return all partitions of the topic, as far as is known, by number."""
        ...

    def bounds(self, partition: LogPartition) -> tuple[int, int]:
        """Return the first offset that is held, and the one that the next record will get.

        Raises:
            LogAwayError: the log did not answer.
            LogError: it refused to.
        """
        ...

    def committed(self, partition: LogPartition) -> int | None:
        """Return the offset that the group has committed last, or None.

        Raises:
            LogAwayError: the log did not answer.
            LogError: it refused to.
        """
        ...

    def subscribe(self, revoked: Revoked) -> None:
        """Ask for a share of the partitions.

        revoked: called during `read` and `keep_alive`, before another reader may begin.
        """
        ...

    def assigned(self) -> Collection[LogPartition]:
        """Return the partitions of this reader."""
        ...

    def waiting(self) -> Collection[LogPartition]:
        """Return those of the assigned partitions of which is not said yet where to begin."""
        ...

    def begin(self, starts: Mapping[int, int]) -> None:
        """Say where to begin, for all that are waiting.

        starts: offsets by number of the partition.

        Raises:
            LogError: the log did not take it.
        """
        ...

    def read(self, *, limit: int, timeout_s: float, gather_s: float = 0.0) -> Sequence[Run]:
        """Return what has come: up to `limit` records, as soon as there are that many.

        timeout_s: for which the first one is waited for.
        gather_s: for which others are waited for once it is there.

        Every record returned is of the topic that `partitions` names, also where one of the
        same name was created in between.

        Raises:
            GapError: the log no longer holds the next record.
            LogError: the topic is gone or was created again, or the log refuses to be read.
        """
        ...

    def keep_alive(self) -> None:
        """Stay in the group without reading; to be called now and then between two reads."""
        ...

    def commit(self, ends: Mapping[int, int], *, wait: bool) -> None:
        """Note up to where the group has done its work, by number of the partition.

        A commit that fails is only logged: the work is done again, which changes nothing.

        wait: until it is noted.
        """
        ...


class RejectedSink(Protocol):
    """Where rejected records are told of: where they stand and what is wrong, never a value."""

    def publish(self, rejected: Sequence[Quarantined]) -> None:
        """Tell of them, at least once; return when that can't get lost any more.

        Raises:
            LogError: some may be missing; tell of all of them again.
        """
        ...


class LogReader(Protocol):
    """Reads any part of a log by position: it joins no group and notes nothing."""

    def partitions(self) -> Sequence[LogPartition]:
        """Return all partitions of the log as it is now, by number.

        Raises:
            LogError: the log is gone, or did not answer.
        """
        ...

    def bounds(self, partition: LogPartition) -> tuple[int, int]:
        """Return the first offset that is held, and the one that the next record will get.

        Raises:
            LogError: the log did not answer.
        """
        ...

    def records(self, partition: LogPartition, start: int, end: int) -> Generator[LogRecord]:
        """Yield the records from `start` on and before `end`, in order; some may be missing.

        Once it has ended, all of them were of the topic that the partition names. One reading at
        a time: whoever does not read to the end closes it.

        Raises:
            LogError: the log does not hold `start` any more, or not yet; it did not answer; or the
                topic was created again.
        """
        ...


class LogLookup(Protocol):
    """What a reader that is handed records by somebody else asks the log itself."""

    def identity(self) -> str | None:
        """Return the id of the topic as it is now, or None if there was no answer.

        It may be asked from one other thread while the rest is used.

        Raises:
            LogError: the topic is gone, or this user may not see it.
        """
        ...

    def first(self, partition: LogPartition) -> int:
        """Return the first offset that is held.

        Raises:
            LogError: the log did not answer.
        """
        ...

    def holds_records(self, partition: LogPartition, start: int, end: int) -> bool:
        """Tell whether there is a record from `start` on and before `end`.

        Offsets can be without one: a transaction's marks, or what it has taken back.

        Raises:
            LogError: the log did not answer.
        """
        ...


class LogSearch(Protocol):
    """A topic as one sees it who looks for a person's records; joins no group, keeps no position.

    Used by one thread.
    """

    @property
    def name(self) -> str:
        """Name the topic."""
        ...

    def bounds(self) -> Mapping[int, tuple[int, int]]:
        """Return, of each partition, the first offset that is held and the one of the next record.

        Raises:
            LogError: the topic is not there, or the log did not answer.
        """
        ...

    def place(self, key: bytes) -> int:
        """Return the partition in which our producer, and Java's, put a key."""
        ...

    def records(self, number: int, *, start: int, end: int) -> Iterator[LogRecord]:
        """Yield the records of a partition from one offset to before another, in order.

        What has been deleted from the log meanwhile is passed over.

        Raises:
            LogError: the log did not answer; what was yielded is not all.
        """
        ...
