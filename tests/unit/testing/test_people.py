from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from profiles import (
    DEFAULT_POLICY,
    DecisionDates,
    Profile,
    Rejected,
    Withheld,
    WithheldReason,
    decide,
)
from profiles.adapters.simulator.hostile import HOSTILE_KINDS
from profiles.application.assurance.traces import traces_in
from profiles.application.log.messages import Records as Persons
from profiles.application.log.messages import decode
from profiles.testing import RECORDS_OF_EACH_KIND, Records, hostile_messages, records_of

TODAY = date(2031, 2, 28)
DATES = DecisionDates(as_of=TODAY, logged_on=TODAY, read_on=TODAY)
MINOR = Withheld(WithheldReason.MINOR)


def outcomes(kind: str, dates: DecisionDates = DATES) -> list[object]:
    return [decide(record, DEFAULT_POLICY, dates) for record in records_of(kind, TODAY)]


def test_adults_are_adults_on_the_day_and_minors_are_not() -> None:
    adults, minors = outcomes("adults"), outcomes("minors")

    assert len(adults) == len(minors) == RECORDS_OF_EACH_KIND
    assert {type(outcome) for outcome in adults} == {Profile}
    assert set(minors) == {MINOR}


def test_of_those_on_the_boundary_some_are_minors_only_until_the_next_day() -> None:
    tomorrow = TODAY + timedelta(days=1)
    today = outcomes("boundary")
    next_day = outcomes("boundary", DecisionDates(as_of=tomorrow, logged_on=TODAY, read_on=TODAY))

    changes = list(zip(today, next_day, strict=True))
    assert any(before == MINOR and isinstance(after, Profile) for before, after in changes)
    assert any(isinstance(before, Profile) for before, _after in changes)
    assert any(isinstance(before, Rejected) for before, _after in changes)


def test_no_two_kinds_share_a_person() -> None:
    ids = [
        record["login"]["uuid"]
        for kind in ("adults", "minors", "boundary")
        for record in records_of(kind, TODAY)
    ]

    assert len(set(ids)) == 3 * RECORDS_OF_EACH_KIND


def test_they_are_the_same_in_every_run() -> None:
    assert records_of("adults", TODAY) == records_of("adults", TODAY)
    assert hostile_messages(TODAY) == hostile_messages(TODAY)


def test_there_is_one_hostile_message_of_each_kind() -> None:
    messages = hostile_messages(TODAY)

    assert len(set(messages)) == len(messages) == len(HOSTILE_KINDS)
    decoded = [decode(message) for message in messages]
    decided = [
        decide(item, DEFAULT_POLICY, DATES)
        for records in decoded
        if isinstance(records, Persons)
        for item in records.items
    ]
    assert {Profile, Rejected, Withheld} == {type(outcome) for outcome in decided}
    assert any(isinstance(records, Rejected) for records in decoded)


@pytest.mark.parametrize("kind", ["adults", "minors", "boundary"])
def test_everyday_words_tell_of_nobody(kind: str) -> None:
    """Passwords of the API, such as `summer`, would be found in any text."""
    text = "welcome to the summer sunshine, master: a secret shadow of monkey business"

    assert traces_in(text, records_of(kind, TODAY)) == []


def test_printing_records_shows_none() -> None:
    assert repr(Records([{"email": "ada@example.com"}])) == "<1 records>"
    assert json.dumps(Records([1, 2])) == "[1, 2]"
