"""What a chunk of decided records changes, given what is held.

This is the rule that every deciding store applies inside its transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from profiles.domain.corrections import Correction, Corrections
from profiles.domain.outcome import Erased, Outcome, Rejected, Withheld, WithheldReason
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.statistics import UNKNOWN, Cell, Statistics, cell_of
from profiles.domain.tally import Tally
from profiles.domain.version import ORIGIN_MASK, Origin, Version

_new: Final = tuple.__new__
"""In half the time of calling a named tuple, whose arguments a function in Python passes on."""


class Decided(NamedTuple):
    """A record of the log with what was decided about it.

    version: its place in the log, see `Version`; the same for all records of one message.
    person: whom it is about, as far as that can be read.
    """

    version: int
    person: PersonId | None
    outcome: Profile | Withheld | Rejected | Erased | Correction

    def __repr__(self) -> str:
        """Show neither the person nor the outcome."""
        return f"Decided(version={self.version}, ...)"


class Held(NamedTuple):
    """What a store holds of a person, as far as a decision needs it.

    corrections: those that are kept with the profile, if there are any.
    """

    version: int
    cell: Cell
    email_domain: str
    corrections: Corrections | None = None

    @classmethod
    def of(cls, profile: Profile, version: int, corrections: Corrections | None = None) -> Held:
        """Return what decisions need of a profile that is held in a version."""
        cell = cell_of(profile.nationality, profile.gender, profile.birth_month)
        return _new(cls, (version, cell, profile.email_domain or UNKNOWN, corrections))

    def __repr__(self) -> str:
        """Show its version and nothing of the person."""
        return f"Held(version={self.version}, ...)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a chunk changes.

    upserts: the profiles to write, each with its version, in place of what is held.
    deletions: the persons of whom what is held is to be deleted, with the version of the
        record that asks for it. Of the suppressed it is the last revision of it, or of what is
        held, if that is higher: a store that was put back does not know which revisions the
        following store has.
    differences: what to add to the statistics, by the origin of the version: who is held now counts
        where the record was decided, who was held before is taken from where that was.
    newcomers: those of `upserts` of whom nothing was held.
    rejected: what goes to quarantine, with its version.
    tally: what became of every record, `read` not yet counted.
    corrections: what is kept from now on with those of `upserts` of whom anything was corrected.
    unread: of whom there is a correction, and no profile to correct was told; then all this
        is to be worked out once more, with the profiles of these.
    """

    upserts: Mapping[PersonId, tuple[Profile, int]] = field(repr=False)
    deletions: Mapping[PersonId, int] = field(repr=False)
    differences: Mapping[Origin, Statistics] = field(repr=False)
    newcomers: Collection[PersonId] = field(repr=False)
    rejected: Collection[tuple[int, Rejected]]
    tally: Tally
    corrections: Mapping[PersonId, Corrections] = field(default_factory=dict, repr=False)
    unread: Collection[PersonId] = field(default=frozenset(), repr=False)

    @property
    def difference(self) -> Statistics:
        """Return what all of the statistics together change by."""
        return sum(self.differences.values(), Statistics())


_Counts = dict[int, tuple[dict[Cell, int], dict[str, int]]]
"""Cells and e-mail domains by the bits of a version that say where it comes from."""


Admits = Callable[[Profile], bool]
"""Tells whether the policy admits somebody of a profile's age, nationality and country."""


def admits_all(_profile: Profile) -> bool:
    """Admit everybody: where nothing was corrected, `decide` has asked the policy before."""
    return True


