"""Everyone held, counted as the page tells it: by nationality, gender and band of age.

No person is looked at. Ages are today's, from the birth months, so they don't go stale. What
comes out here is exact, and not for showing: `disclosure` rounds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from profiles.domain.statistics import Cohorts

COMING_OF_AGE: Final = 18
"""Years. Whoever is below has a band of their own, so that the page would show them."""

BAND_YEARS: Final = 5
_LAST_BAND: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeBand:
    """The ages between two whole years, both included.

    oldest: None for the last band, which has no upper end.
    """

    youngest: int
    oldest: int | None

    @property
    def name(self) -> str:
        """Name the band in years: `18-19` (with an en dash), `100 and over`, `under 18`."""
        if self.oldest is None:
            return f"{self.youngest} and over"
        if self.oldest < COMING_OF_AGE:
            return f"under {COMING_OF_AGE}"
        return f"{self.youngest}\N{EN DASH}{self.oldest}"


def _starts() -> list[int]:
    return [0, COMING_OF_AGE, *range(COMING_OF_AGE + 2, _LAST_BAND + 1, BAND_YEARS)]


BANDS: Final = tuple(
    AgeBand(youngest=start, oldest=following - 1 if following else None)
    for start, following in zip(_starts(), [*_starts()[1:], 0], strict=True)
)
"""Under 18, 18-19, 20-24 and so on, 100 and over: without gap or overlap."""

_BAND_OF_AGE: Final = tuple(
    number
    for number, band in enumerate(BANDS)
    for _ in range(band.youngest, (band.oldest or band.youngest) + 1)
)


class Group(NamedTuple):
    """Whom the page tells apart; `band` is a place in `BANDS`."""

    nationality: str
    gender: str
    band: int


def by_group(cohorts: Cohorts, *, today: date) -> dict[Group, int]:
    """Count everyone held by group; ages are those of `today`, a civil date.

    Counted in whole months, as `age_from_month` does: in this month's calendar month of birth
    and those before it a year of life more is completed than in those after it.
    """
    groups: dict[Group, int] = {}
    had_birthday = slice(None, today.month)
    bands = {
        year: (_band(today.year - int(year)), _band(today.year - int(year) - 1))
        for year in {cohort.birth_year for cohort in cohorts}
    }
    for (nationality, gender, year), months in cohorts.items():
        older, younger = bands[year]
        total = sum(months)
        if not total:
            continue
        at_least = total if older == younger else sum(months[had_birthday])
        for band, count in ((older, at_least), (younger, total - at_least)):
            if count:
                group = Group(nationality, gender, band)
                groups[group] = groups.get(group, 0) + count
    return groups


def _band(age: int) -> int:
    return _BAND_OF_AGE[min(max(age, 0), _LAST_BAND)]


class Selection(NamedTuple):
    """Whom a reader wants to see: everyone, or those of a nationality, a gender, or both."""

    nationality: str | None = None
    gender: str | None = None


EVERYONE: Final = Selection()


def by_selection(groups: Mapping[Group, int]) -> dict[Selection, dict[Group, int]]:
    """Sort the counts into every selection that anyone belongs to, and `EVERYONE`."""
    sorted_in: dict[Selection, dict[Group, int]] = {EVERYONE: {}}
    for group, count in groups.items():
        for nationality in (None, group.nationality):
            for gender in (None, group.gender):
                sorted_in.setdefault(Selection(nationality, gender), {})[group] = count
    return sorted_in
