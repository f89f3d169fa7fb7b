from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from profiles.domain.age import LeapDay
from profiles.domain.assessing import admit, assess, decide
from profiles.domain.corrections import Correction
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.minimising import minimise
from profiles.domain.outcome import Rejected, RejectionReason, Withheld, WithheldReason
from profiles.domain.person import Birth, Login, Person
from profiles.domain.policy import (
    DEFAULT_POLICY,
    DEFAULT_PROFILE_RULES,
    REQUIRED_PROFILE_FIELDS,
    EmailTreatment,
    FieldRule,
    LegalBasis,
    PrivacyPolicy,
)
from profiles.domain.profile import Profile
from profiles.domain.pseudonym import PseudonymKey, pseudonym
from profiles.domain.reading import read_person
from tests.strategies import (
    TODAY,
    Json,
    adult_births,
    api_records,
    clean_texts,
    json_values,
    mutated,
    places,
    policies,
    put,
    times,
    today,
    without,
)

ID = "0b54cf1e-89a6-4c3b-8f0a-1f7dd4c9f7a1"
MINOR = Withheld(WithheldReason.MINOR)
EXPIRED = Withheld(WithheldReason.RETENTION)
RECORD: dict[str, Json] = {
    "gender": "female",
    "name": {"title": "Ms", "first": "Åse", "last": "Lund"},
    "location": {
        "street": {"number": 12, "name": "Storgata"},
        "city": "Oslo",
        "state": "Viken",
        "country": "Norway",
        "postcode": "0150",
    },
    "email": "Ase.Lund@Example.com",
    "login": {"uuid": ID, "username": "goldenfox"},
    "dob": {"date": "1990-02-28T10:00:00.000Z", "age": 36},
    "registered": {"date": "2010-05-04T00:00:00.000Z", "age": 16},
    "nat": "NO",
}
PROFILE = {
    "id": ID,
    "username": "goldenfox",
    "gender": "female",
    "title": "Ms",
    "full_name": "Åse Lund",
    "full_address": "Storgata 12, 0150 Oslo, Viken, Norway",
    "city": "Oslo",
    "country": "Norway",
    "nationality": "NO",
    "email": "Ase.Lund@Example.com",
    "email_domain": "example.com",
    "age": 36,
    "birth_month": "1990-02",
    "registered_on": date(2010, 5, 4),
    "as_of": date(2026, 11, 23),
    "expires_at": date(2027, 11, 23),
}
OPTIONAL = ["name", "location", "email", "registered", "gender", "nat", "login.username"]


def born(text: Json, record: dict[str, Json] = RECORD) -> Json:
    return put(record, ["dob", "date"], text)


def decided(
    record: object, policy: PrivacyPolicy = DEFAULT_POLICY, at: DecisionDates = today
) -> Profile:
    outcome = decide(record, policy, at)
    assert isinstance(outcome, Profile)
    return outcome


# An adult ----------------------------------------------------------------------------------------


def test_an_adult_becomes_a_profile_with_its_fields_in_order() -> None:
    assert list(decided(RECORD)._asdict().items()) == list(PROFILE.items())


def test_an_id_and_a_birth_date_make_a_profile_of_nulls() -> None:
    profile = decided({"login": {"uuid": ID.upper()}, "dob": {"date": "1990-02-28"}})

    required = REQUIRED_PROFILE_FIELDS
    assert profile._asdict() == {
        name: value if name in required else None for name, value in PROFILE.items()
    }


