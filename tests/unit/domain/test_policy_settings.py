from __future__ import annotations

import json
from datetime import UTC, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.domain.age import LeapDay
from profiles.domain.errors import UsageError
from profiles.domain.policy import (
    DEFAULT_POLICY,
    DEFAULT_PROFILE_RULES,
    REQUIRED_PROFILE_FIELDS,
    Accountability,
    EmailTreatment,
    LegalBasis,
    PrivacyPolicy,
    log_rules_for,
)
from profiles.domain.policy_settings import (
    KNOWN,
    deciding_fingerprint_of,
    fingerprint_of,
    read_policy,
    settings_of,
)
from profiles.domain.profile import Profile
from profiles.domain.pseudonym import PseudonymKey
from tests.strategies import policies, pseudonym_keys

KEY = PseudonymKey(id="k1", secret=b"NEVERSHOWN" * 4)
OTHER_KEY = PseudonymKey(id="k2", secret=b"y" * 32)
FIELDS = (
    "id, username, gender, title, full_name, full_address, city, country, nationality, email,"
    " email_domain, age, birth_month, registered_on, as_of, expires_at"
)


def refusal(settings: dict[str, Any], *keys: PseudonymKey) -> str:
    with pytest.raises(UsageError) as refused:
        read_policy(settings, keys)
    return str(refused.value)


# Reading -----------------------------------------------------------------------------------------


def test_no_settings_are_the_default_policy() -> None:
    assert read_policy({}) == DEFAULT_POLICY


def test_every_setting_can_be_set() -> None:
    policy = read_policy(
        {
            "minimum_age": 16,
            "minimum_age_in": {"KR": 19},
            "leap_day": "feb28",
            "zone": "Europe/Oslo",
            "email": "pseudonymise",
            "email_key": "k2",
            "fields": ["country", "nationality", "email"],
            "retention": {"default": "90d", "email": "30d"},
            "purpose": {"email": "answer questions"},
            "legal_basis": {"default": "consent", "nationality": "public_task"},
            "controller": "Example Ltd, 1 High Street, Oslo",
            "contact": "privacy@example.com",
            "recipients": ["Example Post Ltd"],
            "transfers": ["Switzerland: adequacy decision 2000/518/EC"],
        },
        [KEY, OTHER_KEY],
    )

    assert policy.minimum_age == 16
    assert policy.minimum_age_in == {"KR": 19}
    assert policy.leap_day is LeapDay.FEB28
    assert policy.zone == ZoneInfo("Europe/Oslo")
    assert policy.email is EmailTreatment.PSEUDONYMISE
    assert policy.pseudonym_key == OTHER_KEY
    kept = {"country", "nationality", "email"} | REQUIRED_PROFILE_FIELDS
    assert set(policy.profile_rules) == kept
    assert policy.log_rules == log_rules_for(kept)
    rules = policy.profile_rules
    assert {name: rule.retention.days for name, rule in rules.items()} == {
        name: 30 if name == "email" else 90 for name in kept
    }
    assert rules["email"].purpose == "answer questions"
    assert rules["country"].purpose == DEFAULT_PROFILE_RULES["country"].purpose
    assert rules["country"].legal_basis is LegalBasis.CONSENT
    assert rules["nationality"].legal_basis is LegalBasis.PUBLIC_TASK
    assert policy.accountability == Accountability(
        controller="Example Ltd, 1 High Street, Oslo",
        contact="privacy@example.com",
        recipients=("Example Post Ltd",),
        transfers=("Switzerland: adequacy decision 2000/518/EC",),
    )


def test_fields_keep_the_order_used_everywhere() -> None:
    assert tuple(read_policy({"fields": ["email", "username"]}).profile_rules) == (
        *("id", "username", "email", "age", "birth_month", "as_of", "expires_at"),
    )


