from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from profiles.domain.policy import PrivacyPolicy
from profiles.domain.policy_change import Effect, SettingChange, changes
from profiles.domain.policy_settings import read_policy, retention_days, settings_of
from profiles.domain.pseudonym import PseudonymKey
from tests.strategies import policies

KEYS = [PseudonymKey(id=name, secret=b"x" * 32) for name in ("k1", "k2")]
APPLICABLE, FROM_NOW_ON, NOTICE = Effect.APPLICABLE, Effect.FROM_NOW_ON, Effect.NOTICE
HASHED = {"email": "pseudonymise", "email_key": "k1"}


def compared(before: dict[str, Any], after: dict[str, Any]) -> list[SettingChange]:
    return changes(settings_of(read_policy(before, KEYS)), settings_of(read_policy(after, KEYS)))


@given(policies())
def test_nothing_changes_from_a_policy_to_itself(policy: PrivacyPolicy) -> None:
    assert changes(settings_of(policy), settings_of(policy)) == []


@given(policies(), policies())
def test_whatever_differs_is_a_change(one: PrivacyPolicy, other: PrivacyPolicy) -> None:
    before, after = settings_of(one), settings_of(other)
    names = {change.setting.partition(".")[0] for change in changes(before, after)}

    # What is told about a field that only one of them keeps goes with the field.
    beside = {"purpose", "legal_basis", "retention", "email_key"}
    different = {name for name in before if before[name] != after[name]}
    assert different - beside <= names <= different | {"retention"}


@given(policies(), policies())
def test_no_change_is_weaker_in_both_directions(one: PrivacyPolicy, other: PrivacyPolicy) -> None:
    def weaker(before: PrivacyPolicy, after: PrivacyPolicy) -> set[str]:
        found = changes(settings_of(before), settings_of(after))
        return {change.setting for change in found if change.weaker}

    assert weaker(one, other).isdisjoint(weaker(other, one))


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ({}, {"minimum_age": 21}, ("minimum_age", 18, 21, APPLICABLE, False)),
        ({}, {"minimum_age": 16}, ("minimum_age", 18, 16, FROM_NOW_ON, True)),
        (
            {},
            {"minimum_age_in": {"KR": 19}},
            ("minimum_age_in.KR", None, 19, APPLICABLE, False),
        ),
        (
            {"minimum_age_in": {"KR": 20}},
            {"minimum_age_in": {"KR": 19}},
            ("minimum_age_in.KR", 20, 19, FROM_NOW_ON, True),
        ),
        (
            {"minimum_age_in": {"KR": 19}},
            {},
            ("minimum_age_in.KR", 19, None, FROM_NOW_ON, True),
        ),
        ({}, {"leap_day": "feb28"}, ("leap_day", "mar1", "feb28", FROM_NOW_ON, True)),
        ({"leap_day": "feb28"}, {}, ("leap_day", "feb28", "mar1", FROM_NOW_ON, False)),
        ({}, {"zone": "UTC"}, ("zone", "UTC-12:00", "UTC", FROM_NOW_ON, True)),
        ({"zone": "UTC"}, {}, ("zone", "UTC", "UTC-12:00", FROM_NOW_ON, False)),
        (
            {"zone": "UTC+01:00"},
            {"zone": "Europe/Oslo"},
            ("zone", "UTC+01:00", "Europe/Oslo", FROM_NOW_ON, True),
        ),
        (
            {"zone": "UTC+02:00"},
            {"zone": "Europe/Oslo"},
            ("zone", "UTC+02:00", "Europe/Oslo", FROM_NOW_ON, False),
        ),
        (
            {"zone": "UTC+12:00"},
            {"zone": "Pacific/Auckland"},
            ("zone", "UTC+12:00", "Pacific/Auckland", FROM_NOW_ON, True),
        ),
        ({}, HASHED, ("email", "keep", "pseudonymise", APPLICABLE, False)),
        (HASHED, {}, ("email", "pseudonymise", "keep", FROM_NOW_ON, True)),
        (HASHED, {"email": "drop"}, ("email", "pseudonymise", "drop", APPLICABLE, False)),
        ({"email": "drop"}, HASHED, ("email", "drop", "pseudonymise", FROM_NOW_ON, True)),
        ({}, {"email": "drop"}, ("email", "keep", "drop", APPLICABLE, False)),
        (HASHED, {**HASHED, "email_key": "k2"}, ("email_key", "k1", "k2", FROM_NOW_ON, False)),
        ({}, {"drop": ["city"]}, ("fields.city", "kept", "dropped", APPLICABLE, False)),
        ({"drop": ["city"]}, {}, ("fields.city", "dropped", "kept", FROM_NOW_ON, True)),
        (
            {},
            {"purpose": {"city": "to see"}},
            ("purpose.city", "serve the region", "to see", NOTICE, False),
        ),
        (
            {},
            {"legal_basis": {"city": "consent"}},
            ("legal_basis.city", "contract", "consent", NOTICE, False),
        ),
        ({}, {"controller": "We"}, ("controller", None, "We", NOTICE, False)),
        ({}, {"contact": "a@b.example"}, ("contact", None, "a@b.example", NOTICE, False)),
        ({}, {"recipients": ["Post"]}, ("recipients", [], ["Post"], NOTICE, False)),
        ({"transfers": ["CH"]}, {}, ("transfers", ["CH"], [], NOTICE, False)),
    ],
)
def test_each_setting_has_its_own_meaning(
    before: dict[str, Any], after: dict[str, Any], change: tuple[Any, ...]
) -> None:
    assert compared(before, after) == [SettingChange(*change)]