@pytest.mark.parametrize(
    ("dotted", "value", "changed"),
    [
        ("name", None, {"title": None, "full_name": None}),
        ("name", {}, {"title": None, "full_name": None}),
        ("name.first", " ", {"full_name": "Lund"}),
        ("name.last", "", {"full_name": "Åse"}),
        ("location", None, {"full_address": None, "city": None, "country": None}),
        ("location", {}, {"full_address": None, "city": None, "country": None}),
        (
            "location.street",
            None,
            {"full_address": "0150 Oslo, Viken, Norway"},
        ),
        ("location.postcode", 150, {"full_address": "Storgata 12, 150 Oslo, Viken, Norway"}),
        (
            "location.country",
            None,
            {"full_address": "Storgata 12, 0150 Oslo, Viken", "country": None},
        ),
        (
            "nat",
            "US",
            {"full_address": "12 Storgata, 0150 Oslo, Viken, Norway"} | {"nationality": "US"},
        ),
        ("email", None, {"email": None, "email_domain": None}),
        ("email", "ase.lund", {"email": "ase.lund", "email_domain": None}),
        ("registered", None, {"registered_on": None}),
        ("registered.date", None, {"registered_on": None}),
        ("registered.date", "2030-01-01", {"registered_on": date(2030, 1, 1)}),
        ("dob.age", "not looked at", {}),
    ],
)
def test_what_is_missing_is_null_and_never_the_text_none(
    dotted: str, value: Json, changed: dict[str, object]
) -> None:
    profile = decided(put(RECORD, dotted.split("."), value))

    assert profile._asdict() == PROFILE | changed


# Age ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("2008-11-24", MINOR),  # the day before the 18th birthday
        ("2008-11-24T00:00:00.000Z", MINOR),
        ("2008-11-23", 18),  # the birthday itself
        ("2008-11-23T23:59:59.999-12:00", 18),  # no conversion: it is 24 November in UTC
        ("2008-11-24T00:00:00.000+14:00", MINOR),  # nor back: it is 23 November in UTC
        ("2008-11-22", 18),
        ("2026-11-23", MINOR),
        (
            "2026-11-24",
            Rejected(RejectionReason.FUTURE, "dob.date", "a date of birth that has come"),
        ),
        (
            "9999-12-31",
            Rejected(RejectionReason.FUTURE, "dob.date", "a date of birth that has come"),
        ),
        ("1896-11-23", 130),
        ("1895-11-24", 130),
        ("1895-11-23", Rejected(RejectionReason.AGE, "dob.date", "an age of at most 130 years")),
        ("0001-01-01", Rejected(RejectionReason.AGE, "dob.date", "an age of at most 130 years")),
        (None, Rejected(RejectionReason.MISSING, "dob.date", "date YYYY-MM-DD")),
        ("", Rejected(RejectionReason.DATE, "dob.date", "date YYYY-MM-DD")),
        ("1990-02-30", Rejected(RejectionReason.DATE, "dob.date", "date YYYY-MM-DD")),
        ("1990-W09-3", Rejected(RejectionReason.DATE, "dob.date", "date YYYY-MM-DD")),
        ("١٩٩٠-٠٢-٢٨", Rejected(RejectionReason.DATE, "dob.date", "date YYYY-MM-DD")),
        ("10000-01-01", Rejected(RejectionReason.DATE, "dob.date", "date YYYY-MM-DD")),
        (636163200, Rejected(RejectionReason.TYPE, "dob.date", "date YYYY-MM-DD")),
    ],
)
def test_only_who_has_readably_come_of_age_is_admitted(
    text: Json, outcome: int | Withheld | Rejected
) -> None:
    result = decide(born(text), DEFAULT_POLICY, today)

    if isinstance(outcome, int):
        assert isinstance(result, Profile)
        assert result.age == outcome
    else:
        assert result == outcome


