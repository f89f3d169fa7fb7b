"""The embedded engine's log in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import takewhile
from threading import RLock

from profiles.application.errors import GapError, LogError
from profiles.application.log.records import LogPartition, LogRecord, Notice
from profiles.domain.person import Person, PersonId


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
        deleted: Sequence[PersonId] = (),
    ) -> int:
        """Append persons and a notice, and move the source's position; see the port."""
        records: list[tuple[bytes, bytes | None]] = [
            (person.login.uuid.encode(), self._encode(person)) for person in persons
        ]
        records += [(identity.encode(), None) for identity in deleted]
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
