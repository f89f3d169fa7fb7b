from __future__ import annotations

import pytest
from hypothesis import given

from profiles.domain.assessing import admit, decide
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.minimising import minimise
from profiles.domain.person import (
    Birth,
    Location,
    Login,
    Name,
    Person,
    Registration,
    Street,
)
from profiles.domain.policy import (
    DEFAULT_LOG_RULES,
    DEFAULT_POLICY,
    LOG_FIELDS,
    REQUIRED_LOG_FIELDS,
    PrivacyPolicy,
)
from profiles.domain.reading import read_person
from tests.strategies import Json, api_records, mutated, persons, policies, times

PERSON = Person(
    login=Login(uuid="0b54cf1e-89a6-4c3b-8f0a-1f7dd4c9f7a1", username="goldenfox"),
    dob=Birth(date="1990-02-28T10:00:00.000Z"),
    gender="female",
    name=Name(title="Ms", first="Åse", last="Lund"),
    location=Location(
        street=Street(number=12, name="Storgata"),
        city="Oslo",
        state="Viken",
        country="Norway",
        postcode="0150",
    ),
    email="ase.lund@example.com",
    registered=Registration(date="2010-05-04T00:00:00.000Z"),
    nat="NO",
)
MINIMAL = Person(
    login=PERSON.login,
    dob=Birth(date="1990-02-28"),
    gender="female",
    name=PERSON.name,
    location=PERSON.location,
    email="ase.lund@example.com",
    registered=Registration(date="2010-05-04"),
    nat="NO",
    schema=1,
)
OPTIONAL = [name for name in LOG_FIELDS if name not in REQUIRED_LOG_FIELDS]


def field(person: object, dotted: str) -> object:
    for name in dotted.split("."):
        person = None if person is None else getattr(person, name)
    return person


def logging(*names: str) -> PrivacyPolicy:
    return PrivacyPolicy(log_rules={name: DEFAULT_LOG_RULES[name] for name in names})


def test_dates_lose_their_times_and_a_schema_version_is_added() -> None:
    assert minimise(PERSON, DEFAULT_POLICY) == MINIMAL


def test_nothing_is_made_up_for_the_log_where_the_record_has_nothing() -> None:
    bare = Person(login=PERSON.login, dob=PERSON.dob)

    assert minimise(bare, DEFAULT_POLICY) == Person(
        login=PERSON.login, dob=Birth(date="1990-02-28"), schema=1
    )


def test_minimising_again_changes_nothing() -> None:
    assert minimise(MINIMAL, DEFAULT_POLICY) == MINIMAL


@pytest.mark.parametrize("registered", [None, Registration(), Registration(date=None)])
def test_who_has_no_date_of_registration_gets_none(registered: Registration | None) -> None:
    person = Person(login=PERSON.login, dob=PERSON.dob, registered=registered)

    assert minimise(person, DEFAULT_POLICY).registered is None


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_field_that_the_policy_does_not_log_is_left_out_alone(name: str) -> None:
    minimal = minimise(PERSON, logging(*(other for other in LOG_FIELDS if other != name)))

    assert field(minimal, name) is None
    assert minimal.schema == 1
    for other in LOG_FIELDS:
        if other != name:
            assert field(minimal, other) == field(MINIMAL, other)


@pytest.mark.parametrize("name", OPTIONAL)
def test_one_field_alone_can_be_logged(name: str) -> None:
    minimal = minimise(PERSON, logging("login.uuid", "dob.date", name))

    kept = {"login.uuid", "dob.date", name}
    assert {other for other in LOG_FIELDS if field(minimal, other) is not None} == kept
    assert all(field(minimal, other) == field(MINIMAL, other) for other in kept)


def test_leaving_out_can_do_with_a_person_of_nulls() -> None:
    bare = Person(login=Login(uuid=PERSON.login.uuid), dob=PERSON.dob)
    without_street = Person(
        login=bare.login, dob=bare.dob, location=Location(city="Oslo", state="Viken")
    )

    for person in (bare, without_street):
        minimal = minimise(person, logging("login.uuid", "dob.date", "location.city"))
        assert field(minimal, "location.city") == field(person, "location.city")
        assert field(minimal, "location.state") is None
        assert field(minimal, "dob.date") == "1990-02-28"


@given(mutated() | api_records(), policies(), times())
def test_a_minimised_person_gives_the_same_profile(
    record: Json, policy: PrivacyPolicy, at: DecisionDates
) -> None:
    logged = PrivacyPolicy(
        profile_rules=policy.profile_rules,
        minimum_age=policy.minimum_age,
        leap_day=policy.leap_day,
        email=policy.email,
        pseudonym_key=policy.pseudonym_key,
    )
    admitted = admit(record, logged, at)

    if isinstance(admitted, Person):
        minimal = minimise(admitted, logged)
        assert read_person(minimal) == minimal
        assert decide(minimal, logged, at) == decide(record, logged, at)
        assert admit(minimal, logged, at) == minimal


@given(persons(), policies())
def test_of_any_policy_the_log_carries_its_fields_and_no_others(
    person: Person, policy: PrivacyPolicy
) -> None:
    minimal = minimise(person, policy)

    whole = minimise(person, DEFAULT_POLICY)
    for name in LOG_FIELDS:
        expected = field(whole, name) if name in policy.log_rules else None
        assert field(minimal, name) == expected
    assert minimise(minimal, policy) == minimal
    assert read_person(minimal) == minimal
