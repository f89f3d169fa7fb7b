"""Counting all that is held once more, and holding each profile against the policy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from profiles.application.assurance.checks import Check
from profiles.domain.conforming import conform
from profiles.domain.policy import MINIMUM_AGE, PrivacyPolicy
from profiles.domain.profile import Profile
from profiles.domain.statistics import OTHER, UNKNOWN, Cell, Statistics, cell_of

_MONTHS: Final = 12
_A_DAY: Final = timedelta(days=1)


def ages_in(as_of: date, birth_month: str) -> range:
    """Return the full years that somebody born in a month (`YYYY-MM`) can have on a day."""
    year, month = int(birth_month[:4]), int(birth_month[5:])
    months = (as_of.year - year) * _MONTHS + as_of.month - month
    oldest = months // _MONTHS
    return range(oldest - (months % _MONTHS == 0), oldest + 1)


@dataclass(slots=True, kw_only=True)
class Recount:
    """Counts profiles one by one, in a memory that does not grow with them.

    E-mail domains are an open set; those that the statistics tell apart are told apart here.

    claimed: what the statistics say. today: the UTC date of the reading.
    key_ids: of all keys that pseudonyms were ever made with.
    shorten: whether something may be held under a policy that keeps longer.
    """

    claimed: Statistics
    policy: PrivacyPolicy
    today: date
    key_ids: Collection[str] = frozenset()
    shorten: bool = False
    held: int = 0
    expired: int = 0
    minors: int = 0
    misfits: int = 0
    unfit: int = 0
    _cells: Counter[Cell] = field(default_factory=Counter, repr=False)
    _domains: Counter[str] = field(default_factory=Counter, repr=False)
    _others: int = 0

    def add(self, profile: Profile) -> None:
        """Count a profile."""
        self.held += 1
        self.expired += profile.expires_at <= self.today
        possible = ages_in(profile.as_of, profile.birth_month)
        # A day that has not come yet, by which somebody was admitted, makes nobody older.
        oldest = ages_in(min(profile.as_of, self.today), profile.birth_month)[-1]
        minor = min(profile.age, oldest) < min(MINIMUM_AGE, self.policy.minimum_age)
        self.minors += minor
        self.unfit += not minor and not self._fits(profile)
        self.misfits += profile.age not in possible
        self._cells[cell_of(profile.nationality, profile.gender, profile.birth_month)] += 1
        domain = profile.email_domain or UNKNOWN
        if domain != OTHER and domain in self.claimed.email_domains:
            self._domains[domain] += 1
        else:
            self._others += 1

    def _fits(self, profile: Profile) -> bool:
        """Tell whether the policy would leave a profile as it is; who has expired is told apart."""
        if profile.expires_at <= self.today:
            return True
        latest = self.today + _A_DAY + self.policy.retention
        return profile.expires_at <= latest and profile == conform(
            profile,
            self.policy,
            today=self.today,
            key_ids=self.key_ids,
            shorten=self.shorten,
        )

    @property
    def wrong_cells(self) -> int:
        """Count the cells in which the statistics say something else."""
        claimed = self.claimed.cells
        return sum(
            claimed.get(cell, 0) != self._cells[cell]
            for cell in claimed.keys() | self._cells.keys()
        )

    @property
    def wrong_domains(self) -> int:
        """Count the e-mail domains of which the statistics say something else.

        A writer beyond its bound counts a domain among the others; another may tell it apart.
        """
        claimed = {d: count for d, count in self.claimed.email_domains.items() if d != OTHER}
        others = self.claimed.email_domains.get(OTHER, 0)
        if not others:
            return sum(count != self._domains[d] for d, count in claimed.items()) + (
                self._others != 0
            )
        more = {d: self._domains[d] - count for d, count in claimed.items()}
        return sum(count < 0 for count in more.values()) + (
            others != self._others + sum(more.values())
        )

    def checks(self) -> list[Check]:
        """Judge what was counted."""
        wrong = self.wrong_cells + self.wrong_domains
        return [
            Check(
                what="statistics",
                ok=not wrong,
                found="equal to a recount"
                if not wrong
                else f"{self.wrong_cells:,} cells and {self.wrong_domains:,} e-mail domains differ"
                " from a recount",
                remedy=None
                if not wrong
                else "Something else has written to the store, or this is a defect: please report"
                " it. Nothing is made equal by force; start with an empty store, or restore a copy"
                " from before, and read the log again.",
            ),
            _none(
                "minors",
                self.minors,
                "Nothing of ours stores them: find out what has written there, and erase them.",
            ),
            _none(
                "against the policy in force",
                self.unfit,
                "`profiles apply-policy` brings them under it.",
            ),
            _none(
                "ages that do not fit the month of birth",
                self.misfits,
                "Something else has written to the store: find out what.",
            ),
            _none(
                "expired",
                self.expired,
                "`profiles process` (or `run`) deletes them: it looks every 10 minutes.",
            ),
        ]


def _none(what: str, count: int, remedy: str) -> Check:
    return Check(
        what=what,
        ok=not count,
        found=f"{count:,} profiles" if count else "none",
        remedy=remedy if count else None,
    )
