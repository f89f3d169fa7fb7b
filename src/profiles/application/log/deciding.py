"""Chunks: a run of the log's records, decided, on the way into the stores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from typing import NamedTuple

from profiles.application.log.messages import Decode, Records
from profiles.application.log.records import LogPartition, LogRecord, Notice
from profiles.domain.assessing import decide
from profiles.domain.decision_dates import LAST_ZONE, DecisionDates
from profiles.domain.outcome import Erased, Rejected, RejectionReason, Withheld
from profiles.domain.person import Person, PersonId
from profiles.domain.policy import PrivacyPolicy
from profiles.domain.profile import Profile
from profiles.domain.reading import canonical_id, readable_id


class Entry(NamedTuple):
    """What was decided about one person of a record of the log."""

    offset: int
    logged_at: datetime
    person: PersonId | None
    outcome: Profile | Withheld | Rejected | Erased

    def __repr__(self) -> str:
        """Show whom and what it is about to nobody."""
        return f"Entry(offset={self.offset}, ...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A run of records of one partition, decided; a message is never split over two chunks.

    start: the offset from which was read; end: the offset to go on from.
    read: how many persons were read, counted apart from the entries.
    """

    partition: LogPartition
    start: int
    end: int
    entries: Sequence[Entry] = field(repr=False)
    read: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What decides about a record, beside the record.

    as_of: overrides the civil date for which ages are counted.
    zone: where the civil date of a record's log time is taken.
    """

    policy: PrivacyPolicy
    decode: Decode
    as_of: date | None = None
    zone: tzinfo = LAST_ZONE

    def dates(self, *, logged_at: datetime, read_at: datetime) -> DecisionDates:
        """Derive a record's dates."""
        return DecisionDates.of(
            logged_at=logged_at, read_at=read_at, as_of=self.as_of, zone=self.zone
        )


def decide_chunk(  # noqa: PLR0913 - what a chunk is, named one by one
    partition: LogPartition,
    records: Iterable[LogRecord],
    *,
    start: int,
    end: int,
    rules: Rules,
    read_at: datetime,
) -> Chunk:
    """Decide a run of records, in the order of the log.

    read_at: the moment of reading, aware.
    """
    entries: list[Entry] = []
    read = 0
    dates: DecisionDates | None = None
    logged_at: datetime | None = None
    for record in records:
        if dates is None or record.logged_at != logged_at:
            logged_at = record.logged_at
            dates = rules.dates(logged_at=logged_at, read_at=read_at)
        decided = _decide_record(record, rules, dates)
        read += decided[0]
        entries += [Entry(record.offset, record.logged_at, *pair) for pair in decided[1]]
    return Chunk(partition=partition, start=start, end=end, entries=entries, read=read)


_Pairs = Sequence[tuple[PersonId | None, Profile | Withheld | Rejected | Erased]]


def _decide_record(record: LogRecord, rules: Rules, dates: DecisionDates) -> tuple[int, _Pairs]:
    """Decide about the persons of a record; count them where they are decoded."""
    if isinstance(record.value, Notice):
        notice = record.value
        pairs: list[tuple[PersonId | None, Profile | Withheld | Rejected | Erased]] = [
            (None, Withheld(reason))
            for reason, count in notice.withheld.items()
            for _ in range(count)
        ]
        pairs += [(None, rejected) for rejected in notice.rejected]
        return sum(notice.withheld.values()) + len(notice.rejected), pairs
    if record.value is None:
        return 1, [_erasure(record.key)]
    value = record.value
    records = Records((value,)) if isinstance(value, Person) else rules.decode(value)
    if isinstance(records, Rejected):
        return 1, [(None, records)]
    pairs = []
    for index, item in enumerate(records.items):
        outcome = decide(item, rules.policy, dates)
        if isinstance(outcome, Profile):
            pairs.append((outcome.id, outcome))
            continue
        if isinstance(outcome, Rejected) and records.whole_response:
            outcome = replace(outcome, path=records.path(index, outcome.path))
        pairs.append((readable_id(item), outcome))
    return len(records.items), pairs


def _erasure(key: bytes | None) -> tuple[PersonId | None, Erased | Rejected]:
    try:
        person = canonical_id(key.decode()) if key is not None else None
    except UnicodeDecodeError:
        person = None
    if person is None:
        return None, Rejected(RejectionReason.ID, "key", "UUID of 36 characters")
    return person, Erased()
