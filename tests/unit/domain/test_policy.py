from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from profiles.domain import policy as module
from profiles.domain.age import LeapDay
from profiles.domain.errors import UsageError
from profiles.domain.policy import (
    DEFAULT_LOG_RULES,
    DEFAULT_POLICY,
    DEFAULT_PROFILE_RULES,
    LOG_FIELDS,
    REQUIRED_LOG_FIELDS,
    REQUIRED_PROFILE_FIELDS,
    Accountability,
    EmailTreatment,
    FieldRule,
    LegalBasis,
    PrivacyPolicy,
    log_rules_for,
)
from profiles.domain.profile import Profile
from profiles.domain.pseudonym import PseudonymKey

KEY = PseudonymKey(id="k1", secret=b"x" * 32)


def rule(**retention: float) -> FieldRule:
    return FieldRule(
        purpose="to see", legal_basis=LegalBasis.CONSENT, retention=timedelta(**retention)
    )


# What holds if nothing is said --------------------------------------------------------------------


def test_adults_only() -> None:
    assert module.MINIMUM_AGE == 18
    assert DEFAULT_POLICY.minimum_age == 18


def test_retention_is_that_of_the_design() -> None:
    retentions = (module.PROFILE_RETENTION, module.LOG_RETENTION, module.QUARANTINE_RETENTION)
    assert retentions == (timedelta(days=365), timedelta(hours=24), timedelta(days=7))
    assert DEFAULT_POLICY.retention == timedelta(days=365)
    assert {one.retention for one in DEFAULT_PROFILE_RULES.values()} == {timedelta(days=365)}
    assert {one.retention for one in DEFAULT_LOG_RULES.values()} == {timedelta(hours=24)}


def test_the_leap_day_rule_never_admits_early_and_the_email_is_kept() -> None:
    assert DEFAULT_POLICY.leap_day is LeapDay.MAR1
    assert DEFAULT_POLICY.email is EmailTreatment.KEEP
    assert DEFAULT_POLICY.pseudonym_key is None


def test_every_field_of_a_profile_has_a_purpose_and_a_legal_basis() -> None:
    assert tuple(DEFAULT_PROFILE_RULES) == Profile._fields
    assert all(one.purpose for one in DEFAULT_PROFILE_RULES.values())
    assert DEFAULT_PROFILE_RULES["age"].purpose == "prove that nobody below the minimum age is kept"


def test_statistics_are_no_performance_of_a_contract() -> None:
    def based_on(basis: LegalBasis) -> set[str]:
        return {name for name, one in DEFAULT_PROFILE_RULES.items() if one.legal_basis is basis}

    statistics = {name for name, one in DEFAULT_PROFILE_RULES.items() if "statis" in one.purpose}
    assert statistics == {"gender", "nationality", "email_domain", "birth_month"}
    assert based_on(LegalBasis.LEGITIMATE_INTERESTS) == statistics
    assert based_on(LegalBasis.LEGAL_OBLIGATION) == {"age", "as_of", "expires_at"}
    assert based_on(LegalBasis.CONTRACT) == {
        *("id", "username", "title", "full_name", "full_address", "city", "country", "email"),
        "registered_on",
    }


def test_default_rules_have_one_retention_and_a_purpose_each() -> None:
    purposes = {"city": ("to see", LegalBasis.CONTRACT)}
    made = module._rules(timedelta(days=3), purposes)  # noqa: SLF001 - runs on import only

    assert made == {
        "city": FieldRule(
            purpose="to see", legal_basis=LegalBasis.CONTRACT, retention=timedelta(days=3)
        )
    }


def test_the_log_carries_these_fields_and_no_others() -> None:
    assert tuple(DEFAULT_LOG_RULES) == LOG_FIELDS
    assert LOG_FIELDS == (
        "login.uuid",
        "login.username",
        "gender",
        "name.title",
        "name.first",
        "name.last",
        "location.street.number",
        "location.street.name",
        "location.city",
        "location.state",
        "location.country",
        "location.postcode",
        "email",
        "dob.date",
        "registered.date",
        "nat",
    )
    assert {one.purpose for one in DEFAULT_LOG_RULES.values()} == {
        "carry the person to the stores, once more after a fault"
    }
    assert {one.legal_basis for one in DEFAULT_LOG_RULES.values()} == {LegalBasis.CONTRACT}


