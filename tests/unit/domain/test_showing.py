"""What the domain's values show of themselves: they end up in logs, tracebacks and pytest."""

from __future__ import annotations

import pytest
from hypothesis import given

from profiles.domain.errors import ProfilesError, UsageError
from profiles.domain.outcome import (
    Erased,
    Outcome,
    Rejected,
    RejectionReason,
    Withheld,
    WithheldReason,
)
from profiles.domain.person import (
    Birth,
    Location,
    Login,
    Name,
    Person,
    PersonId,
    Registration,
    Street,
)
from profiles.domain.profile import Profile
from profiles.domain.resolving import Decided, Held, resolve
from profiles.domain.statistics import Cell
from tests.strategies import persons, profiles


@given(profiles())
def test_a_profile_shows_no_value(profile: Profile) -> None:
    assert repr(profile) == str(profile) == f"{profile}" == "Profile(...)"


@given(persons())
def test_a_person_shows_no_value(person: Person) -> None:
    assert repr(person) == str(person) == f"Person(schema={person.schema})"


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        (Name(title="PRIVATE", first="PRIVATE", last="PRIVATE"), "Name()"),
        (Street(number=4711, name="PRIVATE"), "Street()"),
        (
            Location(
                street=Street(), city="PRIVATE", state="PRIVATE", country="PRIVATE", postcode="P"
            ),
            "Location()",
        ),
        (Login(uuid="PRIVATE", username="PRIVATE"), "Login()"),
        (Birth(date="PRIVATE"), "Birth()"),
        (Registration(date="PRIVATE"), "Registration()"),
    ],
)
def test_no_part_of_a_person_shows_a_value(part: object, shown: str) -> None:
    assert repr(part) == shown


def test_what_is_decided_and_held_shows_where_it_comes_from_and_not_whom_it_is_about() -> None:
    person = PersonId("0b54cf1e-89a6-4c3b-8f0a-1f7dd4c9f7a1")
    held = Held(7, Cell("NO", "female", "1990-02"), "private.example")

    assert repr(Decided(7, person, Erased())) == "Decided(version=7, ...)"
    assert repr(held) == "Held(version=7, ...)"
    changes = resolve([Decided(8, person, Erased())], {person: held})
    for private in (person, "1990", "private"):
        assert private not in repr(changes)


@given(profiles())
def test_what_a_chunk_changes_shows_how_many_and_never_who(profile: Profile) -> None:
    changes = resolve([Decided(8, profile.id, profile)], {})

    assert repr(changes) == f"Changes(rejected=[], tally={changes.tally!r})"


def test_outcomes_show_what_is_wrong() -> None:
    rejected = Rejected(RejectionReason.TYPE, "name.first", "text or null")

    assert "name.first" in repr(rejected)
    assert "MINOR" in repr(Withheld(WithheldReason.MINOR))


def test_the_names_of_outcomes_and_reasons_are_those_of_the_tally() -> None:
    assert [outcome.value for outcome in Outcome] == [
        *("stored", "withheld", "rejected", "suppressed", "restricted", "superseded", "erased")
    ]
    assert {reason.value for reason in WithheldReason} == {"minor", "retention"}
    assert {reason.value for reason in RejectionReason} == {
        *("json", "type", "missing", "id", "date", "future", "age", "text", "length", "schema"),
        *("time", "size", "store", "envelope"),
    }


def test_wrong_usage_is_an_error_of_this_library() -> None:
    assert issubclass(UsageError, ProfilesError)
