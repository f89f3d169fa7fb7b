"""What a chunk changes in a deciding store, as a plan that its transaction carries out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from profiles.application.log.deciding import Chunk
from profiles.application.log.epochs import EarlierEpoch
from profiles.application.log.quarantine import Quarantined, quarantined_of
from profiles.application.ports.stores import Applied
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.resolving import Changes, Decided, Held, resolve
from profiles.domain.tally import Tally
from profiles.domain.version import OFFSET_STEP, Version

_new: Final = tuple.__new__
"""In half the time of calling a named tuple, whose arguments a function in Python passes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitPlan:
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
        """Say what a store has done that has carried it out."""
        return Applied(
            tally=self.changes.tally,
            stored=self.changes.upserts,
            deleted=self.changes.deletions,
            untouched=self.untouched,
        )


def plan_commit(  # noqa: PLR0913 - what a transaction has read, named one by one
    chunk: Chunk,
    held: Mapping[PersonId, Held],
    *,
    epoch: int,
    position: int,
    earlier: Sequence[EarlierEpoch] = (),
    suppressed: Collection[PersonId] = frozenset(),
    restricted: Collection[PersonId] = frozenset(),
    profiles: Mapping[PersonId, Profile] | None = None,
) -> CommitPlan:
    """Work out what a chunk changes in a deciding store.

    held: what the store holds of the persons of the chunk's entries.
    epoch: of the chunk's partition. position: the first offset not yet decided.
    earlier: the topic's epochs before, oldest first: where it has got more partitions since.
    profiles: see `Changes.unread`.

    Who is untouched and not held is deleted by what follows at the last revision of her record. Of
    the restricted nothing is untouched: deleted at the version of a newer record they could not
    come back as before.

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

    def untouched_at(person: PersonId, offset: int) -> int:
        version = version_at(offset)
        return version if person in held else Version.last_revision(version)

    records = [
        _new(Decided, (base + offset * OFFSET_STEP, person, outcome))
        for offset, _, person, outcome, _, _ in chunk.entries
        if offset >= position
    ]
    changes = resolve(
        records,
        held,
        suppressed=suppressed,
        restricted=restricted,
        profiles=profiles,
        admits=chunk.admits,
    )
    replayed = [entry for entry in chunk.entries if entry.offset < position]
    stored = sum(
        entry.person is not None
        and entry.person in held
        and held[entry.person].version == version_at(entry.offset)
        for entry in replayed
    )
    tally = changes.tally + Tally(read=chunk.read, stored=stored, superseded=len(replayed) - stored)
    tally.check()
    return CommitPlan(
        changes=replace(changes, tally=tally),
        arrivals=_arrivals(chunk, changes.newcomers),
        quarantined=[each for each in quarantined_of(chunk) if each.offset >= position],
        untouched={
            entry.person: untouched_at(entry.person, entry.offset)
            for entry in chunk.entries
            if entry.person not in changes.upserts  # as nearly all are
            and entry.person is not None
            and (entry.person not in restricted or entry.person in suppressed)
            and entry.person not in changes.deletions
        },
    )


def _arrivals(chunk: Chunk, newcomers: Collection[PersonId]) -> Mapping[datetime, int]:
    """Count the newly held by the minute of the record that is held of them."""
    times = {entry.logged_at for entry in chunk.entries}
    if len(times) == 1:  # as the embedded engine's
        counts = dict.fromkeys(times, len(newcomers)) if newcomers else {}
    else:
        last = {
            entry.person: entry.logged_at
            for entry in chunk.entries
            if isinstance(entry.outcome, Profile)
        }
        counts = Counter(last[person] for person in newcomers)
    minutes: Counter[datetime] = Counter()
    for logged_at, count in counts.items():
        minutes[logged_at.astimezone(UTC).replace(second=0, microsecond=0)] += count
    return minutes
