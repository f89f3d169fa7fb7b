from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.domain import statistics as module
from profiles.domain.profile import Profile
from profiles.domain.statistics import (
    OTHER,
    UNKNOWN,
    Cell,
    Cohort,
    Statistics,
    bounded,
    cell_of,
    cells_of,
    cohorts_of,
)
from tests.strategies import any_texts, counted_profiles, profiles, statistics

ZERO = Statistics()


def test_the_closed_sets_are_those_of_the_api() -> None:
    assert len(module.NATIONALITIES) == 21
    assert frozenset({"female", "male"}) == module.GENDERS
    assert (UNKNOWN, OTHER) == ("unknown", "other")
    assert not {UNKNOWN, OTHER} & (module.NATIONALITIES | module.GENDERS)


def test_a_writer_tells_ten_thousand_domains_apart() -> None:
    assert module.MAXIMUM_DOMAINS == 10_000


@pytest.mark.parametrize(
    ("nationality", "gender", "cell"),
    [
        ("NO", "female", ("NO", "female")),
        ("US", "male", ("US", "male")),
        (None, None, (UNKNOWN, UNKNOWN)),
        ("no", "Female", (UNKNOWN, UNKNOWN)),
        ("XX", "male", (UNKNOWN, "male")),
        ("NO", "", ("NO", UNKNOWN)),
    ],
)
def test_a_profile_counts_in_a_cell_of_closed_sets(
    nationality: str | None, gender: str | None, cell: tuple[str, str]
) -> None:
    assert cell_of(nationality, gender, "1990-02") == Cell(*cell, "1990-02")


@given(st.none() | any_texts, st.none() | any_texts)
def test_no_text_makes_a_new_cell(nationality: str | None, gender: str | None) -> None:
    cell = cell_of(nationality, gender, "1990-02")

    assert cell.nationality in module.NATIONALITIES | {UNKNOWN}
    assert cell.gender in module.GENDERS | {UNKNOWN}


# Cohorts -----------------------------------------------------------------------------------------


def test_a_cohort_counts_the_months_of_one_year_from_january_on() -> None:
    cells = {
        Cell("NO", "female", "1990-01"): 1,
        Cell("NO", "female", "1990-12"): -3,
        Cell("NO", "female", "1991-02"): 2,
        Cell("NO", "male", "1990-01"): 4,
    }

    assert cohorts_of(cells) == {
        Cohort("NO", "female", "1990"): [1, *[0] * 10, -3],
        Cohort("NO", "female", "1991"): [0, 2, *[0] * 10],
        Cohort("NO", "male", "1990"): [4, *[0] * 11],
    }


@given(statistics)
def test_cells_and_cohorts_are_two_ways_to_say_the_same(counted: Statistics) -> None:
    assert cells_of(cohorts_of(counted.cells)) == counted.cells


def test_a_month_of_nobody_is_no_cell() -> None:
    assert cells_of({Cohort("NO", "female", "1990"): [0, 5, *[0] * 10]}) == {
        Cell("NO", "female", "1990-02"): 5
    }


# A commutative group -----------------------------------------------------------------------------


@given(statistics, statistics, statistics)
def test_statistics_are_a_commutative_group(a: Statistics, b: Statistics, c: Statistics) -> None:
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert a + ZERO == a
    assert a + -a == ZERO
    assert a - b == a + -b
    back = -a
    assert -back == a
    assert a - a == ZERO


@given(statistics, statistics)
def test_the_total_is_the_sum_of_the_cells(a: Statistics, b: Statistics) -> None:
    assert a.total == sum(a.cells.values())
    assert (a + b).total == a.total + b.total
    assert (-a).total == -a.total


@given(statistics, statistics)
def test_counting_keeps_no_zeros_and_leaves_the_parts_as_they_were(
    a: Statistics, b: Statistics
) -> None:
    before = dict(a.cells), dict(a.email_domains), dict(b.cells), dict(b.email_domains)

    for total in (a + b, a - b, -a):
        assert 0 not in total.cells.values()
        assert 0 not in total.email_domains.values()
    assert (a.cells, a.email_domains, b.cells, b.email_domains) == before


