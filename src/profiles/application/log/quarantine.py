"""Rejected records: where they stand in the log and what is wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from profiles.application.log.deciding import Chunk
from profiles.application.log.records import LogPartition
from profiles.domain.outcome import Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A rejected record: where it stands in the log and what is wrong, never a value of it.

    ordinal: tells several rejections of one message apart, from 0 on.
    place: where it was in its source, such as `line 17`, where that is known.
    further: on the last of a message, how many more of its persons were rejected and only counted.
    """

    partition: LogPartition
    offset: int
    ordinal: int
    logged_at: datetime
    rejected: Rejected
    place: str | None = None
    further: int = 0


def quarantined_of(chunk: Chunk) -> Sequence[Quarantined]:
    """List the rejected records of a chunk whose place is kept, in the order of the log.

    Also those that were decided before: the deciding store can't tell after a crash which of them
    the topic of rejected records has.
    """
    ordinals: Counter[int] = Counter()
    further: Counter[int] = Counter()
    last: dict[int, int] = {}
    quarantined: list[Quarantined] = []
    for entry in chunk.entries:
        if not isinstance(entry.outcome, Rejected):
            continue
        if entry.quarantined:
            last[entry.offset] = len(quarantined)
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
        else:
            further[entry.offset] += 1
    for offset, count in further.items():  # one of the message at least is kept
        quarantined[last[offset]] = replace(quarantined[last[offset]], further=count)
    return quarantined
