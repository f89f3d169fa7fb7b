"""The words and numbers on the page: what a reader sees, and a screen reader says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from profiles.application.population import Population
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

OTHER_DOMAINS: Final = "all others"
NOT_GIVEN: Final = "not given"
NONE: Final = "\N{EN DASH}"

_A_FEW: Final = 3
_LAST_DECIMAL: Final = 0.1
_PERCENT: Final = "\N{NO-BREAK SPACE}%"  # on the line of its number


def number(count: int) -> str:
    """Write a count with a comma between thousands: `12,345`."""
    return f"{count:,}"


def users(count: int) -> str:
    """Write a count of users: `1 user`, `2,000 users`."""
    return f"{number(count)} {'user' if count == 1 else 'users'}"


def percent(part: int, whole: int) -> str:
    """Write a share of the whole with one decimal; what is too little for it is not shown as 0."""
    if not part or not whole:
        return f"0{_PERCENT}"
    share = 100 * part / whole
    return f"{share:.1f}{_PERCENT}" if share >= _LAST_DECIMAL else f"< {_LAST_DECIMAL}{_PERCENT}"


def gender_counts(seen: Population) -> dict[str, int]:
    """Count by gender, under the names shown."""
    return {
        NOT_GIVEN if gender == UNKNOWN else gender: count for gender, count in seen.genders.items()
    }


def email_domain_counts(seen: Population) -> dict[str, int]:
    """Count by e-mail domain, most frequent first; then the rest, and those without any."""
    rest = {OTHER_DOMAINS: seen.other_email_domains, NOT_GIVEN: seen.without_email_domain}
    return {**seen.email_domains, **{name: count for name, count in rest.items() if count}}


def about_users(seen: Population) -> str:
    """Describe the total."""
    held = "adult whose profile is" if seen.total == 1 else "adults whose profiles are"
    return f"{held} held; minors have none"


def known_nationalities(seen: Population) -> int:
    """Count the nationalities that anyone has."""
    return sum(nationality != UNKNOWN for nationality in seen.nationalities)


def about_nationalities(seen: Population) -> str:
    """Name the most frequent nationalities with their shares."""
    named = [
        f"{COUNTRIES.get(nationality, nationality)} {percent(count, seen.total)}"
        for nationality, count in seen.nationalities.items()
        if nationality != UNKNOWN
    ]
    return "most often " + ", ".join(named[:_A_FEW]) if named else "none is known"


def about_ages(seen: Population) -> str:
    """Say in a sentence what the chart of ages shows."""
    if not seen.age_bands:
        return ""
    most = max(seen.age_bands, key=lambda band: band.count)
    return (
        f"Most frequent: {most.name} years, {users(most.count)}"
        f" ({percent(most.count, seen.total)})."
    )


def about_genders(seen: Population) -> str:
    """Say in a sentence what the chart of genders shows."""
    sentence = _shares(gender_counts(seen))
    return sentence[:1].upper() + sentence[1:]


def about_email_domains(seen: Population) -> str:
    """Say in a sentence what the chart of e-mail domains shows."""
    return _shares(email_domain_counts(seen))


def _shares(counts: Mapping[str, int]) -> str:
    total = sum(counts.values())
    shares = [f"{name} {percent(count, total)}" for name, count in counts.items()]
    return f"{', '.join(shares[:_A_FEW])}." if shares else ""