def test_a_higher_minimum_age_takes_the_place_of_a_countrys() -> None:
    assert compared({"minimum_age_in": {"KR": 19}}, {"minimum_age": 21}) == [
        SettingChange("minimum_age", 18, 21, APPLICABLE),
        SettingChange("minimum_age_in.KR", 19, None, APPLICABLE),
    ]


def test_a_lower_minimum_age_is_no_lower_where_the_country_raises_it() -> None:
    assert compared({}, {"minimum_age": 16, "minimum_age_in": {"KR": 18, "AT": 17}}) == [
        SettingChange("minimum_age", 18, 16, FROM_NOW_ON, weaker=True),
        SettingChange("minimum_age_in.AT", None, 17, FROM_NOW_ON, weaker=True),
        SettingChange("minimum_age_in.KR", None, 18, APPLICABLE),
    ]


def test_a_country_whose_age_stays_is_no_change() -> None:
    before = {"minimum_age_in": {"JP": 20, "KR": 20}}
    after = {"minimum_age_in": {"JP": 20, "KR": 21}}

    (change,) = compared(before, after)

    assert change.setting == "minimum_age_in.KR"


def test_where_anybody_is_admitted_a_country_may_not_any_more() -> None:
    assert compared({"minimum_age": 0, "minimum_age_in": {"KR": 1}}, {"minimum_age": 0}) == [
        SettingChange("minimum_age_in.KR", 1, None, FROM_NOW_ON, weaker=True),
    ]


# These mutants survive and change nothing, for what they compare is known to differ:
# profiles.domain.policy_change.x__ages__mutmut_17,
# profiles.domain.policy_change.x__email__mutmut_19
# and profiles.domain.policy_change.x__retention__mutmut_13. And
# profiles.domain.policy_change.x__ages__mutmut_49 takes 1 year for none, where there is no less.


def test_the_shortest_retention_decides_and_each_field_tells_its_own() -> None:
    assert compared({}, {"retention": {"city": "30d"}}) == [
        SettingChange("retention", "365d", "30d", APPLICABLE),
        SettingChange("retention.city", "365d", "30d", NOTICE),
    ]
    assert compared({"retention": {"city": "30d"}}, {"drop": ["city"]}) == [
        SettingChange("fields.city", "kept", "dropped", APPLICABLE),
        SettingChange("retention", "30d", "365d", FROM_NOW_ON, weaker=True),
    ]
    assert compared(
        {"retention": {"city": "30d"}}, {"retention": {"city": "30d", "age": "9d"}}
    ) == [
        SettingChange("retention", "30d", "9d", APPLICABLE),
        SettingChange("retention.age", "365d", "9d", NOTICE),
    ]


def test_a_longer_retention_of_a_field_that_does_not_decide_is_no_weaker_policy() -> None:
    assert compared(
        {"retention": {"city": "30d"}}, {"retention": {"city": "30d", "email": "400d"}}
    ) == [
        SettingChange("retention.email", "365d", "400d", NOTICE),
    ]


def test_a_setting_that_nobody_here_knows_counts_as_weaker() -> None:
    default = settings_of(PrivacyPolicy())

    assert changes({**default, "later": 1}, default) == [
        SettingChange("later", 1, None, FROM_NOW_ON, weaker=True)
    ]
    assert changes({**default, "later": 1}, {**default, "later": 1}) == []


def test_a_zone_that_is_unknown_here_counts_as_weaker() -> None:
    default = settings_of(PrivacyPolicy())

    assert changes({**default, "zone": "Mars/Olympus"}, default) == [
        SettingChange("zone", "Mars/Olympus", "UTC-12:00", FROM_NOW_ON, weaker=True)
    ]


def test_a_profile_is_kept_for_the_shortest_retention() -> None:
    assert retention_days({"retention": {"a": "365d", "b": "30d"}}) == 30