def resolve(  # noqa: C901, PLR0912, PLR0913, PLR0915 - one branch for each outcome, as they match
    records: Iterable[Decided],
    held: Mapping[PersonId, Held],
    *,
    suppressed: Collection[PersonId] = frozenset(),
    restricted: Collection[PersonId] = frozenset(),
    profiles: Mapping[PersonId, Profile] | None = None,
    admits: Admits = admits_all,
) -> Changes:
    """Work out what a chunk of records changes.

    records: in the order of the log.
    held: what is held of the persons of the chunk; who is missing is not held.
    suppressed: who was erased for good (GDPR Art. 17): nothing may stay, nothing may come.
    restricted: whose data must stay as they are (GDPR Art. 18).
    profiles: of those who are held, as far as there are corrections of them; see `Changes.unread`.
    admits: is asked about whoever has corrected fields: what was corrected may be the age or the
        country. Who is too young is withheld.

    The first match counts: rejected, erased, suppressed, restricted, withheld, superseded,
    stored. Of one person's records that could be stored the last one is, the earlier are
    superseded; a record older than what is held is superseded, too. A correction is stored where
    somebody is held whom it corrects, else superseded. What is kept of corrections is laid over
    every later profile, and goes when the profile goes.
    """
    known = profiles or {}
    now: dict[PersonId, Held | None] = {}
    upserts: dict[PersonId, tuple[Profile, int]] = {}
    deletions: dict[PersonId, int] = {}
    rejections: list[tuple[int, Rejected]] = []
    outcomes: Counter[Outcome] = Counter()
    reasons: Counter[str] = Counter()
    corrections: dict[PersonId, Corrections] = {}
    unread: set[PersonId] = set()
    admitted = 0

    def delete(person: PersonId, version: int) -> None:
        current = now[person] if person in now else held.get(person)
        if current is not None and current.version > version:
            return
        upserts.pop(person, None)
        corrections.pop(person, None)
        now[person] = None
        deletions[person] = max(version, deletions.get(person, version))

    def withhold(person: PersonId | None, version: int, reason: WithheldReason) -> None:
        outcomes[Outcome.WITHHELD] += 1
        reasons[reason.value] += 1
        if person is not None:
            delete(person, version)

    def keep(profile: Profile, version: int, kept: Corrections | None) -> None:
        """Hold a profile with corrections, if the policy admits it so corrected."""
        nonlocal admitted
        person = profile.id
        if not admits(profile):
            admitted -= 1
            withhold(person, version, WithheldReason.MINOR)
            return
        upserts[person] = profile, version
        now[person] = Held.of(profile, version, kept)
        corrections.pop(person, None)
        if kept is not None:
            corrections[person] = kept

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
            highest = max(version, held[person].version) if person in held else version
            delete(person, Version.last_revision(highest))
        elif person is not None and person in restricted:
            outcomes[Outcome.RESTRICTED] += 1
        elif isinstance(outcome, Profile):
            admitted += 1
            identity = outcome.id
            current = now[identity] if identity in now else held.get(identity)
            if current is None:
                upserts[identity] = outcome, version
                now[identity] = Held.of(outcome, version)
                deletions.pop(identity, None)
            elif current.version <= version:
                if current.corrections is None:
                    upserts[identity] = outcome, version
                    now[identity] = Held.of(outcome, version)
                else:
                    keep(current.corrections.over(outcome), version, current.corrections)
        elif isinstance(outcome, Withheld):
            withhold(person, version, outcome.reason)
        else:
            admitted += 1
            identity = outcome.person
            current = now[identity] if identity in now else held.get(identity)
            if current is None or current.version > version:
                continue
            corrected = upserts[identity][0] if identity in upserts else known.get(identity)
            if corrected is None:
                unread.add(identity)
            else:
                keep(outcome.of(corrected), version, outcome.kept_with(current.corrections))

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
        corrections=corrections,
        unread=unread,
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
    version, cell, domain, _ = held
    bits = version & ORIGIN_MASK
    if bits not in counts:
        counts[bits] = {}, {}
    cells, domains = counts[bits]
    cells[cell] = cells.get(cell, 0) + sign
    domains[domain] = domains.get(domain, 0) + sign


def _by_origin(counts: _Counts) -> dict[Origin, Statistics]:
    """Make statistics of counts; zeros are dropped."""
    differences = {
        Version.origin(bits): Statistics(
            cells={cell: count for cell, count in cells.items() if count},
            email_domains={domain: count for domain, count in domains.items() if count},
        )
        for bits, (cells, domains) in counts.items()
    }
    return {origin: found for origin, found in differences.items() if found != Statistics()}