def test_fields_may_name_the_required_ones_and_may_be_empty() -> None:
    bare = read_policy({"fields": []})

    assert set(bare.profile_rules) == REQUIRED_PROFILE_FIELDS
    assert read_policy({"fields": sorted(REQUIRED_PROFILE_FIELDS)}) == bare
    assert set(bare.log_rules) == {"login.uuid", "dob.date"}


def test_what_is_dropped_is_carried_nowhere() -> None:
    policy = read_policy({"drop": ["email", "email_domain", "title"]})

    assert policy.dropped_profile_fields == {"email", "email_domain", "title"}
    assert policy.dropped_log_fields == {"email", "name.title"}


def test_a_dropped_address_is_carried_for_its_domain_only() -> None:
    for_the_domain = read_policy({"email": "drop"})
    for_nothing = read_policy({"email": "drop", "drop": ["email_domain"]})

    assert "email" not in for_the_domain.dropped_log_fields
    assert for_nothing.dropped_log_fields == {"email"}


def test_one_value_holds_for_every_kept_field() -> None:
    policy = read_policy(
        {"drop": ["city"], "retention": "10d", "purpose": "to see", "legal_basis": "consent"}
    )

    assert policy.retention == timedelta(days=10)
    assert {rule.purpose for rule in policy.profile_rules.values()} == {"to see"}
    assert {rule.legal_basis for rule in policy.profile_rules.values()} == {LegalBasis.CONSENT}


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("UTC-12:00", timezone(timedelta(hours=-12))),
        ("UTC+05:45", timezone(timedelta(hours=5, minutes=45))),
        ("UTC", UTC),
        ("Pacific/Auckland", ZoneInfo("Pacific/Auckland")),
    ],
)
def test_a_zone_is_an_offset_or_a_name(text: str, zone: object) -> None:
    assert read_policy({"zone": text}).zone == zone


@pytest.mark.parametrize(("text", "days"), [("1d", 1), ("36500d", 36_500), ("007d", 7)])
def test_a_retention_is_a_number_of_days(text: str, days: int) -> None:
    assert read_policy({"retention": text}).retention == timedelta(days=days)


@pytest.mark.parametrize("years", [0, 130])
def test_a_minimum_age_is_any_that_somebody_can_have(years: int) -> None:
    assert read_policy({"minimum_age": years}).minimum_age == years


def test_texts_are_trimmed() -> None:
    assert read_policy({"contact": "  a@b.example "}).accountability.contact == "a@b.example"
    assert read_policy({"contact": "x" * 2_000}).accountability.contact == "x" * 2_000


# Writing -----------------------------------------------------------------------------------------


def test_settings_are_written_whole() -> None:
    settings = settings_of(DEFAULT_POLICY)

    assert (*settings, "drop") == KNOWN
    assert settings["minimum_age"] == 18
    assert settings["minimum_age_in"] == {}
    assert settings["leap_day"] == "mar1"
    assert settings["zone"] == "UTC-12:00"
    assert settings["email"] == "keep"
    assert settings["email_key"] is None
    assert settings["fields"] == list(Profile._fields)
    assert settings["retention"] == dict.fromkeys(Profile._fields, "365d")
    assert settings["purpose"]["gender"] == "statistics of the population"
    assert settings["legal_basis"]["gender"] == "legitimate_interests"
    assert [settings[name] for name in KNOWN[-5:-1]] == [None, None, [], []]


def comparable(policy: PrivacyPolicy) -> PrivacyPolicy:
    """Give a policy the log's fields that follow from those of the profile."""
    settings = settings_of(policy)
    return read_policy(settings, [] if policy.pseudonym_key is None else [policy.pseudonym_key])


@given(policies(), pseudonym_keys)
def test_what_is_written_is_read_as_the_same(policy: PrivacyPolicy, key: PseudonymKey) -> None:
    settings = json.loads(json.dumps(settings_of(policy)))
    if policy.email is not EmailTreatment.PSEUDONYMISE:
        settings["email_key"] = None

    read = read_policy(settings, [key, *filter(None, [policy.pseudonym_key])])

    assert settings_of(read) == settings
    assert read.profile_rules == policy.profile_rules
    assert read.zone.utcoffset(None) == policy.zone.utcoffset(None)


