"""The embedded engine's log in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import takewhile
from threading import Lock, RLock
from typing import NamedTuple

from profiles.application.errors import GapError, LogClaimedError, LogError
from profiles.application.log.records import LogPartition, LogRecord, Notice
from profiles.application.ports.logs import Appended
from profiles.application.ports.sources import Fingerprint
from profiles.domain.decision_dates import TOLERANCE
from profiles.domain.person import PersonFields, PersonId


class _Read(NamedTuple):
    """How far a source was read, and when that was logged."""

    position: int
    fingerprint: Fingerprint | None
    logged_at: datetime


class MemoryLog:
    """A log of one partition in memory; it holds the persons themselves as JSON."""

    def __init__(self, topic_id: str, *, encode: Callable[[PersonFields], bytes]) -> None:
        """Begin empty.

        topic_id: another one for each log. encode: writes a minimised person as JSON in UTF-8.
        """
        self._lock = RLock()
        self._partition = LogPartition(topic_id)
        self._encode = encode
        self._records: list[LogRecord] = []
        self._next = 0
        self._sources: dict[str, _Read] = {}
        self._claim = Lock()

    @property
    def partition(self) -> LogPartition:
        """Name the log."""
        return self._partition

    @contextmanager
    def claim(self) -> Generator[None]:
        """Be the only one who works with the log; see the port."""
        if not self._claim.acquire(blocking=False):
            raise LogClaimedError(
                "The log in memory",
                "another one works with it",
                "Wait until that has ended; this one has changed nothing.",
            )
        try:
            yield
        finally:
            self._claim.release()

    def append(  # noqa: PLR0913 - the port's
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
        """Append persons and a notice, and move the source's position; see the port."""
        records: list[tuple[bytes, bytes | None]] = [
            (person.login.uuid.encode(), self._encode(person)) for person in persons
        ]
        records += [(identity.encode(), None) for identity in deleted]
        with self._lock:
            if self._records:
                logged_at = max(logged_at, self._records[-1].logged_at)
            if position is not None:
                if self.source_position(source) != expected:
                    raise LogError(
                        "The log in memory",
                        "another reader of the same source has moved its position",
                        "Read one source once at a time; nothing was appended.",
                    )
                self._sources[source] = _Read(position, fingerprint, logged_at)
            first = self._next
            for key, value in records:
                self._put(logged_at, key, value)
            if notice:
                self._put(logged_at, None, notice)
        return Appended(first, logged_at)

    def append_record(self, person: PersonId, value: bytes, *, logged_at: datetime) -> Appended:
        """Append a record about a person; see the port."""
        with self._lock:
            if self._records:
                logged_at = max(logged_at, self._records[-1].logged_at)
            first = self._next
            self._put(logged_at, person.encode(), value)
        return Appended(first, logged_at)

    def _put(self, logged_at: datetime, key: bytes | None, value: bytes | Notice | None) -> None:
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
        with self._lock:
            return self._next - len(self._records), self._next

    def source_position(self, source: str) -> int:
        """Return where to go on reading a source."""
        read = self._sources.get(source)
        return 0 if read is None else read.position

    def fingerprint(self, source: str) -> Fingerprint | None:
        """Return what came with a source's position."""
        read = self._sources.get(source)
        return None if read is None else read.fingerprint

    def finish(self, source: str) -> None:
        """Note that a source was read to its end."""
        with self._lock:
            self._sources.pop(source, None)

    def correct_times(self, *, now: datetime) -> int:
        """Give records the present time that are later than that; see the port."""
        latest = now + TOLERANCE
        with self._lock:
            for source, read in self._sources.items():
                if read.logged_at > latest:
                    self._sources[source] = read._replace(logged_at=now)
            kept = sum(1 for _ in takewhile(lambda r: r.logged_at <= latest, self._records))
            late = self._records[kept:]
            at = max([now, *(record.logged_at for record in self._records[:kept][-1:])])
            self._records[kept:] = [record._replace(logged_at=at) for record in late]
            return len(late)

    def purge(self, *, before: datetime) -> int:
        """Delete records logged before a moment, as far as they make up the beginning."""
        with self._lock:
            old = sum(1 for _ in takewhile(lambda r: r.logged_at < before, self._records))
            del self._records[:old]
            for source, read in self._sources.items():
                if read.fingerprint is not None and read.logged_at < before:
                    forgotten = read.fingerprint._replace(content=None)
                    self._sources[source] = read._replace(fingerprint=forgotten)
            return old

    def counts_of(self, persons: Collection[PersonId]) -> Mapping[PersonId, int]:
        """Count records by person."""
        keys = {person.encode(): person for person in persons}
        with self._lock:
            return Counter(
                keys[r.key] for r in self._records if r.value is not None and r.key in keys
            )

    def has_records_of(self, persons: Collection[PersonId]) -> bool:
        """Tell whether there is a record of any of them."""
        keys = {person.encode() for person in persons}
        with self._lock:
            return any(record.key in keys for record in self._records)

    def forget(self, persons: Sequence[PersonId]) -> int:
        """Empty the records of persons."""
        keys = {person.encode() for person in persons}
        with self._lock:
            held = [r for r in self._records if r.key in keys and r.value is not None]
            self._records = [r._replace(value=None) if r.key in keys else r for r in self._records]
        return len(held)

    def records_of(self, person: PersonId) -> Sequence[LogRecord]:
        """Return what the log holds of a person."""
        return [record for record in self._records if record.key == person.encode()]