def test_fields_that_can_not_be_null_are_required() -> None:
    required = sorted(REQUIRED_PROFILE_FIELDS), sorted(REQUIRED_LOG_FIELDS)
    assert required == (
        ["age", "as_of", "birth_month", "expires_at", "id"],
        ["dob.date", "login.uuid"],
    )


def test_the_default_drops_nothing_of_its_fields() -> None:
    assert PrivacyPolicy() == DEFAULT_POLICY
    assert DEFAULT_POLICY.dropped_profile_fields == frozenset()
    assert DEFAULT_POLICY.dropped_log_fields == frozenset()


def test_the_choices_have_the_names_of_the_design_and_of_the_law() -> None:
    assert {treatment.value for treatment in EmailTreatment} == {"keep", "pseudonymise", "drop"}
    assert "".join(basis.value for basis in LegalBasis) == "abcdef"


def test_a_policy_of_ones_own_leaves_the_default_alone() -> None:
    own = PrivacyPolicy()

    assert own.profile_rules is not DEFAULT_PROFILE_RULES
    assert own.log_rules is not DEFAULT_LOG_RULES


# A policy of one's own ---------------------------------------------------------------------------


def test_what_is_not_named_is_dropped() -> None:
    kept = {"id", "age", "birth_month", "as_of", "expires_at", "city"}
    logged = {"login.uuid", "dob.date", "nat"}
    policy = PrivacyPolicy(
        profile_rules={name: DEFAULT_PROFILE_RULES[name] for name in kept},
        log_rules={name: DEFAULT_LOG_RULES[name] for name in logged},
    )

    assert policy.dropped_profile_fields == set(Profile._fields) - kept
    assert policy.dropped_log_fields == set(LOG_FIELDS) - logged


def test_the_shortest_retention_of_the_profiles_fields_counts() -> None:
    policy = PrivacyPolicy(
        profile_rules=DEFAULT_PROFILE_RULES | {"city": rule(days=30), "email": rule(days=90)}
    )

    assert policy.retention == timedelta(days=30)


def test_a_whole_day_is_the_shortest_retention_of_a_profile() -> None:
    assert PrivacyPolicy(
        profile_rules=DEFAULT_PROFILE_RULES | {"city": rule(days=1)}
    ).retention == timedelta(days=1)


def test_a_retention_of_the_log_may_be_shorter_than_a_second() -> None:
    policy = PrivacyPolicy(log_rules=DEFAULT_LOG_RULES | {"email": rule(microseconds=1)})

    assert policy.log_rules["email"].retention == timedelta(microseconds=1)


@pytest.mark.parametrize("age", [0, 13, 16, 21])
def test_the_minimum_age_is_a_choice(age: int) -> None:
    assert PrivacyPolicy(minimum_age=age).minimum_age == age


@pytest.mark.parametrize(
    "treatment", [EmailTreatment.KEEP, EmailTreatment.DROP, EmailTreatment.PSEUDONYMISE]
)
def test_a_key_may_be_there_unused(treatment: EmailTreatment) -> None:
    assert PrivacyPolicy(email=treatment, pseudonym_key=KEY).email is treatment


def test_a_policy_can_be_derived_from_another() -> None:
    derived = replace(DEFAULT_POLICY, profile_rules=DEFAULT_PROFILE_RULES | {"city": rule(days=2)})

    assert derived.retention == timedelta(days=2)


def test_a_policy_shows_no_secret() -> None:
    secret = PseudonymKey(id="k1", secret=b"NEVERSHOWNNEVERSHOWNNEVERSHOWN!!")

    assert "NEVERSHOWN" not in repr(PrivacyPolicy(pseudonym_key=secret))


def test_ages_are_counted_where_the_day_begins_last() -> None:
    assert DEFAULT_POLICY.zone == timezone(timedelta(hours=-12))


def test_nobody_answers_for_it_until_someone_is_named() -> None:
    assert DEFAULT_POLICY.accountability == Accountability(
        controller=None, contact=None, recipients=(), transfers=()
    )


# What the log carries ----------------------------------------------------------------------------


