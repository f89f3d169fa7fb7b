"""The quarantine message by message, as the log has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from profiles.application.log.messages import index_in
from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogPartition
from profiles.application.ports.rejections import Rejections

_READ_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedMessage:
    """A message of which persons were rejected, or all of it.

    entries: what the quarantine has of it.
    indices: of the rejected persons whose place is kept; with None, the message was rejected whole.
    open_from: from this index on others may have been rejected and only counted; None if none was.
    """

    partition: LogPartition
    offset: int
    entries: Sequence[Quarantined]
    indices: frozenset[int | None]
    open_from: int | None

    @classmethod
    def of(cls, entries: Sequence[Quarantined]) -> RejectedMessage:
        """Make one of all that the quarantine has of it."""
        indices = frozenset(index_in(entry.rejected.path) for entry in entries)
        last = max((index for index in indices if index is not None), default=0)
        return cls(
            partition=entries[0].partition,
            offset=entries[0].offset,
            entries=entries,
            indices=indices,
            open_from=last + 1 if any(entry.further for entry in entries) else None,
        )

    @property
    def persons(self) -> int:
        """Count those who were rejected."""
        return sum(1 + entry.further for entry in self.entries)

    def concerns(self, index: int) -> bool:
        """Tell whether a person of the message was rejected, or may have been."""
        if None in self.indices or index in self.indices:
            return True
        return self.open_from is not None and index >= self.open_from


def rejected_messages(rejections: Rejections) -> Iterator[RejectedMessage]:
    """Yield all of them, partition by partition, each in the order of the log.

    What is put in the place of one that was yielded is not yielded.

    Raises:
        StoreError: the store did not answer.
    """
    for _, entries in groupby(_all(rejections), key=lambda e: (e.partition.writer, e.offset)):
        yield RejectedMessage.of(list(entries))


def _all(rejections: Rejections) -> Iterator[Quarantined]:
    last = None
    while page := rejections.in_log_order(after=last, limit=_READ_AT_ONCE):
        yield from page
        last = page[-1]
