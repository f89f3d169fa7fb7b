from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.application.assurance.recount import Recount, ages_in
from profiles.domain.age import age_on
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.profile import Profile
from profiles.domain.statistics import OTHER, Statistics, bounded
from tests.strategies import profiles
from tests.support.histories import (
    ADA,
    BEA,
    CLEO,
    NOW,
    profile,
)

TODAY = NOW.date()


@given(born=st.dates(date(1930, 1, 1), date(2020, 1, 1)), days=st.integers(0, 40_000))
def test_the_month_of_birth_allows_for_the_age_that_the_rule_counts(born: date, days: int) -> None:
    as_of = born + timedelta(days=days)

    assert age_on(as_of, born=born) in ages_in(as_of, f"{born:%Y-%m}")


def test_the_month_of_birth_leaves_no_more_than_two_ages() -> None:
    assert list(ages_in(date(2026, 11, 1), "2008-10")) == [18]
    assert list(ages_in(date(2026, 11, 1), "2008-11")) == [17, 18]
    assert list(ages_in(date(2026, 11, 30), "2008-12")) == [17]


def test_who_was_admitted_by_a_day_that_has_not_come_is_a_minor() -> None:
    recount = Recount(claimed=Statistics(), policy=DEFAULT_POLICY, today=TODAY)
    recount.add(profile(ADA, age=23, birth_month="2021-03", as_of=date(2045, 1, 1)))
    recount.add(profile(BEA, age=41, birth_month="1985-03", as_of=TODAY + timedelta(days=1)))
    recount.add(profile(CLEO, age=18, birth_month="2008-11", as_of=TODAY))

    assert recount.minors == 1
    assert recount.misfits == 0


@given(people=st.lists(profiles(), max_size=30), shares=st.lists(st.booleans(), min_size=30))
def test_a_recount_agrees_with_writers_that_bound_their_domains(
    people: list[Profile], shares: list[bool]
) -> None:
    """Two writers tell two domains apart each, and count the rest as others."""
    told = Statistics()
    for writer in (False, True):
        domains: dict[str, int] = {}
        for person, share in zip(people, shares, strict=False):
            if share is writer:
                one = Statistics.recount([person])
                for domain, count in bounded(one.email_domains, domains, limit=2).items():
                    domains[domain] = domains.get(domain, 0) + count
                told += Statistics(cells=one.cells)
        told += Statistics(email_domains=domains)
    recount = Recount(claimed=told, policy=DEFAULT_POLICY, today=TODAY)
    for person in people:
        recount.add(person)

    assert (recount.wrong_cells, recount.wrong_domains) == (0, 0)


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ({"example.com": 2, OTHER: 1}, 0),
        ({"example.com": 4, OTHER: -1}, 1),
        ({"example.com": 2, OTHER: 2}, 1),
        ({OTHER: 3}, 0),
        ({OTHER: 2}, 1),
    ],
)
def test_domains_beyond_the_bound_are_counted_as_others(told: dict[str, int], wrong: int) -> None:
    recount = Recount(claimed=Statistics(email_domains=told), policy=DEFAULT_POLICY, today=TODAY)
    for person in (ADA, BEA, CLEO):
        recount.add(profile(person))

    assert recount.wrong_domains == wrong
