"""Marked persons: what is planted is what the leak check says it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from typing import Any

import pytest

from profiles import DEFAULT_POLICY, DecisionDates, Profile, Rejected, Withheld, decide
from profiles.adapters.simulator.marked import (
    FORBIDDEN,
    MarkedPerson,
    marked_adults,
    marked_hostile,
    marked_minors,
)
from tests.strategies import places

TOKEN = "qz0123abcd"
DAYS = [date(2026, 11, 23), date(2028, 2, 29), date(2027, 1, 1), date(2026, 12, 31)]


def persons(today: date) -> list[MarkedPerson]:
    return [*marked_adults(TOKEN, today), *marked_minors(TOKEN, today)]


def at(record: Any, path: str) -> Any:  # noqa: ANN401 - JSON
    for name in path.split("."):
        record = record[name]
    return record


@pytest.mark.parametrize("today", DAYS)
def test_adults_are_held_and_minors_are_withheld_also_where_broken(today: date) -> None:
    dates = DecisionDates(as_of=today, logged_on=today, read_on=today)

    adults = [decide(each.record, DEFAULT_POLICY, dates) for each in marked_adults(TOKEN, today)]
    minors = [decide(each.record, DEFAULT_POLICY, dates) for each in marked_minors(TOKEN, today)]

    assert {type(outcome) for outcome in adults} == {Profile}
    assert {type(outcome) for outcome in minors} == {Withheld}


def test_a_person_has_a_marker_in_every_field_that_no_place_may_hold() -> None:
    for person in persons(DAYS[0]):
        assert set(FORBIDDEN) <= set(person.values)
        for path in FORBIDDEN:
            assert at(person.record, path) == person.values[path]


def test_texts_without_a_marker_are_what_many_share() -> None:
    person = persons(DAYS[0])[0]
    values = {
        ".".join(path): at(person.record, ".".join(path)) for path in places(person.record)[1:]
    }
    unmarked = {path for path, value in values.items() if isinstance(value, str)} - set(
        person.values
    )

    assert unmarked == {
        *("gender", "nat", "location.country", "location.timezone.offset", "registered.date")
    }


def all_values() -> Iterator[str]:
    for person in persons(DAYS[0]):
        yield from person.values.values()
    for each in marked_hostile(TOKEN, DAYS[0]):
        yield from each.values.values()


def test_no_marker_stands_in_another() -> None:
    values = [value for value in all_values() if "@" not in value and not value.endswith("example")]

    assert [pair for pair in combinations(values, 2) if pair[0] in pair[1]] == []


def test_hostile_messages_hold_what_is_looked_for() -> None:
    found = list(marked_hostile(TOKEN, DAYS[0]))

    assert len(found) > 100
    assert [
        (each.whose, value)
        for each in found
        for path, value in each.values.items()
        if value.encode() not in each.message and "domain" not in path
    ] == []


def test_the_unreadable_adult_is_rejected() -> None:
    today = DAYS[0]
    dates = DecisionDates(as_of=today, logged_on=today, read_on=today)
    first = next(marked_hostile(TOKEN, today))

    assert first.whose == "unreadable"
    assert isinstance(decide(json.loads(first.message), DEFAULT_POLICY, dates), Rejected)
