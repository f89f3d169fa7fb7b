"""A record of the log that corrects a profile: what it may say, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.domain.age import MAXIMUM_AGE, LeapDay
from profiles.domain.assessing import admit, decide
from profiles.domain.correcting import correction_of, is_correction, said_by
from profiles.domain.corrections import FIELDS_OF, Correction
from profiles.domain.outcome import Rejected, RejectionReason, Withheld, WithheldReason
from profiles.domain.person import PersonId
from profiles.domain.policy import (
    DEFAULT_POLICY,
    DEFAULT_PROFILE_RULES,
    EmailTreatment,
    PrivacyPolicy,
)
from profiles.domain.profile import Profile
from profiles.domain.pseudonym import PseudonymKey, pseudonym
from tests.strategies import TODAY, Json, json_values, policies, today

ADA = PersonId("0b54cf1e-89a6-4c3b-8f0a-1f7dd4c9f7a1")
MINOR = Withheld(WithheldReason.MINOR)
KEY = PseudonymKey(id="k1", secret=b"x" * 32)
KNOWN = (
    "username, gender, title, full_name, full_address, city, country, nationality, email,"
    " birth_date, registered_on"
)
EIGHTEEN = TODAY.replace(year=TODAY.year - 18)


def setting(**fields: object) -> dict[str, object]:
    return correction_of(ADA, fields, [])


def corrected(record: object, policy: PrivacyPolicy = DEFAULT_POLICY) -> Correction:
    outcome = decide(record, policy, today)
    assert isinstance(outcome, Correction)
    return outcome


def test_every_field_can_be_set() -> None:
    record = setting(
        username=" golden fox ",
        gender="female",
        title="Dr",
        full_name="A\u030ase Lund",
        full_address="Storgata 12, 0150 Oslo",
        city="Oslo",
        country="Norway",
        nationality="NO",
        email="Ase.Lund@B\u00fccher.example",
        birth_date="1990-02-28",
        registered_on="2020-05-04T10:00:00Z",
    )

    assert corrected(record) == Correction(
        person=ADA,
        fields={
            "username": "golden fox",
            "gender": "female",
            "title": "Dr",
            "full_name": "Åse Lund",
            "full_address": "Storgata 12, 0150 Oslo",
            "city": "Oslo",
            "country": "Norway",
            "nationality": "NO",
            "email": "Ase.Lund@B\u00fccher.example",
            "email_domain": "b\u00fccher.example",
            "birth_month": "1990-02",
            "age": 36,
            "as_of": TODAY,
            "registered_on": date(2020, 5, 4),
        },
    )


@pytest.mark.parametrize("name", sorted(FIELDS_OF.keys() - {"birth_date"}))
@pytest.mark.parametrize("nothing", [None, " \u200b "])
def test_null_empties_a_field_and_so_does_a_text_of_which_nothing_shows(
    name: str, nothing: str | None
) -> None:
    if nothing is not None and name == "registered_on":
        nothing = None

    assert corrected(setting(**{name: nothing})).fields == dict.fromkeys(FIELDS_OF[name])


def test_fields_are_released_with_what_follows_from_them() -> None:
    record = correction_of(ADA, {"city": "Oslo"}, ["email", "birth_date", "title"])

    assert corrected(record) == Correction(
        person=ADA,
        fields={"city": "Oslo"},
        released=frozenset({"email", "email_domain", "birth_month", "age", "as_of", "title"}),
    )
    without_set = {"login": {"uuid": ADA.upper()}, "correction": {"release": ["city"]}}
    assert corrected(without_set).released == {"city"}
    assert corrected(without_set).person == ADA


def test_an_address_of_which_no_domain_can_be_read_has_none() -> None:
    assert corrected(setting(email="nobody")).fields == {"email": "nobody", "email_domain": None}


@pytest.mark.parametrize(
    ("fields", "path", "reason", "expected"),
    [
        ({"city": 3}, "correction.set.city", "type", "text or null"),
        ({"city": "x" * 257}, "correction.set.city", "length", "at most 256 characters"),
        ({"email": "x" * 321}, "correction.set.email", "length", "at most 320 characters"),
        ({"city": "\u0007x"}, "correction.set.city", "text", "text or null"),
        ({"birth_date": None}, "correction.set.birth_date", "missing", "date YYYY-MM-DD"),
        ({"birth_date": 1990}, "correction.set.birth_date", "type", "date YYYY-MM-DD"),
        ({"birth_date": "1990-02-30"}, "correction.set.birth_date", "date", "date YYYY-MM-DD"),
        ({"registered_on": "then"}, "correction.set.registered_on", "date", "date YYYY-MM-DD"),
        (
            {"birth_date": (TODAY + timedelta(days=1)).isoformat()},
            "correction.set.birth_date",
            "future",
            "a date of birth that has come",
        ),
        (
            {"birth_date": "1890-01-01"},
            "correction.set.birth_date",
            "age",
            "an age of at most 130 years",
        ),
        ({"phone": "PRIVATE"}, "correction.set", "type", f"object of {KNOWN}"),
        ({"age": 40}, "correction.set", "type", f"object of {KNOWN}"),
        ({}, "correction", "missing", "a field to set or to release"),
    ],
)
def test_a_wrong_value_is_rejected_with_its_place(
    fields: dict[str, object], path: str, reason: str, expected: str
) -> None:
    assert decide(setting(**fields), DEFAULT_POLICY, today) == Rejected(
        RejectionReason(reason), path, expected
    )


@pytest.mark.parametrize(
    ("part", "path", "reason", "expected"),
    [
        ({"correction": 3}, "correction", "type", "object with set or release"),
        ({"correction": {"set": []}}, "correction.set", "type", f"object of {KNOWN}"),
        ({"correction": {"release": "city"}}, "correction.release", "type", f"array of {KNOWN}"),
        ({"correction": {"release": []}}, "correction", "missing", "a field to set or to release"),
        (
            {"correction": {"release": ["city", "PRIVATE"]}},
            "correction.release[1]",
            "type",
            f"one of {KNOWN}",
        ),
        ({"correction": {"release": [3]}}, "correction.release[0]", "type", f"one of {KNOWN}"),
        (
            {"correction": {"set": {"city": "Oslo"}, "release": ["city"]}},
            "correction.release[0]",
            "type",
            "a field that is not set as well",
        ),
        ({"schema": 2}, "schema", "schema", "schema version of at most 1"),
        ({"schema": 0}, "schema", "schema", "schema version of at most 1"),
        ({"schema": True}, "schema", "schema", "schema version of at most 1"),
        ({"schema": "1"}, "schema", "schema", "schema version of at most 1"),
    ],
)
def test_a_correction_of_another_form_is_rejected_with_its_place(
    part: dict[str, object], path: str, reason: str, expected: str
) -> None:
    assert decide({**setting(city="Oslo"), **part}, DEFAULT_POLICY, today) == Rejected(
        RejectionReason(reason), path, expected
    )


def test_a_correction_needs_no_schema() -> None:
    assert corrected({**setting(city="Oslo"), "schema": None}).fields == {"city": "Oslo"}


def test_a_correction_of_an_id_that_can_not_be_read_is_rejected_as_any_record_is() -> None:
    record = {**setting(city="Oslo"), "login": {"uuid": "nobody"}}

    assert decide(record, DEFAULT_POLICY, today) == Rejected(
        RejectionReason.ID, "login.uuid", "UUID of 36 characters"
    )


def test_a_record_with_a_date_of_birth_is_a_person_whatever_else_it_has() -> None:
    record = {**setting(city="Oslo"), "dob": {"date": "1990-02-28"}}

    assert isinstance(decide(record, DEFAULT_POLICY, today), Profile)
    assert is_correction({**setting(city="Oslo"), "dob": None})
    assert not is_correction({**setting(city="Oslo"), "dob": {"date": "1990-02-28"}})
    assert not is_correction([])


def test_a_correction_is_no_person_at_the_gate_before_the_log() -> None:
    assert admit(setting(city="Oslo"), DEFAULT_POLICY, today) == Rejected(
        RejectionReason.TYPE, "correction", "a person; `profiles rectify` makes corrections"
    )


def test_what_a_correction_says_is_told_as_the_log_has_it() -> None:
    assert said_by(setting(city="Oslo")) == {"set": {"city": "Oslo"}, "release": []}
    released = {"login": {"uuid": ADA}, "correction": {"release": ["city"]}}
    assert said_by(released) == {"set": {}, "release": ["city"]}
    set_only = {"login": {"uuid": ADA}, "correction": {"set": {"city": "Oslo"}}}
    assert said_by(set_only) == {"set": {"city": "Oslo"}, "release": []}
    assert said_by({"login": {"uuid": ADA}, "correction": 3}) is None
    assert said_by({"login": {"uuid": ADA}}) is None


# Age and retention -------------------------------------------------------------------------------


def test_who_comes_of_age_on_the_day_is_corrected() -> None:
    assert corrected(setting(birth_date=EIGHTEEN.isoformat())).fields["age"] == 18


@pytest.mark.parametrize(
    "others", [{}, {"city": 3}, {"phone": "x"}], ids=["well formed", "type", "unknown"]
)
def test_who_is_a_minor_by_the_corrected_date_is_withheld_however_broken_the_rest_is(
    others: dict[str, object],
) -> None:
    born = (EIGHTEEN + timedelta(days=1)).isoformat()

    assert decide(setting(birth_date=born, **others), DEFAULT_POLICY, today) == MINOR


def test_where_the_country_may_be_what_is_broken_the_highest_minimum_age_holds() -> None:
    policy = PrivacyPolicy(minimum_age_in={"SE": 20})
    nineteen = EIGHTEEN.replace(year=EIGHTEEN.year - 1).isoformat()
    twenty = EIGHTEEN.replace(year=EIGHTEEN.year - 2).isoformat()

    assert corrected(setting(birth_date=nineteen), policy).fields["age"] == 19
    assert decide(setting(birth_date=nineteen, nationality=3), policy, today) == MINOR
    assert isinstance(decide(setting(birth_date=twenty, nationality=3), policy, today), Rejected)


def test_the_rule_for_leap_days_is_that_of_the_policy() -> None:
    at = replace(today, as_of=date(2026, 2, 28))
    record = setting(birth_date="2008-02-29")

    assert decide(record, DEFAULT_POLICY, at) == MINOR
    feb28 = decide(record, PrivacyPolicy(leap_day=LeapDay.FEB28), at)
    assert isinstance(feb28, Correction)
    assert feb28.fields["age"] == 18


def test_a_correction_past_the_retention_is_withheld() -> None:
    days = DEFAULT_POLICY.retention
    at = replace(today, logged_on=TODAY - days)

    assert decide(setting(city="Oslo"), DEFAULT_POLICY, at) == Withheld(WithheldReason.RETENTION)
    at = replace(today, logged_on=TODAY - days + timedelta(days=1))
    assert isinstance(decide(setting(city="Oslo"), DEFAULT_POLICY, at), Correction)


def test_a_correction_from_the_future_is_rejected() -> None:
    at = replace(today, from_the_future=True)

    outcome = decide(setting(city="Oslo"), DEFAULT_POLICY, at)

    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectionReason.TIME


# Policy ------------------------------------------------------------------------------------------


def test_what_the_policy_does_not_keep_is_dropped() -> None:
    rules = {name: rule for name, rule in DEFAULT_PROFILE_RULES.items() if name != "email"}
    policy = PrivacyPolicy(profile_rules=rules)

    record = setting(email="ase@a.example", city="Oslo")

    assert corrected(record, policy).fields == {"email_domain": "a.example", "city": "Oslo"}


def test_an_address_is_treated_as_the_policy_says() -> None:
    record = setting(email="ase@a.example")
    pseudonymised = PrivacyPolicy(email=EmailTreatment.PSEUDONYMISE, pseudonym_key=KEY)

    assert corrected(record, pseudonymised).fields == {
        "email": pseudonym("ase@a.example", KEY),
        "email_domain": "a.example",
    }
    assert corrected(record, PrivacyPolicy(email=EmailTreatment.DROP)).fields == {
        "email": None,
        "email_domain": "a.example",
    }


# Properties --------------------------------------------------------------------------------------

_names = st.sampled_from([*FIELDS_OF, "phone"])
_records = st.fixed_dictionaries(
    {
        "login": st.just({"uuid": ADA}),
        "correction": json_values
        | st.fixed_dictionaries(
            {},
            optional={
                "set": json_values | st.dictionaries(_names, json_values, max_size=3),
                "release": json_values | st.lists(_names, max_size=3),
            },
        ),
    },
    optional={"schema": json_values, "dob": st.none()},
)


@given(_records, policies())
def test_any_correction_is_taken_withheld_or_rejected_without_a_value(
    record: dict[str, Json], policy: PrivacyPolicy
) -> None:
    outcome = decide(record, policy, today)

    assert not isinstance(outcome, Profile)
    if isinstance(outcome, Correction):
        known: set[str] = {field for fields in FIELDS_OF.values() for field in fields}
        assert set(outcome.fields) <= known - policy.dropped_profile_fields
        assert not outcome.released & set(outcome.fields)
        values: dict[str, Any] = dict(outcome.fields)
        assert all(isinstance(value, str | int | date | None) for value in values.values())
    elif isinstance(outcome, Rejected):
        assert outcome.path.startswith(("correction", "schema"))
        assert "phone" not in outcome.path


def test_a_correction_is_written_as_the_log_has_it() -> None:
    assert correction_of(ADA, {"city": "Oslo"}, ["title"]) == {
        "schema": 1,
        "login": {"uuid": ADA},
        "correction": {"set": {"city": "Oslo"}, "release": ["title"]},
    }


def test_what_is_released_need_not_be_said() -> None:
    record = {"login": {"uuid": ADA}, "correction": {"set": {"city": "Oslo"}}}

    assert corrected(record) == Correction(person=ADA, fields={"city": "Oslo"})


def test_who_was_born_on_the_day_of_the_correction_is_a_minor() -> None:
    assert decide(setting(birth_date=str(TODAY)), DEFAULT_POLICY, today) == MINOR


def test_who_is_as_old_as_anybody_can_be_is_corrected() -> None:
    born = TODAY.replace(year=TODAY.year - MAXIMUM_AGE)

    assert corrected(setting(birth_date=str(born))).fields["age"] == MAXIMUM_AGE


def test_an_address_may_be_longer_than_other_texts_and_loses_what_shows_nothing() -> None:
    long = f"{'a' * 280}@example.com"

    assert corrected(setting(email=long)).fields["email"] == long
    assert corrected(setting(email="a\u200bb@example.com")).fields["email"] == "ab@example.com"
