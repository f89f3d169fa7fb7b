from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from profiles.domain import deciding_together
from profiles.domain.age import LeapDay
from profiles.domain.assessing import admit, decide
from profiles.domain.deciding_together import admit_all, decide_all
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.minimising import minimise
from profiles.domain.person import Birth, Location, Login, Name, Person, Registration, Street
from profiles.domain.policy import DEFAULT_LOG_RULES, DEFAULT_POLICY, PrivacyPolicy
from profiles.domain.profile import Profile
from profiles.domain.reading import read_person
from tests.strategies import (
    TODAY,
    any_texts,
    api_records,
    json_values,
    mutated,
    other_fields,
    persons,
    policies,
    texts,
    times,
    today,
)

ID = "0b54cf1e-89a6-4c3b-8f0a-1f7dd4c9f7a1"
STREET = Street(number=12, name="Storgata")
PLACE = Location(street=STREET, city="Oslo", state="Oslo", country="Norway", postcode="0150")
PERSON = Person(
    login=Login(uuid=ID, username="goldenfox"),
    dob=Birth(date="1990-02-28T10:00:00.000Z"),
    gender="female",
    name=Name(title="Ms", first="Åse", last="Lund"),
    location=PLACE,
    email="ase.lund@example.com",
    registered=Registration(date="2010-05-04"),
    nat="NO",
    schema=1,
)
OLDER_IN_NORWAY = PrivacyPolicy(minimum_age_in={"NO": 40})

filled = persons() | persons(any_texts) | persons(texts)
records = st.lists(
    st.one_of(filled, filled.map(other_fields), api_records(), mutated(), json_values), max_size=6
)


def one_by_one(records: list[object], policy: PrivacyPolicy, dates: DecisionDates) -> list[object]:
    return [decide(record, policy, dates) for record in records]


@given(records, policies() | st.just(DEFAULT_POLICY), times() | st.just(today))
def test_many_records_are_decided_as_each_of_them_is(
    records: list[object], policy: PrivacyPolicy, dates: DecisionDates
) -> None:
    assert decide_all(records, policy, dates) == one_by_one(records, policy, dates)


@given(records, policies() | st.just(DEFAULT_POLICY), times() | st.just(today))
def test_many_records_are_admitted_and_minimised_as_each_of_them_is(
    records: list[object], policy: PrivacyPolicy, dates: DecisionDates
) -> None:
    admitted = admit_all(records, policy, dates)

    assert [as_person(one) for one in admitted] == [
        minimise(outcome, policy) if isinstance(outcome, Person) else outcome
        for outcome in (admit(record, policy, dates) for record in records)
    ]


@given(records, policies() | st.just(DEFAULT_POLICY), times() | st.just(today))
def test_what_is_decided_on_the_way_into_the_log_is_what_the_log_says(
    records: list[object], policy: PrivacyPolicy, dates: DecisionDates
) -> None:
    for admission in admit_all(records, policy, dates):
        if isinstance(admission, tuple) and admission[1] is not None:
            logged, profile = admission
            assert profile == decide(as_person((logged, None)), policy, dates)


def as_person(admission: object) -> object:
    """Return the person of an admission as a `Person`, and anything else as it is."""
    if not isinstance(admission, tuple):
        return admission
    person = read_person(admission[0])
    assert isinstance(person, Person)
    return person


def test_who_is_usual_is_decided_about_at_the_gate() -> None:
    ((logged, profile),) = admit_all([PERSON], DEFAULT_POLICY, today)  # type: ignore[misc] # admitted

    assert logged == replace(PERSON, dob=Birth(date="1990-02-28"))
    assert profile == decide(PERSON, DEFAULT_POLICY, today)


def test_nothing_is_decided_at_the_gate_where_the_log_carries_less() -> None:
    without_cities = {name: rule for name, rule in DEFAULT_LOG_RULES.items() if "city" not in name}
    policy = PrivacyPolicy(log_rules=without_cities)

    ((logged, profile),) = admit_all([PERSON], policy, today)  # type: ignore[misc] # admitted

    assert logged.location is not None
    assert logged.location.city is None
    assert profile is None


def born(day: date) -> Person:
    return replace(PERSON, dob=Birth(date=day.isoformat()))


EDGES = [
    *(born(TODAY.replace(year=TODAY.year - years)) for years in (0, 17, 18, 39, 40, 130, 131)),
    born(TODAY.replace(year=TODAY.year - 18) + timedelta(days=1)),
    born(TODAY.replace(year=TODAY.year - 131) + timedelta(days=1)),
    born(TODAY + timedelta(days=1)),
    born(date(2004, 2, 29)),
    replace(PERSON, dob=Birth(date="1990-02-30")),
    replace(PERSON, registered=None),
    replace(PERSON, registered=Registration()),
    replace(PERSON, registered=Registration(date="2010-02-30")),
    replace(PERSON, name=None),
    replace(PERSON, location=None),
    replace(PERSON, location=Location()),
    replace(PERSON, location=replace(PLACE, postcode=None)),
    replace(PERSON, location=replace(PLACE, street=Street(number=-1, name="Storgata"))),
    replace(PERSON, login=Login(uuid=ID + " x", username="goldenfox")),
    replace(PERSON, email=None),
    replace(PERSON, email="no address"),
    replace(PERSON, email="Ase\n@Example.com"),
    replace(PERSON, schema=2),
    replace(PERSON, nat=" NO "),
]


@pytest.mark.parametrize("leap_day", LeapDay)
@pytest.mark.parametrize("policy", [DEFAULT_POLICY, OLDER_IN_NORWAY])
@pytest.mark.parametrize("on", [TODAY, date(2022, 2, 28)])
def test_every_edge_is_decided_as_alone(policy: PrivacyPolicy, leap_day: LeapDay, on: date) -> None:
    policy = replace(policy, leap_day=leap_day)
    dates = replace(today, as_of=on)

    decided = decide_all(EDGES, policy, dates)

    assert decided == one_by_one([*EDGES], policy, dates)
    assert any(isinstance(outcome, Profile) for outcome in decided)


@given(st.lists(persons().filter(lambda person: person.schema == 1), max_size=3))
@example([])
@example([PERSON, replace(PERSON, name=None), PERSON])
def test_the_order_is_that_of_the_records(people: list[Person]) -> None:
    decided = decide_all(people, DEFAULT_POLICY, today)

    assert len(decided) == len(people)
    for person, outcome in zip(people, decided, strict=True):
        assert not isinstance(outcome, Profile) or outcome.id == person.login.uuid


def test_who_is_usual_is_not_decided_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def unexpected(*_: object) -> Profile:
        raise AssertionError

    usual = [PERSON, replace(PERSON, nat="SE"), born(TODAY.replace(year=TODAY.year - 18))]
    expected = one_by_one([*usual], DEFAULT_POLICY, today)
    monkeypatch.setattr(deciding_together, "decide", unexpected)

    assert decide_all(usual, DEFAULT_POLICY, today) == expected


@pytest.mark.parametrize(
    "dates",
    [
        replace(today, from_the_future=True),
        replace(today, read_on=TODAY + DEFAULT_POLICY.retention),
        replace(today, read_on=TODAY + DEFAULT_POLICY.retention - timedelta(days=1)),
    ],
)
def test_the_times_of_the_records_count_for_all(dates: DecisionDates) -> None:
    assert decide_all([PERSON] * 2, DEFAULT_POLICY, dates) == one_by_one(
        [PERSON] * 2, DEFAULT_POLICY, dates
    )
