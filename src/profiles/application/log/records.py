"""Records of a log: where they stand, and what a log holds of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from profiles.domain.outcome import Rejected, RejectionReason, WithheldReason
from profiles.domain.person import PersonFields


class Writer(NamedTuple):
    """Who writes a share of a deciding store: the records of one partition, by one task at a time.

    It has its own read position and counts its own share of the statistics. Unlike `LogPartition`
    it stays the same when the topic gets more partitions.
    """

    topic_id: str
    partition: int


class LogPartition(NamedTuple):
    """One partition of a log: what is worked on by one task at a time.

    topic_id: another one for each topic ever made, also of the same name.
    number: from 0 on.
    partitions: how many the topic has.
    """

    topic_id: str
    number: int = 0
    partitions: int = 1

    @property
    def writer(self) -> Writer:
        """Name who writes what is decided about it."""
        return Writer(self.topic_id, self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a gate before the log kept out of it: counts of the withheld, and the rejections.

    rejected: as many as are kept with their place; see `bounds`.
    places: where each rejected record was in its source, such as `line 17`, never a value of it;
        none at all for a source that can't tell, and from earlier releases.
    more: how many were rejected besides, by reason.
    """

    withheld: Mapping[WithheldReason, int] = field(default_factory=dict)
    rejected: Sequence[Rejected] = ()
    places: Sequence[str | None] = ()
    more: Mapping[RejectionReason, int] = field(default_factory=dict)

    @property
    def reasons(self) -> Counter[WithheldReason | RejectionReason]:
        """Count everybody who was kept out, by reason."""
        kept_out: Counter[WithheldReason | RejectionReason] = Counter(self.withheld)
        kept_out.update(rejected.reason for rejected in self.rejected)
        kept_out.update(self.more)
        return kept_out

    @property
    def placed(self) -> Sequence[tuple[Rejected, str | None]]:
        """Return each rejection with its place, if it has one."""
        without = len(self.rejected) - len(self.places)
        return list(zip(self.rejected, [*self.places, *[None] * without], strict=True))

    def __bool__(self) -> bool:
        """Tell whether there is anything to say."""
        return bool(self.withheld or self.rejected or self.more)


class LogRecord(NamedTuple):
    """A record as the log holds it.

    logged_at: the log's own time of it, aware.
    value: a person or a whole response as JSON; a person who was appended just now and need not
        be decoded; None to delete the person that `key` names; or a notice of the embedded
        engine's own gate.
    """

    offset: int
    logged_at: datetime
    key: bytes | None = None
    value: bytes | PersonFields | Notice | None = None

    def __repr__(self) -> str:
        """Show where it stands and nothing of what it says."""
        return f"LogRecord(offset={self.offset}, ...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Consecutive records of one partition, as one reading found them.

    start: the offset from which was read; end: the one to go on from. Offsets in between that
        have no record (a log may leave some out) hold nothing.
    """

    partition: LogPartition
    records: Sequence[LogRecord] = field(repr=False)
    start: int
    end: int