@pytest.mark.parametrize(
    ("leap_day", "as_of", "age"),
    [
        (LeapDay.MAR1, date(2022, 2, 28), None),
        (LeapDay.MAR1, date(2022, 3, 1), 18),
        (LeapDay.FEB28, date(2022, 2, 27), None),
        (LeapDay.FEB28, date(2022, 2, 28), 18),
        (LeapDay.MAR1, date(2024, 2, 28), 19),
        (LeapDay.FEB28, date(2024, 2, 28), 19),
    ],
)
def test_someone_born_on_29_february_comes_of_age_as_the_policy_says(
    leap_day: LeapDay, as_of: date, age: int | None
) -> None:
    outcome = decide(
        born("2004-02-29"), PrivacyPolicy(leap_day=leap_day), replace(today, as_of=as_of)
    )

    assert (outcome.age if isinstance(outcome, Profile) else None) == age
    person = read_person(born("2004-02-29"))
    assert isinstance(person, Person)
    assert outcome == assess(person, PrivacyPolicy(leap_day=leap_day), replace(today, as_of=as_of))


@pytest.mark.parametrize(("minimum", "age"), [(16, 17), (17, 17), (18, None), (0, 17)])
def test_the_minimum_age_is_the_policys(minimum: int, age: int | None) -> None:
    outcome = decide(born("2008-11-24"), PrivacyPolicy(minimum_age=minimum), today)

    assert (outcome.age if isinstance(outcome, Profile) else None) == age


SOUTH_KOREA = PrivacyPolicy(minimum_age_in={"KR": 19})


@pytest.mark.parametrize(
    ("nationality", "country", "birth", "adult"),
    [
        ("KR", "Norway", "2007-11-24", False),
        ("KR", "Norway", "2007-11-23", True),
        ("NO", "kr", "2007-11-24", False),
        ("NO", "Norway", "2007-11-24", True),
        (None, None, "2007-11-24", False),
        (None, None, "2007-11-23", True),
    ],
)
def test_a_country_can_ask_for_more_years(
    nationality: str | None, country: str | None, birth: str, *, adult: bool
) -> None:
    record = put(put(born(birth), ["nat"], nationality), ["location", "country"], country)
    person = read_person(record)
    assert isinstance(person, Person)

    outcome = decide(record, SOUTH_KOREA, today)

    assert isinstance(outcome, Profile) is adult
    assert adult or outcome == MINOR
    assert assess(person, SOUTH_KOREA, today) == outcome


def test_who_lives_nowhere_known_is_judged_by_nationality() -> None:
    record = without(put(born("2007-11-24"), ["nat"], "KR"), ["location"])

    assert decide(record, SOUTH_KOREA, today) == MINOR


def test_a_broken_record_of_someone_too_young_somewhere_leaves_no_trace() -> None:
    broken = put(born("2007-11-24"), ["nat"], 7)

    assert decide(broken, SOUTH_KOREA, today) == MINOR
    assert isinstance(decide(broken, DEFAULT_POLICY, today), Rejected)


def test_nobody_is_admitted_before_birth_whatever_the_minimum_age() -> None:
    policy = PrivacyPolicy(minimum_age=0)

    assert isinstance(decide(born("2026-11-23"), policy, today), Profile)
    assert decide(born("2026-11-24"), policy, today) == Rejected(
        RejectionReason.FUTURE, "dob.date", "a date of birth that has come"
    )


def test_the_age_is_counted_as_of_its_own_date() -> None:
    tomorrow = replace(today, as_of=date(2026, 11, 24))
    assert decided(born("2008-11-24"), at=tomorrow).age == 18
    profile = decided(born("2008-11-24"), at=replace(today, as_of=date(2036, 11, 23)))

    assert (profile.age, profile.as_of) == (27, date(2036, 11, 23))
    assert profile.expires_at == date(2027, 11, 23)  # untouched by as_of


@pytest.mark.parametrize("record", [RECORD, born("2015-01-01"), None, born("no date")])
def test_a_record_from_the_future_is_rejected_whatever_it_says(record: Json) -> None:
    outcome = decide(record, DEFAULT_POLICY, replace(today, from_the_future=True))

    assert outcome == Rejected(RejectionReason.TIME, "", "a record logged at most 5 minutes ahead")


