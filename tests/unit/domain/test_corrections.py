"""What one correction says, and what is kept of all of them."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given

from profiles.domain.columns import FIELDS
from profiles.domain.corrections import FIELDS_OF, CorrectedValue, Correction, Corrections
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from tests.strategies import corrections, profiles

ADA = PersonId("00000000-0000-4000-8000-00000000000a")
PROFILE = Profile(
    id=ADA,
    username="goldenfox",
    gender="female",
    title="Ms",
    full_name="Åse Lund",
    full_address="Storgata 12, 0150 Oslo, Viken, Norway",
    city="Oslo",
    country="Norway",
    nationality="NO",
    email="ase.lund@example.com",
    email_domain="example.com",
    age=18,
    birth_month="2008-11",
    registered_on=date(2020, 5, 4),
    as_of=date(2026, 11, 26),
    expires_at=date(2027, 11, 26),
)


def kept(**fields: CorrectedValue) -> Corrections:
    return Corrections(fields=fields)


def test_a_person_may_have_everything_corrected_but_the_id_and_what_the_pipeline_adds() -> None:
    fields = [field for fields in FIELDS_OF.values() for field in fields]

    assert len(fields) == len(set(fields))
    assert {column.name for column in FIELDS} - set(fields) == {"id", "expires_at"}


def test_what_was_corrected_is_named_as_it_was_asked_for() -> None:
    fields = {"registered_on": None, "email": None, "email_domain": None, "birth_month": "1990-02"}

    assert kept(**fields).names == ["email", "birth_date", "registered_on"]
    assert kept(email_domain="a.example").names == ["email"]


def test_corrections_show_no_value() -> None:
    assert repr(kept(city="PRIVATE")) == "Corrections()"
    correction = Correction(person=ADA, fields={"city": "PRIVATE"}, released=frozenset({"title"}))
    assert repr(correction) == "Correction(released=frozenset({'title'}))"


def test_corrections_are_laid_over_what_the_source_says() -> None:
    over = kept(city="Tromsø", title=None).over(PROFILE)

    assert over == PROFILE._replace(city="Tromsø", title=None)


@pytest.mark.parametrize(
    ("as_of", "age"),
    [
        ("2026-11-23", 17),  # before the day for which it was counted: the month is not over
        ("2026-11-24", 18),  # a day that has begun elsewhere
        ("2026-11-25", 18),
        ("2026-11-30", 18),
        ("2027-11-30", 18),  # the birthday may be today
        ("2027-12-01", 19),
    ],
)
def test_by_a_corrected_month_of_birth_the_age_is_that_which_is_certain(
    as_of: str, age: int
) -> None:
    day = date.fromisoformat(as_of)
    of_birth = kept(birth_month="2008-11", age=18, as_of=date(2026, 11, 25))

    over = of_birth.over(PROFILE._replace(age=36, birth_month="1990-02", as_of=day))

    assert over == PROFILE._replace(age=age, birth_month="2008-11", as_of=day)


def test_fields_that_are_left_out_are_gone() -> None:
    assert kept(city="Tromsø", title=None).without({"title"}) == kept(city="Tromsø")
    assert kept(city="Tromsø").without({"city"}) is None
    assert kept(city="Tromsø").without(()) == kept(city="Tromsø")


@given(corrections())
def test_what_is_written_is_read_as_the_same(correction: Correction) -> None:
    made = Corrections(fields=correction.fields)

    assert Corrections.read(json.loads(json.dumps(made.written()))) == made


@given(corrections(), profiles())
def test_a_correction_sets_its_fields_and_no_others(
    correction: Correction, profile: Profile
) -> None:
    assert correction.of(profile)._asdict() == {**profile._asdict(), **correction.fields}


@given(corrections(), corrections())
def test_the_later_of_two_corrections_counts_and_releases_what_was_kept(
    first: Correction, second: Correction
) -> None:
    both = second.kept_with(first.kept_with(None))

    expected = {
        name: value for name, value in first.fields.items() if name not in second.released
    } | dict(second.fields)
    assert (both.fields if both else {}) == expected
    assert (both is None) == (not expected)
