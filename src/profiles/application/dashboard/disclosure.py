"""What may be shown: every count as a multiple of k, rounded down, or only "fewer than k".

Here and nowhere else exact counts become those that leave the server. A count of zero to k - 1
comes out as 0, and is written `< k`: nobody can tell one person from none. Whatever is computed
from counts, such as a share or the median age, is computed from what comes out here, so that it
tells nothing more. What can be inferred all the same stands in `docs/privacy.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from profiles.application.dashboard.population import BANDS, EVERYONE, Group, Selection
from profiles.application.dashboard.publication import Tables
from profiles.application.policy.minors import ADULTS_ONLY, Admission
from profiles.domain.outcome import RejectionReason, WithheldReason
from profiles.domain.statistics import GENDERS, NATIONALITIES, OTHER, UNKNOWN

Key = TypeVar("Key")

DEFAULT_K: Final = 5
"""The smallest number of persons that is told from none."""

EXACT_K: Final = 1
"""With this every count is exact: for a store whose persons are made up."""

FILTER_FACTOR: Final = 20
"""A selection, and those whom it leaves out, have at least this many times k persons."""

TOP_EMAIL_DOMAINS: Final = 10
ARRIVALS_SHOWN: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)


def rounded(count: int, *, k: int) -> int:
    """Round down to a multiple of k."""
    return count - count % k


def rounded_parts(parts: Mapping[Key, int], total: int, *, k: int) -> dict[Key, int]:
    """Round the parts of a total so that none of them can be told better than to k values.

    parts: exact. total: as it is shown.

    Each part is rounded down, which leaves at most k - 1 of it. What the total leaves over must
    fit into all but one of the parts that are shown: then the one may be as small as it is shown,
    and any hidden one none. A hidden part takes nothing of it, because a reader may know that it
    is empty. Where it doesn't fit, parts are rounded up until it does, the largest first. The
    result looks like a population of just these numbers, in which nothing can be told, so here
    neither.
    """
    shown = {key: rounded(count, k=k) for key, count in parts.items()}
    with_remainder = [key for key in parts if parts[key] > shown[key]]
    for key in sorted(with_remainder, key=lambda key: -shown[key]):
        if total - sum(shown.values()) <= _left_by_all_but_one(shown.values(), k=k):
            break
        shown[key] += k
    return shown


def _left_by_all_but_one(shown: Iterable[int], *, k: int) -> int:
    """Count what all but one of the parts that are shown can hold more than is shown."""
    return max(0, sum(count > 0 for count in shown) - 1) * (k - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Persons held, as far as they may be shown; every number is a multiple of k.

    bands: by place in `BANDS`.
    pyramid: by gender, then by place in `BANDS`; those of unknown gender are left out.
    genders, nationalities: all that are possible; most frequent first, then by name, `UNKNOWN`
        last.
    youngest: who is below this age, in years, is not held; it is no count.
    """

    total: int
    bands: tuple[int, ...]
    pyramid: Mapping[str, tuple[int, ...]]
    genders: Mapping[str, int]
    nationalities: Mapping[str, int]
    youngest: int = ADULTS_ONLY.youngest

    @property
    def median_age(self) -> int | None:
        """Estimate the age that half have not reached, from the bands; None where all are hidden.

        In whole years, as if a band's persons were spread evenly over those of its years that are
        not below the minimum age.
        """
        half = sum(self.bands) / 2
        below = 0
        for band, count in zip(BANDS, self.bands, strict=True):
            if count and below + count >= half:
                oldest = band.oldest or band.youngest
                youngest = min(max(band.youngest, self.youngest), oldest)
                years = oldest - youngest + 1
                return int(youngest + min(years * (half - below) / count, years - 1))
            below += count
        return None


def people(
    groups: Mapping[Group, int],
    selection: Selection = EVERYONE,
    *,
    k: int,
    youngest: int = ADULTS_ONLY.youngest,
) -> People:
    """Round what is held of a selection; `groups` has nobody else.

    youngest: see `People`.
    """
    bands = [0] * len(BANDS)
    pyramid = {gender: [0] * len(BANDS) for gender in sorted(GENDERS)}
    genders = dict.fromkeys(_possible(GENDERS, selection.gender), 0)
    nationalities = dict.fromkeys(_possible(NATIONALITIES, selection.nationality), 0)
    for (nationality, gender, band), count in groups.items():
        bands[band] += count
        if gender in pyramid:
            pyramid[gender][band] += count
        genders[gender] += count
        nationalities[nationality] += count
    total = rounded(sum(bands), k=k)
    shown_genders = rounded_parts(genders, total, k=k)
    return People(
        total=total,
        bands=_rounded_bands(bands, total, k=k),
        pyramid={
            gender: _rounded_bands(counts, shown_genders[gender], k=k)
            for gender, counts in pyramid.items()
            if gender in shown_genders
        },
        genders=_most_frequent(shown_genders),
        nationalities=_most_frequent(rounded_parts(nationalities, total, k=k)),
        youngest=youngest,
    )


def _rounded_bands(counts: Sequence[int], total: int, *, k: int) -> tuple[int, ...]:
    return tuple(rounded_parts(dict(enumerate(counts)), total, k=k).values())


def _possible(known: frozenset[str], selected: str | None) -> list[str]:
    return [selected] if selected else sorted({*known, UNKNOWN})


