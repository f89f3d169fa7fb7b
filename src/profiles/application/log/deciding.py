"""Chunks: a run of the log's records, decided, on the way into the stores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final, NamedTuple

from profiles.application.log.bounds import QUARANTINED_PER_MESSAGE, bounded
from profiles.application.log.messages import Decode, Deletion, Records
from profiles.application.log.records import LogPartition, LogRecord, Notice
from profiles.domain.corrections import Correction
from profiles.domain.deciding_together import AT_ONCE, decide_all
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.outcome import Erased, Rejected, RejectionReason, Withheld
from profiles.domain.person import PersonFields, PersonId
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
    undecided = _Undecided(rules.policy)
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
            undecided.begin(dates)
        value = record.value
        if isinstance(value, bytes):
            decoded = bounded(rules.decode(value))
        elif isinstance(value, PersonFields):
            decoded = Records((value,))
        else:
            decoded = None
        if isinstance(decoded, Records):
            read += len(decoded.items)
            undecided.add(record.offset, entered_at, decoded)
        else:
            told = _told(record, decoded)
            read += len(told)
            undecided.decide()
            undecided.entries += [Entry(record.offset, entered_at, *each) for each in told]
    undecided.decide()
    return Chunk(
        partition=partition,
        start=start,
        end=end,
        entries=undecided.entries,
        read=read,
        policy=rules.fingerprint,
        admits=rules.policy.admits,
    )


new_entry: Final = tuple.__new__
"""In half the time of calling `Entry`, whose arguments a function in Python passes on."""


class _Undecided:
    """Messages whose persons are decided together, and the entries of those who are.

    entries: in the order of the log, as far as it is decided.
    """

    def __init__(self, policy: PrivacyPolicy) -> None:
        self.entries: list[Entry] = []
        self._policy = policy
        self._dates: DecisionDates | None = None
        self._messages: list[tuple[int, datetime, Records]] = []
        self._items: list[object] = []

    def begin(self, dates: DecisionDates) -> None:
        """Take the dates of the messages that follow."""
        if dates != self._dates:
            self.decide()
            self._dates = dates

    def add(self, offset: int, entered_at: datetime, records: Records) -> None:
        """Take the persons of a message."""
        self._messages.append((offset, entered_at, records))
        self._items += records.items
        if len(self._items) >= AT_ONCE:
            self.decide()

    def decide(self) -> None:
        """Decide about all that were taken."""
        if self._dates is None:
            return
        entries = self.entries
        outcomes = iter(decide_all(self._items, self._policy, self._dates))
        for offset, entered_at, records in self._messages:
            rejected = 0
            for index, item in enumerate(records.items):
                outcome = next(outcomes)
                if isinstance(outcome, Profile):
                    of_profile = (offset, entered_at, outcome.id, outcome, True, None)
                    entries.append(new_entry(Entry, of_profile))
                    continue
                if isinstance(outcome, Rejected):
                    rejected += 1
                    if records.whole_response:
                        outcome = replace(outcome, path=records.path(index, outcome.path))
                kept = rejected <= QUARANTINED_PER_MESSAGE
                entries.append(Entry(offset, entered_at, readable_id(item), outcome, kept))
        self._messages.clear()
        self._items.clear()


_Told = tuple[PersonId | None, Withheld | Rejected | Erased, bool, str | None]


def _told(record: LogRecord, decoded: Rejected | Deletion | None) -> Sequence[_Told]:
    """Return what a record without persons says: who is deleted, or whom a gate kept out."""
    if isinstance(decoded, Rejected):
        return [(None, decoded, True, None)]
    if isinstance(decoded, Deletion):
        return [(decoded.person, Erased(), True, None)]
    notice = record.value
    if not isinstance(notice, Notice):
        return [(*_erasure(record.key), True, None)]
    told: list[_Told] = [
        (None, Withheld(reason), True, None)
        for reason, count in notice.withheld.items()
        for _ in range(count)
    ]
    told += [(None, rejected, True, place) for rejected, place in notice.placed]
    for reason, count in notice.more.items():
        told += [(None, Rejected(reason, "", ""), False, None)] * count
    return told


def _erasure(key: bytes | None) -> tuple[PersonId | None, Erased | Rejected]:
    try:
        person = canonical_id(key.decode()) if key is not None else None
    except UnicodeDecodeError:
        person = None
    if person is None:
        return None, Rejected(RejectionReason.ID, "key", "UUID of 36 characters")
    return person, Erased()
