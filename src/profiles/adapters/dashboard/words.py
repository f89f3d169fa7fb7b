"""The words on the page: what a reader sees, and a screen reader says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from profiles.adapters.dashboard.numerals import Numerals
from profiles.application.dashboard.disclosure import (
    FILTER_FACTOR,
    Disclosed,
    EmailDomains,
    KeptOut,
    People,
)
from profiles.application.dashboard.population import (
    BANDS,
    COMING_OF_AGE,
    AgeBand,
    Selection,
)
from profiles.application.policy.minors import Admission, from_which_age
from profiles.domain.statistics import UNKNOWN

COUNTRIES: Final[Mapping[str, str]] = {
    "AU": "Australia",
    "BR": "Brazil",
    "CA": "Canada",
    "CH": "Switzerland",
    "DE": "Germany",
    "DK": "Denmark",
    "ES": "Spain",
    "FI": "Finland",
    "FR": "France",
    "GB": "United Kingdom",
    "IE": "Ireland",
    "IN": "India",
    "IR": "Iran",
    "MX": "Mexico",
    "NL": "Netherlands",
    "NO": "Norway",
    "NZ": "New Zealand",
    "RS": "Serbia",
    "TR": "Türkiye",
    "UA": "Ukraine",
    "US": "United States",
}
"""English short names of the nationalities (ISO 3166-1)."""

REASONS: Final[Mapping[str, str]] = {
    "minor": "under age",
    "retention": "past the retention",
    "json": "not JSON",
    "type": "wrong type",
    "missing": "a field is missing",
    "id": "no valid id",
    "date": "no valid date",
    "future": "born in the future",
    "age": "older than 130",
    "text": "unreadable text",
    "length": "text too long",
    "schema": "unknown schema",
    "envelope": "in an envelope",
    "time": "logged in the future",
}
"""Why persons are withheld or rejected."""

OTHER_DOMAINS: Final = "all others"
NOT_GIVEN: Final = "not given"
NONE: Final = "\N{EN DASH}"

_A_FEW: Final = 3
_ADULTS: Final = ("adults", "women", "men")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Writes numbers for a reader; k is what counts are multiples of."""

    numerals: Numerals
    k: int

    def count(self, shown: int) -> str:
        """Write a count; what is hidden as fewer than k, `< 5`."""
        return self.numerals.count(shown) if shown or self.k == 1 else f"< {self.k}"

    def users(self, shown: int) -> str:
        """Write a count of users: `1 user`, `2,000 users`."""
        return f"{self.count(shown)} {'user' if shown == 1 else 'users'}"

    def share(self, shown: int, total: int) -> str:
        """Write a share; nothing where the count is hidden."""
        return self.numerals.percent(shown, total) if shown and total else ""

    def with_share(self, text: str, shown: int, total: int) -> str:
        """Put a share behind a text, in brackets."""
        share = self.share(shown, total)
        return f"{text} ({share})" if share else text

    def clock(self, moment: datetime) -> str:
        """Write a time of the day: `14:05:09`, with its distance from UTC."""
        local = self.numerals.local(moment)
        return f"{local:%H:%M:%S} {local.tzname()}"

    def day_and_clock(self, moment: datetime) -> str:
        """Write a moment: `14:05:09 UTC on 23 November 2026`."""
        local = self.numerals.local(moment)
        return f"{self.clock(moment)} on {local.day} {local:%B %Y}"


def country(nationality: str) -> str:
    """Name a nationality."""
    return NOT_GIVEN if nationality == UNKNOWN else COUNTRIES[nationality]


def gender_counts(seen: People) -> dict[str, int]:
    """Count by gender, always in the same order; `not given` only where enough are."""
    return {
        NOT_GIVEN if gender == UNKNOWN else gender: count
        for gender, count in sorted(seen.genders.items())
        if count or gender != UNKNOWN
    }


def nationality_counts(seen: People) -> dict[str, int]:
    """Count by nationality, under the names shown, as far as they are not hidden."""
    return {country(name): count for name, count in seen.nationalities.items() if count}


def email_domain_counts(seen: EmailDomains) -> dict[str, int]:
    """Count by e-mail domain, most frequent first; then the rest, and those without any."""
    rest = {OTHER_DOMAINS: seen.others, NOT_GIVEN: seen.without}
    return {**seen.named, **{name: count for name, count in rest.items() if count}}


def kept_out_counts(seen: Disclosed) -> Iterator[tuple[str, str, int]]:
    """Tell outcome, reason and count of who was kept out, as far as they are not hidden."""
    for outcome, kept in (("withheld", seen.withheld), ("rejected", seen.rejected)):
        for reason, count in kept.reasons.items():
            if count:
                yield outcome, REASONS[reason], count


def shown_bands(seen: People) -> list[tuple[int, AgeBand]]:
    """List the bands from the youngest to the oldest that is not hidden."""
    places = [place for place, count in enumerate(seen.bands) if count]
    return list(enumerate(BANDS))[min(places) : max(places) + 1] if places else []


