"""When the page's numbers move."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from profiles.application.dashboard.population import EVERYONE, Group, Selection
from profiles.application.dashboard.publication import (
    Tables,
    moved_on,
    persons_changed,
    tables_of,
)
from profiles.application.policy.minors import Admission
from profiles.application.ports.stores import Overview
from profiles.domain.statistics import Cell, cohorts_of
from profiles.domain.tally import Tally

TODAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
K = 5


def overview(count: int, *, arrived: int = 0, rejected: int = 0) -> Overview:
    return Overview(
        cohorts=cohorts_of({Cell("DK", "female", "1990-01"): count}),
        email_domains={"a.example": count},
        arrivals={NOON: arrived},
        counts=Tally(reasons={"type": rejected}),
    )


def tables(count: int, *, arrived: int = 0, rejected: int = 0) -> Tables:
    return tables_of(overview(count, arrived=arrived, rejected=rejected), today=TODAY)


def test_the_first_tables_are_those_of_the_store() -> None:
    made = tables(7, arrived=3, rejected=2)

    woman = Group("DK", "female", 5)
    assert made.people[EVERYONE] == made.people[Selection("DK", "female")] == {woman: 7}
    assert made.email_domains == {"a.example": 7}
    assert made.arrivals == {NOON: 3}
    assert made.reasons == {"type": 2}


def test_a_table_moves_when_k_persons_have_changed_and_not_before() -> None:
    published = tables(10)

    assert moved_on(published, tables(14, arrived=4, rejected=4), k=K) == published
    assert moved_on(published, tables(15), k=K) == tables(15)
    assert moved_on(published, tables(5), k=K) == tables(5)
    assert moved_on(published, tables(11), k=1) == tables(11)


def test_the_policy_s_minimum_age_is_the_present_one_at_once() -> None:
    before = tables(10)
    teenagers = Admission(minimum_age=13, youngest=13, left=13)

    moved = moved_on(before, replace(before, admission=teenagers), k=K)

    assert moved.admission == teenagers


def test_each_table_moves_by_itself() -> None:
    published = tables(10)

    moved = moved_on(published, tables(12, arrived=2, rejected=9), k=K)

    assert moved == tables_of(overview(10, rejected=9), today=TODAY)


def test_a_selection_stays_while_fewer_than_k_of_it_have_changed() -> None:
    def held(danish: int, french: int) -> Tables:
        cells = {Cell("DK", "female", "1990-01"): danish, Cell("FR", "female", "1990-01"): french}
        return tables_of(Overview(cohorts=cohorts_of(cells)), today=TODAY)

    moved = moved_on(held(10, 10), held(11, 14), k=K)

    assert moved.people[EVERYONE] == held(11, 14).people[EVERYONE]
    assert moved.people[Selection("DK")] == held(10, 10).people[Selection("DK")]
    assert moved_on(held(10, 0), held(10, 4), k=K).people[Selection("FR")] == {}


def test_arrivals_that_are_too_old_to_be_shown_are_no_change() -> None:
    before = Tables(people={}, email_domains={}, reasons={}, arrivals={NOON: 9})
    later = Tables(
        people={}, email_domains={}, reasons={}, arrivals={NOON + timedelta(hours=25): 4}
    )

    assert moved_on(before, later, k=K).arrivals == {}
    assert moved_on(before, later, k=4).arrivals == later.arrivals


counts = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 12))


@given(before=counts, after=counts)
def test_no_fewer_persons_have_changed_than_is_said(
    before: dict[str, int], after: dict[str, int]
) -> None:
    """The fewest steps of one person each, coming, going or moving, from one to the other."""
    steps = persons_changed(before, after)
    gains = [max(after.get(key, 0) - before.get(key, 0), 0) for key in "abcd"]
    losses = [max(before.get(key, 0) - after.get(key, 0), 0) for key in "abcd"]
    moves = min(sum(gains), sum(losses))

    assert steps == moves + (sum(gains) - moves) + (sum(losses) - moves)


persons = st.lists(
    st.tuples(st.sampled_from(["DK", "FR"]), st.sampled_from(["female", "male"])), max_size=30
)


@given(first=persons, looks=st.lists(persons, max_size=12), k=st.integers(2, 6))
def test_two_refreshes_differ_by_k_persons_or_not_at_all(
    first: list[tuple[str, str]], looks: list[list[tuple[str, str]]], k: int
) -> None:
    """Whoever looks at any selection never sees what fewer than k persons did."""

    def held(of: list[tuple[str, str]]) -> Tables:
        cells = {Cell(*who, "1990-01"): of.count(who) for who in of}
        return tables_of(Overview(cohorts=cohorts_of(cells)), today=TODAY)

    published = held(first)
    for look in looks:
        now = moved_on(published, held(look), k=k)
        for selection, table in now.people.items():
            before = published.people.get(selection, {})
            assert table == before or persons_changed(before, table) >= k
            assert persons_changed(table, held(look).people.get(selection, {})) < k
        published = now
