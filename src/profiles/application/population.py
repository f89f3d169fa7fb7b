"""What the page tells about everyone held: counts, read off the statistics.

No person is looked at. Ages are today's, from the birth months, so they don't go stale.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from profiles.domain.age import age_from_month
from profiles.domain.statistics import OTHER, UNKNOWN, Statistics

COMING_OF_AGE: Final = 18
"""Years. Whoever is below has a band of their own, so that the page would show it."""

TOP_EMAIL_DOMAINS: Final = 10

_BAND_YEARS: Final = 5
_LAST_BAND: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeBand:
    """How many are of an age between two whole years, both included.

    oldest: None for the last band, which has no upper end.
    """

    youngest: int
    oldest: int | None
    count: int

    @property
    def name(self) -> str:
        """Name the band in years: `18-19` (with an en dash), `100 and over`, `under 18`."""
        if self.oldest is None:
            return f"{self.youngest} and over"
        if self.oldest < COMING_OF_AGE:
            return f"under {COMING_OF_AGE}"
        return f"{self.youngest}\N{EN DASH}{self.oldest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Everyone held, counted.

    total: profiles held.
    median_age: of today, in whole years (the lower of the two in the middle); None for nobody.
    age_bands: of today; without gaps from the youngest to the oldest band that has anyone.
    genders, nationalities: most frequent first, then by name; `UNKNOWN` last.
    email_domains: the most frequent by name, at most `TOP_EMAIL_DOMAINS` of them.
    other_email_domains: profiles at any other domain.
    without_email_domain: profiles of which no domain is held.
    """

    total: int
    median_age: int | None
    age_bands: tuple[AgeBand, ...]
    genders: Mapping[str, int]
    nationalities: Mapping[str, int]
    email_domains: Mapping[str, int]
    other_email_domains: int
    without_email_domain: int


def population(statistics: Statistics, *, today: date) -> Population:
    """Count everyone held, by what the page shows; ages are those of `today`, a civil date."""
    months: Counter[str] = Counter()
    genders: Counter[str] = Counter()
    nationalities: Counter[str] = Counter()
    for (nationality, gender, birth_month), count in statistics.cells.items():
        months[birth_month] += count
        genders[gender] += count
        nationalities[nationality] += count
    total = months.total()
    ages: Counter[int] = Counter()
    for birth_month, count in months.items():  # some 1,000 at most, of many more cells
        ages[age_from_month(today, birth_month=birth_month)] += count

    at_domain = dict(statistics.email_domains)
    without = at_domain.pop(UNKNOWN, 0)
    beyond_the_bound = at_domain.pop(OTHER, 0)
    named = sum(at_domain.values())
    top = dict(list(_most_frequent(at_domain).items())[:TOP_EMAIL_DOMAINS])
    return Population(
        total=total,
        median_age=_median(ages),
        age_bands=_bands(ages),
        genders=_most_frequent(genders),
        nationalities=_most_frequent(nationalities),
        email_domains=top,
        other_email_domains=named - sum(top.values()) + beyond_the_bound,
        # Counted under a name of its own or not at all: either way the parts make the total.
        without_email_domain=max(without, total - named - beyond_the_bound),
    )


def _most_frequent(counts: Mapping[str, int]) -> dict[str, int]:
    """Sort by count, then by name, so that equal counts don't change places at a refresh."""
    return dict(sorted(counts.items(), key=lambda item: (item[0] == UNKNOWN, -item[1], item[0])))


def _median(ages: Counter[int]) -> int | None:
    middle = (ages.total() + 1) // 2
    seen = 0
    for age in sorted(ages):
        seen += ages[age]
        if 0 < middle <= seen:
            return age
    return None


def _band(age: int) -> tuple[int, int | None]:
    """Give the ends of the band of an age: under 18, 18-19, 20-24 and so on, 100 and over."""
    if age < COMING_OF_AGE:
        return 0, COMING_OF_AGE - 1
    if age >= _LAST_BAND:
        return _LAST_BAND, None
    start = age - age % _BAND_YEARS
    return max(start, COMING_OF_AGE), start + _BAND_YEARS - 1


def _bands(ages: Counter[int]) -> tuple[AgeBand, ...]:
    if not ages:
        return ()
    counts: Counter[tuple[int, int | None]] = Counter()
    for age in range(max(min(ages), 0), max(ages) + 1):
        counts[_band(age)] += 0
    for age, count in ages.items():
        counts[_band(age)] += count
    return tuple(
        AgeBand(youngest=youngest, oldest=oldest, count=counts[youngest, oldest])
        for youngest, oldest in sorted(counts, key=lambda band: band[0])
    )
