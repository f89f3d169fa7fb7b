"""Counts of the profiles that are held, by cell (of closed sets) and by e-mail domain.

Statistics form a commutative group: `a + b`, `a - b`, `-a`, with the empty statistics as zero.
So a store updates them by adding what a chunk changed, each writer keeps a part, and a recount of
everything that is held must give the sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from profiles.domain.profile import Profile

UNKNOWN: Final = "unknown"
OTHER: Final = "other"

GENDERS: Final = frozenset({"female", "male"})
NATIONALITIES: Final = frozenset(
    "AU BR CA CH DE DK ES FI FR GB IE IN IR MX NL NO NZ RS TR UA US".split()
)
"""The 21 nationalities of the Random User Generator API, version 1.4."""

MAXIMUM_DOMAINS: Final = 10_000
"""E-mail domains that a writer counts separately; the rest is counted as `OTHER`."""

Key = TypeVar("Key")

_new: Final = tuple.__new__
"""In half the time of calling a named tuple, whose arguments a function in Python passes on."""


class Cell(NamedTuple):
    """What one profile counts as: members of closed sets, so that no input can add new ones.

    nationality: one of `NATIONALITIES`, or `UNKNOWN`.
    gender: one of `GENDERS`, or `UNKNOWN`.
    birth_month: `YYYY-MM`.
    """

    nationality: str
    gender: str
    birth_month: str


def cell_of(nationality: str | None, gender: str | None, birth_month: str) -> Cell:
    """Put a profile into its cell; whatever is outside the closed sets counts as unknown."""
    return _new(
        Cell,
        (
            nationality if nationality in NATIONALITIES else UNKNOWN,
            gender if gender in GENDERS else UNKNOWN,
            birth_month,
        ),
    )


class Cohort(NamedTuple):
    """Persons of one nationality and gender, see `Cell`, born in one year, `YYYY`."""

    nationality: str
    gender: str
    birth_year: str


Cohorts = Mapping[Cohort, Sequence[int]]
"""Cells by cohort: twelve counts each, January first. A tenth of the keys, so a tenth of the work
for whoever reads all of them."""


def cohorts_of(cells: Mapping[Cell, int]) -> dict[Cohort, list[int]]:
    """Sort cells into cohorts."""
    cohorts: dict[Cohort, list[int]] = {}
    for (nationality, gender, birth_month), count in cells.items():
        cohort = _new(Cohort, (nationality, gender, birth_month[:4]))
        months = cohorts.get(cohort)
        if months is None:
            months = cohorts[cohort] = [0] * 12
        months[int(birth_month[5:]) - 1] = count
    return cohorts


def cells_of(cohorts: Cohorts) -> dict[Cell, int]:
    """Return the cells of cohorts, leaving out those without anyone."""
    return {
        Cell(nationality, gender, f"{year}-{number:02}"): count
        for (nationality, gender, year), months in cohorts.items()
        for number, count in enumerate(months, 1)
        if count
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """How many profiles are held, by cell and by e-mail domain.

    The counts of a single writer may be negative; only the sum over all writers is meaningful. A
    count of zero is never kept: what is gone leaves no trace. Profiles without
    an e-mail domain count under `UNKNOWN`.
    """

    cells: Mapping[Cell, int] = field(default_factory=dict)
    email_domains: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def recount(cls, profiles: Iterable[Profile]) -> Statistics:
        """Count profiles one by one."""
        cells: dict[Cell, int] = {}
        domains: dict[str, int] = {}
        for profile in profiles:
            cell = cell_of(profile.nationality, profile.gender, profile.birth_month)
            domain = profile.email_domain or UNKNOWN
            cells[cell] = cells.get(cell, 0) + 1
            domains[domain] = domains.get(domain, 0) + 1
        return cls(cells=cells, email_domains=domains)

    @property
    def total(self) -> int:
        """Return the number of profiles counted."""
        return sum(self.cells.values())

    def __add__(self, other: Statistics) -> Statistics:
        """Count both."""
        return Statistics(
            cells=_sum(self.cells, other.cells, 1),
            email_domains=_sum(self.email_domains, other.email_domains, 1),
        )

    def __sub__(self, other: Statistics) -> Statistics:
        """Subtract the others."""
        return Statistics(
            cells=_sum(self.cells, other.cells, -1),
            email_domains=_sum(self.email_domains, other.email_domains, -1),
        )

    def __neg__(self) -> Statistics:
        """Return the opposite: added to this, it gives zero."""
        return Statistics() - self


def _sum(a: Mapping[Key, int], b: Mapping[Key, int], sign: int) -> dict[Key, int]:
    total = dict(a)
    for key, count in b.items():
        total[key] = total.get(key, 0) + sign * count
    return {key: count for key, count in total.items() if count}


def bounded(
    difference: Mapping[str, int],
    held: Mapping[str, int],
    *,
    limit: int = MAXIMUM_DOMAINS,
) -> dict[str, int]:
    """Limit the e-mail domains that a writer counts separately to `limit`.

    difference: the change, by domain.
    held: what the writer counts now, by domain, `OTHER` included.

    A domain that has no count of its own yet gets one only while nothing is counted as other. So
    for each domain either all profiles are in its own count or all are among the others, whatever
    comes and goes, and a recount agrees.

    Returns the change, by domain or `OTHER`, to add to what is held.
    """
    directed: dict[str, int] = {}
    own = {domain for domain, count in held.items() if count and domain != OTHER}
    others = held.get(OTHER, 0)
    for domain, change in sorted(difference.items()):
        if domain != OTHER and domain not in own and others == 0 and len(own) < limit:
            own.add(domain)
        target = domain if domain in own else OTHER
        others += change if target == OTHER else 0
        directed[target] = directed.get(target, 0) + change
    return {domain: change for domain, change in directed.items() if change}
