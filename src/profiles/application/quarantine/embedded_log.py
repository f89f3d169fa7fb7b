"""The embedded engine's log, read by position."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Final

from profiles.application.log.records import LogPartition, LogRecord
from profiles.application.ports.logs import Log

_READ_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class EmbeddedLogReader:
    """A reader of a log of one partition; the log stays the same while it is open."""

    log: Log

    def partitions(self) -> Sequence[LogPartition]:
        """Return its one partition."""
        return [self.log.partition]

    def bounds(self, partition: LogPartition) -> tuple[int, int]:  # noqa: ARG002 - it has one
        """Return the first offset that is held, and the next one."""
        return self.log.bounds()

    def records(
        self,
        partition: LogPartition,  # noqa: ARG002 - it has one
        start: int,
        end: int,
    ) -> Generator[LogRecord]:
        """Yield what is between two offsets."""
        while start < end and (
            found := self.log.read(start, limit=min(_READ_AT_ONCE, end - start))
        ):
            yield from found
            start = found[-1].offset + 1