@given(policies())
def test_no_setting_holds_a_key(policy: PrivacyPolicy) -> None:
    key = policy.pseudonym_key
    assert key is not None

    written = json.dumps(settings_of(policy))

    assert key.secret.hex() not in written
    assert json.dumps(key.secret.decode("latin-1"))[1:-1] not in written


def test_equal_settings_have_equal_fingerprints_in_any_order() -> None:
    settings = settings_of(DEFAULT_POLICY)
    reordered = dict(reversed(settings.items()))

    assert fingerprint_of(settings) == fingerprint_of(reordered)
    assert fingerprint_of({"a": "é", "b": [1]}) == (
        "080db8b6e1401db291aec690a7578f12e73286d0b2450841c891bf1e976aa628"
    )


@given(policies(), policies())
def test_different_settings_have_different_fingerprints(
    one: PrivacyPolicy, other: PrivacyPolicy
) -> None:
    first, second = settings_of(one), settings_of(other)

    assert (fingerprint_of(first) == fingerprint_of(second)) == (first == second)


@pytest.mark.parametrize(
    "only_told",
    [
        {"purpose": "to see"},
        {"legal_basis": "consent"},
        {"controller": "We"},
        {"contact": "a@b.example"},
        {"recipients": ["Post"]},
        {"transfers": ["CH"]},
        {"retention": {"email": "400d"}},
    ],
)
def test_what_is_only_told_decides_nothing(only_told: dict[str, Any]) -> None:
    changed, default = settings_of(read_policy(only_told)), settings_of(DEFAULT_POLICY)

    assert fingerprint_of(changed) != fingerprint_of(default)
    assert deciding_fingerprint_of(changed) == deciding_fingerprint_of(default)


@pytest.mark.parametrize(
    "deciding",
    [
        {"minimum_age": 21},
        {"minimum_age_in": {"KR": 19}},
        {"leap_day": "feb28"},
        {"zone": "UTC"},
        {"email": "drop"},
        {"drop": ["city"]},
        {"retention": {"email": "30d"}},
    ],
)
def test_what_decides_is_told_apart(deciding: dict[str, Any]) -> None:
    changed = deciding_fingerprint_of(settings_of(read_policy(deciding)))

    assert changed != deciding_fingerprint_of(settings_of(DEFAULT_POLICY))


def test_another_key_decides() -> None:
    settings = {"email": "pseudonymise"}
    one, other = (
        deciding_fingerprint_of(
            settings_of(read_policy({**settings, "email_key": key.id}, [KEY, OTHER_KEY]))
        )
        for key in (KEY, OTHER_KEY)
    )

    assert one != other


