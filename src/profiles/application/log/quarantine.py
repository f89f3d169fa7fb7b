"""Rejected records: where they stand in the log and what is wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from profiles.application.log.deciding import Chunk
from profiles.application.log.records import LogPartition
from profiles.domain.outcome import Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A rejected record: where it stands in the log and what is wrong, never a value of it.

    ordinal: tells several rejections of one message apart, from 0 on.
    """

    partition: LogPartition
    offset: int
    ordinal: int
    logged_at: datetime
    rejected: Rejected
    place: str | None = None


def quarantined_of(chunk: Chunk) -> Sequence[Quarantined]:
    """List the rejected records of a chunk whose place is kept, in the order of the log.

    Also those that were decided before: the deciding store can't tell after a crash which of them
    the topic of rejected records has.
    """
    ordinals: Counter[int] = Counter()
    quarantined = []
    for entry in chunk.entries:
        if isinstance(entry.outcome, Rejected) and entry.quarantined:
            quarantined.append(
                Quarantined(
                    partition=chunk.partition,
                    offset=entry.offset,
                    ordinal=ordinals[entry.offset],
                    logged_at=entry.logged_at,
                    rejected=entry.outcome,
                    place=entry.place,
                )
            )
            ordinals[entry.offset] += 1
    return quarantined