def _most_frequent(shown: Mapping[str, int]) -> dict[str, int]:
    """Sort by what is shown, then by name: an order by exact counts would tell them apart."""
    return dict(sorted(shown.items(), key=lambda item: (item[0] == UNKNOWN, -item[1], item[0])))


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailDomains:
    """Persons held by e-mail domain.

    named: the most frequent; none of fewer than k persons, at most `TOP_EMAIL_DOMAINS`.
    others: at any other domain. without: of whom no domain is held.
    """

    named: Mapping[str, int]
    others: int
    without: int


def email_domains(counts: Mapping[str, int], *, k: int) -> EmailDomains:
    """Round the counts by e-mail domain; which are named depends on counts rounded down only."""
    exact = dict(counts)
    without, beyond_the_bound = exact.pop(UNKNOWN, 0), exact.pop(OTHER, 0)
    shown = {domain: rounded(count, k=k) for domain, count in exact.items() if count >= k}
    named = dict(list(_most_frequent(shown).items())[:TOP_EMAIL_DOMAINS])
    others = sum(count for domain, count in exact.items() if domain not in named)
    parts = {
        **{domain: exact[domain] for domain in named},
        OTHER: others + beyond_the_bound,
        UNKNOWN: without,
    }
    rounded_ones = rounded_parts(parts, rounded(sum(parts.values()), k=k), k=k)
    return EmailDomains(
        named=_most_frequent({domain: rounded_ones[domain] for domain in named}),
        others=rounded_ones[OTHER],
        without=rounded_ones[UNKNOWN],
    )


def arrivals(counts: Mapping[datetime, int], *, now: datetime, k: int) -> dict[datetime, int]:
    """Round the arrivals of each minute of the last hour, the one that is going on included."""
    last = now.replace(second=0, microsecond=0)
    minutes = [last - _MINUTE * back for back in range(ARRIVALS_SHOWN // _MINUTE)]
    return {minute: rounded(counts.get(minute, 0), k=k) for minute in reversed(minutes)}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOut:
    """Persons who were read and are not held, by reason; most frequent first, then by name."""

    total: int
    reasons: Mapping[str, int]


def kept_out(
    counts: Mapping[str, int], reasons: type[WithheldReason | RejectionReason], *, k: int
) -> KeptOut:
    """Round the counts by reason; `reasons` are those that are possible."""
    exact = {reason.value: counts.get(reason.value, 0) for reason in reasons}
    total = rounded(sum(exact.values()), k=k)
    return KeptOut(total=total, reasons=_most_frequent(rounded_parts(exact, total, k=k)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosed:
    """All that the page shows; every count in it is a multiple of k.

    selection: whom `people` tells of: who was asked for, or everyone where that is refused.
    nationalities, genders: what a reader may select beside what is selected already.
    admission: from which age on persons are held; of policies, and no count.
    All but `people` tells of everyone.
    """

    k: int
    selection: Selection
    refused: bool
    people: People
    email_domains: EmailDomains
    arrivals: Mapping[datetime, int]
    withheld: KeptOut
    rejected: KeptOut
    nationalities: tuple[str, ...]
    genders: tuple[str, ...]
    admission: Admission = ADULTS_ONLY


def disclose(
    tables: Tables, selection: Selection = EVERYONE, *, now: datetime, k: int
) -> Disclosed:
    """Turn what is published into what is shown of a selection.

    A selection that would tell of too few, or leave too few out, is refused: everyone is shown.
    """
    youngest = tables.admission.youngest
    shown = {EVERYONE: people(tables.people.get(EVERYONE, {}), k=k, youngest=youngest)}

    def of(wanted: Selection) -> People:
        if wanted not in shown:
            shown[wanted] = people(tables.people.get(wanted, {}), wanted, k=k, youngest=youngest)
        return shown[wanted]

    def offered(wanted: Selection) -> bool:
        nationality, gender = wanted
        wider = {Selection(nationality=nationality), Selection(gender=gender)} - {wanted, EVERYONE}
        return (
            nationality in {None, *NATIONALITIES}
            and gender in {None, *GENDERS}
            and _wide_enough(of(wanted).total, of(EVERYONE).total, k)
            and all(
                offered(one) and _wide_enough(of(wanted).total, of(one).total, k) for one in wider
            )
        )

    answered = selection if selection == EVERYONE or offered(selection) else EVERYONE
    return Disclosed(
        k=k,
        selection=answered,
        refused=answered != selection,
        people=of(answered),
        email_domains=email_domains(tables.email_domains, k=k),
        arrivals=arrivals(tables.arrivals, now=now, k=k),
        withheld=kept_out(tables.reasons, WithheldReason, k=k),
        rejected=kept_out(tables.reasons, RejectionReason, k=k),
        nationalities=tuple(
            name for name in sorted(NATIONALITIES) if offered(Selection(name, answered.gender))
        ),
        genders=tuple(
            name for name in sorted(GENDERS) if offered(Selection(answered.nationality, name))
        ),
        admission=tables.admission,
    )


def _wide_enough(part: int, whole: int, k: int) -> bool:
    """Tell from what is shown whether a selection and the rest of a wider one have enough persons.

    The part may be up to k - 1 larger than it is shown, and the rest smaller by as many.
    """
    enough = FILTER_FACTOR * k
    return part >= enough and whole - part >= enough + k