@pytest.mark.parametrize(
    ("dotted", "value"),
    [
        ("login", None),
        ("login", "text"),
        ("login.uuid", "no id"),
        ("name", 5),
        ("name.first", "\x00"),
        ("location.city", "x" * 257),
        ("registered.date", "never"),
        ("email", ["x"]),
        ("schema", 2),
    ],
)
def test_a_child_is_withheld_however_broken_the_record_is(dotted: str, value: Json) -> None:
    broken = put(RECORD, dotted.split("."), value)

    assert decide(born("2008-11-24", broken), DEFAULT_POLICY, today) == MINOR
    assert decide(born("2026-11-23", broken), DEFAULT_POLICY, today) == MINOR  # born today
    refused = decide(broken, DEFAULT_POLICY, today)
    assert isinstance(refused, Rejected)
    # The unborn and the very old are broken either way; the first thing noticed is told.
    assert decide(born("2026-11-24", broken), DEFAULT_POLICY, today) == refused
    assert decide(born("1895-11-23", broken), DEFAULT_POLICY, today) == refused


@pytest.mark.parametrize(
    ("leap_day", "as_of", "adult"),
    [
        (LeapDay.MAR1, date(2022, 2, 28), False),
        (LeapDay.MAR1, date(2022, 3, 1), True),
        (LeapDay.FEB28, date(2022, 2, 27), False),
        (LeapDay.FEB28, date(2022, 2, 28), True),
    ],
)
def test_a_broken_record_is_rejected_from_the_day_on_which_a_sound_one_is_admitted(
    leap_day: LeapDay, as_of: date, *, adult: bool
) -> None:
    broken = born("2004-02-29", put(RECORD, ["email"], 5))

    outcome = decide(broken, PrivacyPolicy(leap_day=leap_day), replace(today, as_of=as_of))

    assert outcome == (Rejected(RejectionReason.TYPE, "email", "text or null") if adult else MINOR)


def test_a_child_filled_in_by_a_decoder_is_withheld_however_broken_the_record_is() -> None:
    person = Person(login=Login(uuid="no id"), dob=Birth(date="2015-01-01"))

    assert decide(person, DEFAULT_POLICY, today) == MINOR


def test_an_unknown_age_is_never_that_of_an_adult() -> None:
    person = Person(login=Login(uuid=ID), dob=Birth(date="no date"))

    assert assess(person, DEFAULT_POLICY, today) == MINOR


# Retention ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "expired"), [(0, False), (364, False), (365, True), (366, True), (-1, False)]
)
def test_what_has_expired_when_it_is_read_is_withheld(days: int, *, expired: bool) -> None:
    at = replace(today, read_on=TODAY + timedelta(days=days))

    outcome = decide(RECORD, DEFAULT_POLICY, at)

    assert (outcome == EXPIRED) is expired
    assert isinstance(outcome, Profile) is not expired


def test_a_child_is_withheld_as_a_child_also_when_it_has_expired() -> None:
    at = replace(today, read_on=TODAY + timedelta(days=400))

    assert decide(born("2015-01-01"), DEFAULT_POLICY, at) == MINOR


def test_expiry_counts_from_the_log_time_by_the_shortest_retention() -> None:
    rule = FieldRule(purpose="to see", legal_basis=LegalBasis.CONSENT, retention=timedelta(days=30))
    policy = PrivacyPolicy(profile_rules=DEFAULT_PROFILE_RULES | {"city": rule})
    at = DecisionDates(as_of=TODAY, logged_on=date(2026, 2, 1), read_on=date(2026, 2, 20))

    assert decided(RECORD, policy, at).expires_at == date(2026, 3, 3)


# The policy --------------------------------------------------------------------------------------

KEY = PseudonymKey(id="k1", secret=b"\x0b" * 32)


