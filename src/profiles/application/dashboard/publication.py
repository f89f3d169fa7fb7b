"""When the page's numbers move: never by fewer than k persons at once.

Rounding hides one person in one number. It does not hide that five numbers moved at once when a
single person came. So each table that the page is made of stays as it was published until at
least k persons have changed in it: whoever compares two refreshes sees what k of them did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from profiles.application.dashboard.population import (
    Group,
    Selection,
    by_group,
    by_selection,
)
from profiles.application.policy.minors import ADULTS_ONLY, Admission, admission
from profiles.application.ports.stores import Overview

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The exact counts that the page is made of; they never leave the server.

    people: by selection; each has its own table, as each is a page of its own to a reader.
    reasons: persons withheld and rejected, by reason.
    admission: from which age on persons are held; it counts nobody, and is always the present one.
    """

    people: Mapping[Selection, Mapping[Group, int]]
    email_domains: Mapping[str, int]
    arrivals: Mapping[datetime, int]
    reasons: Mapping[str, int]
    admission: Admission = ADULTS_ONLY


def tables_of(overview: Overview, *, today: date) -> Tables:
    """Count what the page tells apart; ages are those of `today`, a civil date."""
    return Tables(
        people=by_selection(by_group(overview.cohorts, today=today)),
        email_domains=overview.email_domains,
        arrivals=overview.arrivals,
        reasons=overview.counts.reasons,
        admission=admission(overview.policies),
    )


def moved_on(published: Tables, current: Tables, *, k: int) -> Tables:
    """Return what may be published now: each table as it is, or as it was published before."""
    selections = published.people.keys() | current.people.keys()
    # What is too old to be told is no change: only the arrivals of each minute are.
    kept = {
        minute: count for minute, count in published.arrivals.items() if minute in current.arrivals
    }
    return Tables(
        people={
            selection: _moved_on(
                published.people.get(selection, {}), current.people.get(selection, {}), k
            )
            for selection in selections
        },
        email_domains=_moved_on(published.email_domains, current.email_domains, k),
        arrivals=_moved_on(kept, current.arrivals, k),
        reasons=_moved_on(published.reasons, current.reasons, k),
        admission=current.admission,
    )


def _moved_on(before: Mapping[Key, int], after: Mapping[Key, int], k: int) -> Mapping[Key, int]:
    return after if persons_changed(before, after) >= k else before


def persons_changed(before: Mapping[Key, int], after: Mapping[Key, int]) -> int:
    """Count the persons who have come, gone or changed, at least; more may have in secret.

    Who changes leaves one count and comes into another, so the larger of gains and losses.
    """
    differences = [after.get(key, 0) - before.get(key, 0) for key in before.keys() | after.keys()]
    gained = sum(difference for difference in differences if difference > 0)
    return max(gained, gained - sum(differences))
