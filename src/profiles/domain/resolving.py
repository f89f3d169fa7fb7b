"""What a chunk of decided records changes, given what is held.

This is the rule that every deciding store applies inside its transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from profiles.domain.outcome import Erased, Outcome, Rejected, Withheld
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.statistics import UNKNOWN, Cell, Statistics, cell_of
from profiles.domain.tally import Tally
from profiles.domain.version import ORIGIN_MASK, Origin, Version


class Decided(NamedTuple):
    """A record of the log with what was decided about it.

    version: its place in the log, see `Version`; the same for all records of one message.
    person: whom it is about, as far as that can be read.
    """

    version: int
    person: PersonId | None
    outcome: Profile | Withheld | Rejected | Erased

    def __repr__(self) -> str:
        """Show neither the person nor the outcome."""
        return f"Decided(version={self.version}, ...)"


class Held(NamedTuple):
    """What a store holds of a person, as far as a decision needs it."""

    version: int
    cell: Cell
    email_domain: str

    @classmethod
    def of(cls, profile: Profile, version: int) -> Held:
        """Return what decisions need of a profile that is held in a version."""
        cell = cell_of(profile.nationality, profile.gender, profile.birth_month)
        return cls(version, cell, profile.email_domain or UNKNOWN)

    def __repr__(self) -> str:
        """Show its version and nothing of the person."""
        return f"Held(version={self.version}, ...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a chunk changes.

    upserts: the profiles to write, each with its version, in place of what is held.
    deletions: the persons of whom what is held is to be deleted, with the version of the
        record that asks for it, or of what is held of a suppressed person, if that is higher.
    differences: what to add to the statistics, by the origin of the version: who is held now counts
        where the record was decided, who was held before is taken from where that was.
    newcomers: those of `upserts` of whom nothing was held.
    rejected: what goes to quarantine, with its version.
    tally: what became of every record, `read` not yet counted.
    """

    upserts: Mapping[PersonId, tuple[Profile, int]] = field(repr=False)
    deletions: Mapping[PersonId, int] = field(repr=False)
    differences: Mapping[Origin, Statistics] = field(repr=False)
    newcomers: Collection[PersonId] = field(repr=False)
    rejected: Collection[tuple[int, Rejected]]
    tally: Tally

    @property
    def difference(self) -> Statistics:
        """Return what all of the statistics together change by."""
        return sum(self.differences.values(), Statistics())


_Counts = dict[int, tuple[dict[Cell, int], dict[str, int]]]
"""Cells and e-mail domains by the bits of a version that say where it comes from."""


def resolve(  # noqa: C901 - one branch for each outcome, in the order in which they match
    records: Iterable[Decided],
    held: Mapping[PersonId, Held],
    *,
    suppressed: Collection[PersonId] = frozenset(),
    restricted: Collection[PersonId] = frozenset(),
) -> Changes:
    """Work out what a chunk of records changes.

    records: in the order of the log.
    held: what is held of the persons of the chunk; who is missing is not held.
    suppressed: who was erased for good (GDPR Art. 17): nothing may stay, nothing may come.
    restricted: whose data must stay as they are (GDPR Art. 18).

    The first match counts: rejected, erased, suppressed, restricted, withheld, superseded,
    stored. Of one person's records that could be stored the last one is, the earlier are
    superseded; a record older than what is held is superseded, too.
    """
    now: dict[PersonId, Held | None] = {}
    upserts: dict[PersonId, tuple[Profile, int]] = {}
    deletions: dict[PersonId, int] = {}
    rejections: list[tuple[int, Rejected]] = []
    outcomes: Counter[Outcome] = Counter()
    reasons: Counter[str] = Counter()
    admitted = 0

    def delete(person: PersonId, version: int) -> None:
        current = now[person] if person in now else held.get(person)
        if current is not None and current.version > version:
            return
        upserts.pop(person, None)
        now[person] = None
        deletions[person] = max(version, deletions.get(person, version))

    for version, person, outcome in records:
        if isinstance(outcome, Rejected):
            rejections.append((version, outcome))
            outcomes[Outcome.REJECTED] += 1
            reasons[outcome.reason.value] += 1
        elif isinstance(outcome, Erased):
            outcomes[Outcome.ERASED] += 1
            if person is not None:
                delete(person, version)
        elif person is not None and person in suppressed:
            outcomes[Outcome.SUPPRESSED] += 1
            delete(person, max(version, held[person].version) if person in held else version)
        elif person is not None and person in restricted:
            outcomes[Outcome.RESTRICTED] += 1
        elif isinstance(outcome, Withheld):
            outcomes[Outcome.WITHHELD] += 1
            reasons[outcome.reason.value] += 1
            if person is not None:
                delete(person, version)
        else:
            admitted += 1
            identity = outcome.id
            current = now[identity] if identity in now else held.get(identity)
            if current is None or current.version <= version:
                upserts[identity] = outcome, version
                now[identity] = Held.of(outcome, version)
                deletions.pop(identity, None)

    outcomes[Outcome.STORED] = len(upserts)
    outcomes[Outcome.SUPERSEDED] = admitted - len(upserts)
    return Changes(
        upserts=upserts,
        deletions=deletions,
        differences=differences(now, held),
        newcomers=[person for person in upserts if person not in held],
        rejected=rejections,
        tally=Tally(
            **{outcome.value: count for outcome, count in outcomes.items()},
            reasons=dict(reasons),
        ),
    )


def counted_out(held: Iterable[Held]) -> dict[Origin, Statistics]:
    """Return what the statistics change by, by origin, when what is held of some persons goes."""
    counts: _Counts = {}
    for one in held:
        _count(counts, one, -1)
    return _by_origin(counts)


def differences(
    now: Mapping[PersonId, Held | None], before: Mapping[PersonId, Held]
) -> dict[Origin, Statistics]:
    """Count what came less what went, by origin.

    now: what is held of some persons from now on, None for nobody. before: what was held of them.
    """
    counts: _Counts = {}
    for person, current in now.items():
        if current is not None:
            _count(counts, current, 1)
        if person in before:
            _count(counts, before[person], -1)
    return _by_origin(counts)


def _count(counts: _Counts, held: Held, sign: int) -> None:
    version, cell, domain = held
    cells, domains = counts.setdefault(version & ORIGIN_MASK, ({}, {}))
    cells[cell] = cells.get(cell, 0) + sign
    domains[domain] = domains.get(domain, 0) + sign


def _by_origin(counts: _Counts) -> dict[Origin, Statistics]:
    """Make statistics of counts; zeros are dropped."""
    differences = {
        Version.origin(bits): Statistics() + Statistics(cells=cells, email_domains=domains)
        for bits, (cells, domains) in counts.items()
    }
    return {origin: found for origin, found in differences.items() if found != Statistics()}