def test_an_email_is_kept_pseudonymised_or_dropped_and_its_domain_is_apart() -> None:
    def email(treatment: EmailTreatment) -> tuple[str | None, str | None]:
        profile = decided(RECORD, PrivacyPolicy(email=treatment, pseudonym_key=KEY))
        return profile.email, profile.email_domain

    assert email(EmailTreatment.KEEP) == ("Ase.Lund@Example.com", "example.com")
    assert email(EmailTreatment.DROP) == (None, "example.com")
    assert email(EmailTreatment.PSEUDONYMISE) == (
        pseudonym("Ase.Lund@Example.com", KEY),
        "example.com",
    )


@pytest.mark.parametrize("treatment", EmailTreatment)
def test_without_an_email_there_is_nothing_to_treat(treatment: EmailTreatment) -> None:
    policy = PrivacyPolicy(email=treatment, pseudonym_key=KEY)

    assert decided(put(RECORD, ["email"], None), policy).email is None


@pytest.mark.parametrize("name", sorted(set(PROFILE) - REQUIRED_PROFILE_FIELDS))
def test_a_field_that_the_policy_does_not_name_is_null(name: str) -> None:
    rules = {kept: rule for kept, rule in DEFAULT_PROFILE_RULES.items() if kept != name}

    profile = decided(RECORD, PrivacyPolicy(profile_rules=rules))

    assert profile._asdict() == PROFILE | {name: None}


# Properties --------------------------------------------------------------------------------------


@given(json_values | mutated() | api_records(), policies(), times())
def test_anything_is_a_profile_withheld_or_rejected(
    record: Json, policy: PrivacyPolicy, at: DecisionDates
) -> None:
    outcome = decide(record, policy, at)

    match outcome:
        case Profile():
            assert policy.minimum_age <= outcome.age <= 130
            assert outcome.expires_at == at.logged_on + policy.retention > at.read_on
            assert outcome.as_of == at.as_of
            assert all(getattr(outcome, name) is None for name in policy.dropped_profile_fields)
            assert all(getattr(outcome, name) is not None for name in REQUIRED_PROFILE_FIELDS)
        case Withheld() | Rejected() | Correction():
            pass


@given(json_values | mutated() | api_records(), policies(), times())
def test_deciding_is_admitting_and_then_assessing(
    record: Json, policy: PrivacyPolicy, at: DecisionDates
) -> None:
    admitted = admit(record, policy, at)

    if isinstance(admitted, Person):
        assert admitted == read_person(record)
        assert decide(record, policy, at) == assess(admitted, policy, at)
        assert decide(admitted, policy, at) == assess(admitted, policy, at)
    else:
        assert decide(record, policy, at) == admitted


@given(mutated() | api_records(), times())
def test_who_is_readably_under_18_is_never_rejected_for_anything_else(
    record: Json, at: DecisionDates
) -> None:
    outcome = decide(record, DEFAULT_POLICY, at)

    if isinstance(outcome, Rejected) and outcome.reason is not RejectionReason.TIME:
        grown = put(record, ["dob", "date"], at.as_of.replace(day=1).isoformat())
        assume(isinstance(record, dict))
        assert decide(grown, DEFAULT_POLICY, at) == MINOR


@given(mutated() | api_records(), policies(), times())
def test_a_person_filled_by_a_decoder_is_decided_as_its_record_is(
    record: Json, policy: PrivacyPolicy, at: DecisionDates
) -> None:
    person = read_person(record)

    if isinstance(person, Person):
        assert decide(person, policy, at) == decide(record, policy, at)


FORBIDDEN = [
    *("login.password", "login.salt", "login.md5", "login.sha1", "login.sha256"),
    *("picture", "picture.large", "picture.medium", "picture.thumbnail", "phone", "cell"),
    *("id", "id.name", "id.value", "location.coordinates", "location.coordinates.latitude"),
    *("location.coordinates.longitude", "location.timezone", "location.timezone.offset"),
    *("location.timezone.description", "dob.age", "registered.age", "ssn", "iban"),
]