# What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"minimum-age": 18},
            f"minimum-age is no setting of a policy; there are {', '.join(KNOWN)}.",
        ),
        *(
            (
                {"minimum_age": value},
                "minimum_age is a number of whole years from 0 to 130, written like 18.",
            )
            for value in ("18", True, 18.0, -1, 131, None)
        ),
        (
            {"minimum_age_in": {"KR": "19"}},
            "minimum_age_in.KR is a number of whole years from 0 to 130, written like 18.",
        ),
        ({"minimum_age_in": ["KR"]}, "minimum_age_in is a table, written like { KR = 19 }."),
        ({"leap_day": "feb29"}, "leap_day is one of mar1, feb28."),
        ({"leap_day": 1}, "leap_day is one of mar1, feb28."),
        ({"email": "hash"}, "email is one of keep, pseudonymise, drop."),
        *(
            (
                {"zone": value},
                "zone is a time zone that this machine knows, like UTC-12:00 or Europe/Oslo.",
            )
            for value in ("Middle/Earth", "", "-12", "UTC-24:00", "../etc/passwd", 12, None)
        ),
        (
            {"email_key": "k1"},
            'email_key has a use only with email = "pseudonymise"; leave it out.',
        ),
        (
            {"email": "pseudonymise"},
            "email_key is missing; name the key that new pseudonyms are made with.",
        ),
        (
            {"email": "pseudonymise", "email_key": "k3"},
            "email_key names a key that is not at hand; there are k1, k2.",
        ),
        ({"fields": "email"}, 'fields is a list of texts, written like ["one", "two"].'),
        ({"fields": [1]}, "fields is a text of one line that is not empty."),
        (
            {"fields": ["password"]},
            f"fields names 'password', which no profile has; there are {FIELDS}.",
        ),
        ({"drop": ["phone"]}, f"drop names 'phone', which no profile has; there are {FIELDS}."),
        ({"drop": ["id"]}, "drop names id, which no profile can do without; leave it out."),
        (
            {"drop": ["city"], "fields": ["email"]},
            "drop says what `fields` says; leave one of them out.",
        ),
        *(
            ({"retention": value}, "retention is a number of whole days, written like 365d.")
            for value in ("365", "1.5d", "-1d", "٣d", 365, True, "1000000d")
        ),
        ({"retention": "0d"}, "retention is a number of days from 1d to 36500d."),
        ({"retention": "36501d"}, "retention is a number of days from 1d to 36500d."),
        (
            {"retention": {"email": 1}},
            "retention.email is a number of whole days, written like 365d.",
        ),
        (
            {"retention": {"phone": "1d"}},
            f"retention.phone is of a field that no profile has; there are {FIELDS}.",
        ),
        (
            {"drop": ["city"], "purpose": {"city": "to see"}},
            "purpose.city is of a field that is not kept; leave it out.",
        ),
        *(
            (
                {"legal_basis": value},
                (
                    "legal_basis is a legal basis of GDPR Art. 6(1): consent, contract,"
                    " legal_obligation, vital_interests, public_task, legitimate_interests."
                ),
            )
            for value in ("f", "habit", 6)
        ),
        ({"purpose": " "}, "purpose is a text of one line that is not empty."),
        ({"contact": "a\nb"}, "contact is a text of one line that is not empty."),
        ({"contact": 5}, "contact is a text of one line that is not empty."),
        ({"contact": "x" * 2_001}, "contact is longer than 2000 characters; shorten it."),
        ({"recipients": "Post"}, 'recipients is a list of texts, written like ["one", "two"].'),
    ],
)
def test_what_no_policy_can_be_is_refused(settings: dict[str, Any], sentence: str) -> None:
    assert refusal(settings, KEY, OTHER_KEY) == sentence


def test_a_key_that_is_named_has_to_be_there() -> None:
    assert refusal({"email": "pseudonymise", "email_key": "k1"}) == (
        "email_key names a key that is not at hand; there is none."
    )


def test_what_a_policy_itself_refuses_is_refused() -> None:
    assert refusal({"minimum_age_in": {"KR": 18}}).startswith("minimum_age_in of 'KR' does not")
    assert refusal({"minimum_age_in": {"KR": 19}, "drop": ["nationality"]}).startswith(
        "minimum_age_in can't be checked without nationality in a profile"
    )


@given(
    st.dictionaries(
        st.sampled_from(KNOWN),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.floats(),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(st.sampled_from(["default", "email", "KR"]), inner, max_size=2)
            ),
            max_leaves=4,
        ),
        max_size=3,
    )
)
def test_any_settings_make_a_policy_or_one_sentence(settings: dict[str, Any]) -> None:
    made: list[PrivacyPolicy] = []
    refused = ""
    try:
        made.append(read_policy(settings, [KEY]))
    except UsageError as error:
        refused = str(error)

    assert all(read_policy(settings_of(policy), [KEY]) == policy for policy in made)
    assert made or refused.partition(" ")[0].partition(".")[0] in settings
