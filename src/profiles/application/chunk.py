"""Chunks: a run of the log's records, decided, on the way into the stores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, tzinfo
from typing import NamedTuple

from profiles.application.messages import Decode, Records
from profiles.domain.assessing import decide
from profiles.domain.outcome import Erased, Reason, Rejected, Withheld, WithheldReason
from profiles.domain.person import Person, PersonId
from profiles.domain.policy import PrivacyPolicy
from profiles.domain.profile import Profile
from profiles.domain.reading import canonical_id, readable_id
from profiles.domain.resolving import Changes, Decided, Held, resolve
from profiles.domain.tally import Tally
from profiles.domain.times import LAST_ZONE, Times
from profiles.domain.version import OFFSET_STEP, Version


class LogPartition(NamedTuple):
    """One partition of a log: what is worked on by one task at a time.

    topic_id: another one for each topic ever made, also of the same name.
    number: from 0 on.
    partitions: how many the topic has.
    """

    topic_id: str
    number: int = 0
    partitions: int = 1


class EarlierEpoch(NamedTuple):
    """An epoch of a topic that is over: up to where its records go in a partition.

    end: the first offset that belongs to a later epoch.
    """

    number: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a gate before the log kept out of it: counts of the withheld, and the rejections."""

    withheld: Mapping[WithheldReason, int] = field(default_factory=dict)
    rejected: Sequence[Rejected] = ()

    def __bool__(self) -> bool:
        """Tell whether there is anything to say."""
        return bool(self.withheld or self.rejected)


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
    value: bytes | Person | Notice | None = None

    def __repr__(self) -> str:
        """Show where it stands and nothing of what it says."""
        return f"LogRecord(offset={self.offset}, ...)"


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

    def times(self, *, logged_at: datetime, read_at: datetime) -> Times:
        """Derive a record's times."""
        return Times.of(logged_at=logged_at, read_at=read_at, as_of=self.as_of, zone=self.zone)


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
    times: Times | None = None
    logged_at: datetime | None = None
    for record in records:
        if times is None or record.logged_at != logged_at:
            logged_at = record.logged_at
            times = rules.times(logged_at=logged_at, read_at=read_at)
        decided = _decided(record, rules, times)
        read += decided[0]
        entries += [Entry(record.offset, record.logged_at, *pair) for pair in decided[1]]
    return Chunk(partition=partition, start=start, end=end, entries=entries, read=read)


_Pairs = Sequence[tuple[PersonId | None, Profile | Withheld | Rejected | Erased]]


def _decided(record: LogRecord, rules: Rules, times: Times) -> tuple[int, _Pairs]:
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
        outcome = decide(item, rules.policy, times)
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
        return None, Rejected(Reason.ID, "key", "UUID of 36 characters")
    return person, Erased()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a deciding store did with a chunk.

    tally: what became of the chunk's persons.
    stored: what is held now that was not before, with versions.
    deleted: of whom nothing is held any more, with the version of the record that says so.
    untouched: the others of whom the chunk tells, with the version of their last record.
    newcomers: those of `stored` of whom nothing was held before.
    """

    tally: Tally
    stored: Mapping[PersonId, tuple[Profile, int]] = field(default_factory=dict, repr=False)
    deleted: Mapping[PersonId, int] = field(default_factory=dict, repr=False)
    untouched: Mapping[PersonId, int] = field(default_factory=dict, repr=False)
    newcomers: Collection[PersonId] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What a deciding store has to do about a chunk, inside the transaction that asked.

    changes: what to write; its tally is complete and has been checked.
    arrivals: newly held persons by the minute of their record's log time (UTC).
    quarantined: what was rejected.
    untouched: see `Applied`.
    """

    changes: Changes
    arrivals: Mapping[datetime, int]
    quarantined: Sequence[Quarantined]
    untouched: Mapping[PersonId, int] = field(repr=False)

    @property
    def applied(self) -> Applied:
        """Tell what a store has done that has written it."""
        return Applied(
            tally=self.changes.tally,
            stored=self.changes.upserts,
            deleted=self.changes.deletions,
            untouched=self.untouched,
            newcomers=self.changes.newcomers,
        )


def settle(  # noqa: PLR0913 - what a transaction has read, named one by one
    chunk: Chunk,
    held: Mapping[PersonId, Held],
    *,
    epoch: int,
    position: int,
    earlier: Sequence[EarlierEpoch] = (),
    suppressed: Collection[PersonId] = frozenset(),
    restricted: Collection[PersonId] = frozenset(),
) -> Settlement:
    """Work out what a chunk changes in a deciding store.

    held: what the store holds of the persons of the chunk's entries.
    epoch: of the chunk's partition. position: the first offset not yet decided.
    earlier: the topic's epochs before, oldest first: where it has got more partitions since.

    A record below the position was decided before and changes nothing now: it counts as stored
    where it is what is held, else as superseded. It keeps the version that it was decided in, or
    what follows would delete at a version above those of newer records.

    Raises:
        UnbalancedTallyError: a record got lost; nothing may be written.
        VersionRangeError: the offset does not fit into a version.
    """
    number = chunk.partition.number
    Version(epoch, chunk.end, number).number()  # refuses what does not fit, once for all entries
    base = Version(epoch, 0, number).number()
    bases = [(Version(each.number, 0, number).number(), each.end) for each in earlier]

    def version_at(offset: int) -> int:
        for earlier_base, end in bases:
            if offset < end:
                return earlier_base + offset * OFFSET_STEP
        return base + offset * OFFSET_STEP

    records = [
        Decided(base + entry.offset * OFFSET_STEP, entry.person, entry.outcome)
        for entry in chunk.entries
        if entry.offset >= position
    ]
    changes = resolve(records, held, suppressed=suppressed, restricted=restricted)
    replayed = [entry for entry in chunk.entries if entry.offset < position]
    stored = sum(
        entry.person is not None
        and entry.person in held
        and held[entry.person].version == version_at(entry.offset)
        for entry in replayed
    )
    tally = changes.tally + Tally(read=chunk.read, stored=stored, superseded=len(replayed) - stored)
    tally.check()
    return Settlement(
        changes=replace(changes, tally=tally),
        arrivals=_arrivals(chunk, changes.newcomers),
        quarantined=_quarantined(chunk, changes.rejected),
        untouched={
            entry.person: version_at(entry.offset)
            for entry in chunk.entries
            if entry.person is not None
            and entry.person not in changes.upserts
            and entry.person not in changes.deletions
        },
    )


def _arrivals(chunk: Chunk, newcomers: Collection[PersonId]) -> Mapping[datetime, int]:
    """Count the newly held by the minute of the record that is held of them."""
    last = {
        entry.person: entry.logged_at
        for entry in chunk.entries
        if isinstance(entry.outcome, Profile)
    }
    minutes: Counter[datetime] = Counter()
    for logged_at, count in Counter(last[person] for person in newcomers).items():
        minutes[logged_at.astimezone(UTC).replace(second=0, microsecond=0)] += count
    return minutes


def _quarantined(chunk: Chunk, rejected: Iterable[tuple[int, Rejected]]) -> Sequence[Quarantined]:
    logged_at = {entry.offset: entry.logged_at for entry in chunk.entries}
    ordinals: Counter[int] = Counter()
    quarantined = []
    for version, rejection in rejected:
        offset = Version.parts(version).offset
        quarantined.append(
            Quarantined(
                partition=chunk.partition,
                offset=offset,
                ordinal=ordinals[offset],
                logged_at=logged_at[offset],
                rejected=rejection,
            )
        )
        ordinals[offset] += 1
    return quarantined