@given(st.lists(counted_profiles, max_size=6), st.lists(counted_profiles, max_size=6))
def test_a_recount_of_all_is_the_sum_of_the_recounts(
    some: list[Profile], others: list[Profile]
) -> None:
    assert Statistics.recount(some + others) == Statistics.recount(some) + Statistics.recount(
        others
    )
    assert Statistics.recount(some).total == len(some)


@given(st.lists(profiles() | counted_profiles, max_size=4))
def test_a_recount_counts_every_profile_once_by_cell_and_by_domain(held: list[Profile]) -> None:
    counted = Statistics.recount(iter(held))

    assert counted.cells == Counter(
        cell_of(one.nationality, one.gender, one.birth_month) for one in held
    )
    assert counted.email_domains == Counter(one.email_domain or "unknown" for one in held)


# A bound on the open set of domains --------------------------------------------------------------

NAMES = ["a.example", "b.example", "c.example", "d.example", "e.example"]
coming_and_going = st.lists(
    st.dictionaries(st.sampled_from(NAMES), st.integers(-3, 3), max_size=5), max_size=25
)


def add(held: dict[str, int], change: dict[str, int]) -> dict[str, int]:
    total = Counter(held)
    for domain, count in change.items():
        total[domain] += count
    return {domain: count for domain, count in total.items() if count}


@given(coming_and_going, st.sampled_from([1, 2, 3]))
def test_whatever_comes_and_goes_each_domain_is_counted_whole_in_one_place(
    changes: list[dict[str, int]], limit: int
) -> None:
    counted: dict[str, int] = {}
    actual: dict[str, int] = {}
    for drawn in changes:
        # Nobody goes who is not there.
        change = {
            domain: max(count, -actual.get(domain, 0)) for domain, count in drawn.items() if count
        }
        actual = add(actual, change)
        counted = add(counted, bounded(change, counted, limit=limit))

        told_apart = {domain: count for domain, count in counted.items() if domain != OTHER}
        assert len(told_apart) <= limit
        assert all(actual[domain] == count for domain, count in told_apart.items())
        others = sum(count for domain, count in actual.items() if domain not in told_apart)
        assert counted.get(OTHER, 0) == others


@given(
    st.dictionaries(st.sampled_from([*NAMES, OTHER]), st.integers(-3, 3)),
    st.dictionaries(st.sampled_from([*NAMES, OTHER]), st.integers(1, 3)),
    st.integers(0, 5),
)
def test_directing_a_change_neither_adds_nor_loses_anybody(
    change: dict[str, int], held: dict[str, int], limit: int
) -> None:
    directed = bounded(change, held, limit=limit)

    assert sum(directed.values()) == sum(change.values())
    assert set(directed) <= set(change) | {OTHER}
    assert 0 not in directed.values()


@pytest.mark.parametrize(
    ("change", "held", "directed"),
    [
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1, "b": 1, "c": 1}, {}, {"a": 1, "b": 1, OTHER: 1}),
        ({"c": 1, "b": 1, "a": 1}, {}, {"a": 1, "b": 1, OTHER: 1}),
        ({"c": 2, "d": 1}, {"a": 1, "b": 1}, {OTHER: 3}),
        ({"a": 2}, {"a": 1, "b": 1, OTHER: 1}, {"a": 2}),
        # A place has become free, but someone of c may be among the others.
        ({"c": 1}, {"a": 1, OTHER: 1}, {OTHER: 1}),
        ({"c": 1}, {"a": 1, "b": 0}, {"c": 1}),
        ({"c": -1, "d": 1}, {"a": 1, OTHER: 1}, {OTHER: -1, "d": 1}),
        ({OTHER: 2}, {}, {OTHER: 2}),
        ({OTHER: 2, "x": 1}, {}, {OTHER: 3}),
        ({"a": 0}, {}, {}),
    ],
)
def test_a_domain_is_counted_by_name_only_while_none_of_it_is_among_the_others(
    change: dict[str, int], held: dict[str, int], directed: dict[str, int]
) -> None:
    assert bounded(change, held, limit=2) == directed


def test_the_limit_counts_as_long_as_nothing_else_is_said() -> None:
    many = {f"{number:05}.example": 1 for number in range(10_001)}

    directed = bounded(many, {})

    assert directed.pop(OTHER) == 1
    assert directed == dict.fromkeys(list(many)[:10_000], 1)
