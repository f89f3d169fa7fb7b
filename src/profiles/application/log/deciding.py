"""Chunks: a run of the log's records, decided, on the way into the stores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import NamedTuple

from profiles.application.log.bounds import QUARANTINED_PER_MESSAGE, bounded
from profiles.application.log.messages import Decode, Deletion, Records
from profiles.application.log.records import LogPartition, LogRecord, Notice
from profiles.domain.assessing import decide
from profiles.domain.corrections import Correction
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.outcome import Erased, Rejected, RejectionReason, Withheld
from profiles.domain.person import Person, PersonId
from profiles.domain.policy import PrivacyPolicy
from profiles.domain.policy_settings import deciding_fingerprint_of, settings_of
from profiles.domain.profile import Profile
from profiles.domain.reading import canonical_id, readable_id
from profiles.domain.resolving import Admits, admits_all


class Entry(NamedTuple):
    """What was decided about one person of a record of the log.

    logged_at: the log's time of the record, or when it was read, if that time is in the future.
    quarantined: whether a rejection's place is kept; false for those of a message that has many.
    place: where a rejected record was in its source, such as `line 17`, where that is known.
    """

    offset: int
    logged_at: datetime
    person: PersonId | None
    outcome: Profile | Withheld | Rejected | Erased | Correction
    quarantined: bool = True
    place: str | None = None

    def __repr__(self) -> str:
        """Show whom and what it is about to nobody."""
        return f"Entry(offset={self.offset}, ...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A run of records of one partition, decided; a message is never split over two chunks.

    start: the offset from which was read; end: the offset to go on from.
    read: how many persons were read, counted apart from the entries.
    policy: the deciding fingerprint of its policy; None where that is not told.
    admits: tells whether its policy admits whoever was corrected.
    """

    partition: LogPartition
    start: int
    end: int
    entries: Sequence[Entry] = field(repr=False)
    read: int
    policy: str | None = None
    admits: Admits = field(default=admits_all, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What decides about a record, beside the record.

    as_of: overrides the civil date for which ages are counted.
    fingerprint: of what the policy decides by.
    """

    policy: PrivacyPolicy
    decode: Decode
    as_of: date | None = None
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        """Work out once what every chunk carries."""
        object.__setattr__(self, "fingerprint", deciding_fingerprint_of(settings_of(self.policy)))

    def dates(self, *, logged_at: datetime, read_at: datetime) -> DecisionDates:
        """Derive a record's dates."""
        return DecisionDates.of(
            logged_at=logged_at, read_at=read_at, as_of=self.as_of, zone=self.policy.zone
        )


def decide_chunk(  # noqa: PLR0913 - what a chunk is, named one by one
    partition: LogPartition,
    records: Iterable[LogRecord],
    *,
    start: int,
    end: int,
    rules: Rules,
    read_at: datetime,
    persons: int | None = None,
) -> Chunk:
    """Decide a run of records, in the order of the log.

    read_at: the moment of reading, aware.
    persons: ends the chunk after the record with which there are so many, or never. Then its `end`
        is the offset after that record, and not the given one.
    """
    entries: list[Entry] = []
    read = 0
    dates: DecisionDates | None = None
    logged_at = entered_at = read_at
    for record in records:
        if persons is not None and read >= persons:
            end = record.offset
            break
        if dates is None or record.logged_at != logged_at:
            logged_at = record.logged_at
            dates = rules.dates(logged_at=logged_at, read_at=read_at)
            # What is kept of it for some days would be kept until some days after a wrong time.
            entered_at = read_at if dates.from_the_future else logged_at
        decided = _decide_record(record, rules, dates)
        read += decided[0]
        entries += [Entry(record.offset, entered_at, *pair) for pair in decided[1]]
    return Chunk(
        partition=partition,
        start=start,
        end=end,
        entries=entries,
        read=read,
        policy=rules.fingerprint,
        admits=rules.policy.admits,
    )


_Outcome = Profile | Withheld | Rejected | Erased | Correction
_Decisions = Sequence[
    tuple[PersonId | None, _Outcome]
    | tuple[PersonId | None, _Outcome, bool]
    | tuple[PersonId | None, _Outcome, bool, str | None]
]


def _decide_record(record: LogRecord, rules: Rules, dates: DecisionDates) -> tuple[int, _Decisions]:
    """Decide about the persons of a record; count them where they are decoded."""
    if isinstance(record.value, Notice):
        notice = record.value
        kept_out: list[tuple[None, _Outcome, bool, str | None]] = [
            (None, Withheld(reason), True, None)
            for reason, count in notice.withheld.items()
            for _ in range(count)
        ]
        kept_out += [(None, rejected, True, place) for rejected, place in notice.placed]
        for reason, count in notice.more.items():
            kept_out += [(None, Rejected(reason, "", ""), False, None)] * count
        return notice.reasons.total(), kept_out
    if record.value is None:
        return 1, [_erasure(record.key)]
    value = record.value
    records = Records((value,)) if isinstance(value, Person) else bounded(rules.decode(value))
    if not isinstance(records, Records):
        if isinstance(records, Deletion):
            return 1, [(records.person, Erased())]
        return 1, [(None, records)]
    decisions: list[tuple[PersonId | None, _Outcome, bool]] = []
    rejected = 0
    for index, item in enumerate(records.items):
        outcome = decide(item, rules.policy, dates)
        if isinstance(outcome, Profile):
            decisions.append((outcome.id, outcome, True))
            continue
        if isinstance(outcome, Rejected):
            rejected += 1
            if records.whole_response:
                outcome = replace(outcome, path=records.path(index, outcome.path))
        kept = rejected <= QUARANTINED_PER_MESSAGE
        decisions.append((readable_id(item), outcome, kept))
    return len(records.items), decisions


def _erasure(key: bytes | None) -> tuple[PersonId | None, Erased | Rejected]:
    try:
        person = canonical_id(key.decode()) if key is not None else None
    except UnicodeDecodeError:
        person = None
    if person is None:
        return None, Rejected(RejectionReason.ID, "key", "UUID of 36 characters")
    return person, Erased()