def test_the_log_carries_all_that_all_fields_are_made_of() -> None:
    assert log_rules_for(Profile._fields) == DEFAULT_LOG_RULES


@pytest.mark.parametrize(
    ("kept", "carried"),
    [
        ("username", {"login.username"}),
        ("gender", {"gender"}),
        ("title", {"name.title"}),
        ("full_name", {"name.first", "name.last"}),
        (
            "full_address",
            {
                *("location.street.number", "location.street.name", "location.city"),
                *("location.state", "location.country", "location.postcode", "nat"),
            },
        ),
        ("city", {"location.city"}),
        ("country", {"location.country"}),
        ("nationality", {"nat"}),
        ("email", {"email"}),
        ("email_domain", {"email"}),
        ("registered_on", {"registered.date"}),
        ("age", set()),
    ],
)
def test_the_log_carries_what_the_kept_fields_are_made_of(kept: str, carried: set[str]) -> None:
    assert set(log_rules_for({kept})) == carried | {"login.uuid", "dob.date"}


# Minimum ages of countries -----------------------------------------------------------------------

OLDER = PrivacyPolicy(minimum_age_in={"KR": 19, "South Korea": 19, "BH": 21})


@pytest.mark.parametrize(
    ("nationality", "country", "years"),
    [
        ("NO", "Norway", 18),
        ("KR", "Norway", 19),
        ("NO", "South Korea", 19),
        ("kr", None, 19),
        (None, "SOUTH KOREA", 19),
        ("KR", "bh", 21),
        ("NO", None, 18),
        (None, "Norway", 18),
        (None, None, 21),
    ],
)
def test_the_highest_minimum_age_that_applies_counts(
    nationality: str | None, country: str | None, years: int
) -> None:
    assert OLDER.minimum_age_of(nationality=nationality, country=country) == years


def test_the_highest_minimum_age_is_that_of_all_countries() -> None:
    assert OLDER.highest_minimum_age == 21
    assert PrivacyPolicy(minimum_age=16).highest_minimum_age == 16


def test_where_anybody_is_admitted_a_country_can_still_ask_for_years() -> None:
    policy = PrivacyPolicy(minimum_age=0, minimum_age_in={"KR": 19})

    assert policy.minimum_age_of(nationality="NO", country="Norway") == 0
    assert policy.minimum_age_of(nationality="NO", country="KR") == 19


# These mutants survive and change nothing, for no country has such a name:
# profiles.domain.policy.xǁPrivacyPolicyǁminimum_age_of__mutmut_16 and
# profiles.domain.policy.xǁPrivacyPolicyǁminimum_age_of__mutmut_23.


def test_without_exceptions_all_are_alike() -> None:
    assert DEFAULT_POLICY.minimum_age_of(nationality=None, country=None) == 18
    assert DEFAULT_POLICY.minimum_age_of(nationality="", country="") == 18


# What is refused ---------------------------------------------------------------------------------