def about_users(selection: Selection, admission: Admission) -> str:
    """Describe the total."""
    minors = admission.youngest < COMING_OF_AGE
    everybody = ("persons", "women and girls", "men and boys") if minors else _ADULTS
    whose = everybody[{"female": 1, "male": 2}.get(selection.gender or "", 0)]
    where = f" from {country(selection.nationality)}" if selection.nationality else ""
    rest = "" if minors else "; minors have none"
    return f"{whose}{where} whose profiles are held{rest}"


def about_minors(admission: Admission) -> str | None:
    """Say that minors are admitted, or were once; nothing where they never were."""
    if admission.minimum_age < COMING_OF_AGE:
        ages = from_which_age(admission.minimum_age, admission.by_country)
        return f"Minors are admitted: the store's policy takes in persons{ages}."
    if admission.left < COMING_OF_AGE:
        ages = from_which_age(admission.left, {})
        return f"Minors may be held: an earlier policy of the store took in persons{ages}."
    return None


def about_nationalities(seen: People, words: Words) -> str:
    """Name the most frequent nationalities with their shares."""
    named = [
        f"{name} {words.share(count, seen.total)}"
        for name, count in nationality_counts(seen).items()
        if name != NOT_GIVEN
    ]
    return "most often " + ", ".join(named[:_A_FEW]) if named else "none is known of enough users"


def about_ages(seen: People, words: Words) -> str:
    """Say in a sentence what the chart of ages shows."""
    most = max(range(len(BANDS)), key=lambda place: seen.bands[place])
    if not seen.bands[most]:
        return "No age has enough users to be shown."
    text = f"Most frequent: {BANDS[most].name} years, {words.users(seen.bands[most])}"
    return words.with_share(text, seen.bands[most], seen.total) + "."


def about_pyramid(seen: People, words: Words) -> str:
    """Say in a sentence what the pyramid shows."""
    most = []
    for gender, counts in seen.pyramid.items():
        place = max(range(len(BANDS)), key=lambda place: counts[place])
        if counts[place]:
            most.append(f"{gender} {BANDS[place].name} years, {words.users(counts[place])}")
    return f"Most frequent: {'; '.join(most)}." if most else "No group has enough users."


def about_genders(seen: People, words: Words) -> str:
    """Say in a sentence what the chart of genders shows."""
    sentence = _shares(gender_counts(seen), seen.total, words)
    return sentence[:1].upper() + sentence[1:]


def about_email_domains(seen: EmailDomains, words: Words) -> str:
    """Say in a sentence what the chart of e-mail domains shows."""
    counts = email_domain_counts(seen)
    return _shares(counts, sum(counts.values()), words) or "None has enough users to be named."


def _shares(counts: Mapping[str, int], total: int, words: Words) -> str:
    shares = [
        f"{name} {words.share(count, total) or words.count(count)}"
        for name, count in counts.items()
    ]
    return f"{', '.join(shares[:_A_FEW])}." if shares else ""


def about_arrivals(seen: Mapping[datetime, int], words: Words) -> str:
    """Say in a sentence what the chart of arrivals shows."""
    busiest = max(seen, key=lambda minute: seen[minute])
    if not seen[busiest]:
        return "Nobody in any minute." if words.k == 1 else f"Fewer than {words.k} in each minute."
    at = words.numerals.local(busiest)
    return f"At most {words.users(seen[busiest])} in a minute, at {at:%H:%M}."


def arrived(seen: Mapping[datetime, int], words: Words) -> str:
    """Write how many have arrived in an hour: at least, for each minute is rounded down."""
    total = sum(seen.values())
    return words.numerals.count(total) if total or words.k == 1 else NONE


def about_arrived(seen: Mapping[datetime, int], words: Words) -> str:
    """Say what `arrived` counts."""
    if words.k == 1:
        return "users whose first profile was stored"
    if not any(seen.values()):
        return f"fewer than {words.k} users in each minute"
    return "users, or more: each minute is rounded down"


def about_kept_out(seen: Disclosed, words: Words) -> str:
    """Say in a sentence how many were kept out."""
    return f"{_kept('Withheld', seen.withheld, words)}; {_kept('rejected', seen.rejected, words)}."


def _kept(what: str, kept: KeptOut, words: Words) -> str:
    return f"{what} {words.count(kept.total)}"


def about_selection(seen: Disclosed) -> str:
    """Say whom the page shows, and how exactly."""
    rounding = "" if seen.k == 1 else f" Numbers are multiples of {seen.k}."
    if seen.refused:
        return (
            f"This selection has fewer than {FILTER_FACTOR * seen.k} users, or leaves out fewer:"
            f" everyone is shown.{rounding}"
        )
    if seen.selection == Selection():
        return f"Everyone is shown.{rounding}"
    return f"E-mail domains, arrivals and who was kept out are those of everyone.{rounding}"