@given(
    api_records(born=adult_births),
    st.sampled_from(FORBIDDEN),
    json_values,
    policies(),
)
def test_a_profile_does_not_depend_on_what_is_forbidden(
    record: dict[str, Json], dotted: str, value: Json, policy: PrivacyPolicy
) -> None:
    steps = dotted.split(".")

    profile = decide(record, policy, today)

    assert decide(put(record, steps, value), policy, today) == profile
    if tuple(steps) in places(record):
        assert decide(without(record, steps), policy, today) == profile


MARKER = "FORBIDDEN"
ALLOWED = {
    "login.username": "username",
    "gender": "gender",
    "name.title": "title",
    "name.first": "full_name",
    "name.last": "full_name",
    "location.street.name": "full_address",
    "location.city": "city",
    "location.state": "full_address",
    "location.country": "country",
    "email": "email",
    "nat": "nationality",
}


@st.composite
def marked(draw: st.DrawFn) -> Json:
    """Plant markers wherever nothing may come from: forbidden fields and unknown ones at any depth.

    Some records have a marker also where a field of ours should be, in a shape that is none.
    """
    record = draw(mutated() | api_records())
    for dotted in FORBIDDEN:
        record = put(record, dotted.split("."), f"{MARKER}-{dotted}")
    for index, place in enumerate(places(record)):
        if draw(st.booleans()) and place:
            record = put(record, (*place[:-1], f"{MARKER}-key-{index}"), f"{MARKER}-{index}")
    shape = draw(
        st.sampled_from(
            [None, {MARKER: MARKER}, [MARKER], f"{MARKER}\x00", f"{MARKER}\ud800", MARKER * 99]
        )
    )
    if shape is not None:
        ours = draw(st.sampled_from([*ALLOWED, "dob.date", "login.uuid", "registered.date"]))
        record = put(record, ours.split("."), shape)
    return record


def all_of(outcome: object) -> bytes:
    return repr(outcome).encode() + str(outcome).encode() + pickle.dumps(outcome)


@given(marked(), policies(), st.just(today) | times())
def test_nothing_forbidden_or_unknown_gets_anywhere(
    record: Json, policy: PrivacyPolicy, at: DecisionDates
) -> None:
    outcome = decide(record, policy, at)
    assert MARKER.encode() not in all_of(outcome)

    admitted = admit(record, policy, at)
    if isinstance(admitted, Person):
        assert MARKER.encode() not in all_of(minimise(admitted, policy))


@given(api_records(born=adult_births, words=clean_texts), st.sampled_from(sorted(ALLOWED)))
def test_what_is_allowed_is_found_where_it_belongs(record: dict[str, Json], dotted: str) -> None:
    profile = decided(put(record, dotted.split("."), "PLANTED"))

    assert "PLANTED" in str(getattr(profile, ALLOWED[dotted]))
    assert "PLANTED" not in repr(profile)


@given(api_records(born=adult_births), st.text(min_size=1))
def test_what_follows_a_date_goes_nowhere(record: dict[str, Json], tail: str) -> None:
    record = put(record, ["dob", "date"], f"1990-02-28T{MARKER}{tail}")
    record = put(record, ["registered", "date"], f"2010-05-04 {MARKER}{tail}")
    person = admit(record, DEFAULT_POLICY, today)
    assert isinstance(person, Person)

    assert MARKER.encode() not in all_of(decided(record))
    assert MARKER.encode() not in all_of(minimise(person, DEFAULT_POLICY))


@given(mutated() | json_values, policies(), times())
def test_the_path_of_a_rejection_has_names_of_our_schema_only(
    record: Json, policy: PrivacyPolicy, at: DecisionDates
) -> None:
    ours = {*ALLOWED, "login", "login.uuid", "dob", "dob.date", "name", "location", "schema"}
    ours |= {"location.street", "location.street.number", "location.postcode", ""}
    ours |= {"registered", "registered.date"}

    outcome = decide(record, policy, at)

    if isinstance(outcome, Rejected):
        assert outcome.path in ours