FORBIDDEN = [
    *("password", "salt", "md5", "sha1", "sha256", "picture", "phone", "cell", "ssn", "dob"),
    *("login.password", "login.salt", "login.md5", "login.sha1", "login.sha256"),
    *("picture.large", "id.name", "id.value", "location.coordinates.latitude"),
    *("location.coordinates", "location.timezone.offset", "login", "location", "*", ""),
    "version",  # is no field of the person: it comes from the place in the log
]


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_forbidden_field_can_not_be_allowed_in_a_profile(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        PrivacyPolicy(profile_rules=DEFAULT_PROFILE_RULES | {name: rule(days=1)})
    assert str(refused.value) == (
        f"{name!r} has no place in a profile; choose from id, username, gender, title, full_name,"
        " full_address, city, country, nationality, email, email_domain, age, birth_month,"
        " registered_on, as_of, expires_at"
    )


@pytest.mark.parametrize("name", [*FORBIDDEN, "id", "dob.age"])
def test_a_forbidden_field_can_not_be_allowed_in_the_log(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        PrivacyPolicy(log_rules=DEFAULT_LOG_RULES | {name: rule(days=1)})
    assert str(refused.value).startswith(f"{name!r} has no place in the log; choose from login.uu")


def less(rules: Mapping[str, FieldRule], *names: str) -> dict[str, FieldRule]:
    return {name: one for name, one in rules.items() if name not in names}


@pytest.mark.parametrize("name", sorted(REQUIRED_PROFILE_FIELDS))
def test_a_required_field_of_a_profile_can_not_be_left_out(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        PrivacyPolicy(profile_rules=less(DEFAULT_PROFILE_RULES, name))
    assert str(refused.value) == f"a profile can't do without {name}; add a rule for it"


def test_one_error_names_everything_that_is_missing() -> None:
    with pytest.raises(UsageError) as refused:
        PrivacyPolicy(log_rules=less(DEFAULT_LOG_RULES, "login.uuid", "dob.date"))
    assert str(refused.value) == "the log can't do without dob.date, login.uuid; add a rule for it"


@pytest.mark.parametrize("hours", [-24, 0, 23.9])
def test_a_profiles_retention_of_less_than_a_day_is_refused(hours: float) -> None:
    with pytest.raises(UsageError) as refused:
        PrivacyPolicy(profile_rules=DEFAULT_PROFILE_RULES | {"city": rule(hours=hours)})
    assert str(refused.value) == ("the retention of 'city' is under a day; give at least one day")


@pytest.mark.parametrize("hours", [-24, 0])
def test_a_retention_of_the_log_has_to_be_positive(hours: float) -> None:
    with pytest.raises(UsageError) as refused:
        PrivacyPolicy(log_rules=DEFAULT_LOG_RULES | {"nat": rule(hours=hours)})
    assert str(refused.value) == "the retention of 'nat' is not positive; give a time to keep it"


def test_a_negative_minimum_age_is_refused() -> None:
    with pytest.raises(UsageError) as refused:
        PrivacyPolicy(minimum_age=-1)
    assert str(refused.value) == "the minimum age can't be negative; give whole years from 0 on"


def test_pseudonyms_without_a_key_are_refused() -> None:
    with pytest.raises(UsageError) as refused:
        PrivacyPolicy(email=EmailTreatment.PSEUDONYMISE)
    assert str(refused.value) == "pseudonymised e-mail addresses need a key; hand in a PseudonymKey"


@pytest.mark.parametrize("years", [0, 17, 18])
def test_a_country_can_not_have_a_lower_minimum_age(years: int) -> None:
    with pytest.raises(UsageError) as refused:
        PrivacyPolicy(minimum_age_in={"KR": 19, "AT": years})
    assert str(refused.value) == (
        "minimum_age_in of 'AT' does not raise the minimum age of 18; give more years, or leave it"
        " out"
    )


@pytest.mark.parametrize("name", ["", " ", " KR", "KR "])
def test_a_country_has_a_name(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        PrivacyPolicy(minimum_age_in={name: 19})
    assert str(refused.value) == "a country of minimum_age_in has no name; write it like KR = 19"


def refusal_of_countries(**settings: Mapping[str, FieldRule]) -> str:
    with pytest.raises(UsageError) as refused:
        PrivacyPolicy(minimum_age_in={"KR": 19}, **settings)  # type: ignore[arg-type]  # mypy: rules
    return str(refused.value)


@pytest.mark.parametrize("name", ["country", "nationality"])
def test_a_minimum_age_of_a_country_needs_the_fields_that_tell_it(name: str) -> None:
    assert refusal_of_countries(profile_rules=less(DEFAULT_PROFILE_RULES, name)) == (
        f"minimum_age_in can't be checked without {name} in a profile; keep it, or leave"
        " minimum_age_in out"
    )


def test_all_fields_that_are_missing_for_it_are_named() -> None:
    fewer = less(DEFAULT_PROFILE_RULES, "country", "nationality")

    assert refusal_of_countries(profile_rules=fewer).startswith(
        "minimum_age_in can't be checked without country, nationality in a profile;"
    )


@pytest.mark.parametrize("name", ["location.country", "nat"])
def test_a_minimum_age_of_a_country_needs_them_in_the_log_too(name: str) -> None:
    assert refusal_of_countries(log_rules=less(DEFAULT_LOG_RULES, name)) == (
        f"minimum_age_in can't be checked without {name} in the log; keep it, or leave"
        " minimum_age_in out"
    )
