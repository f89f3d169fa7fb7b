from __future__ import annotations

from typing import Any

from hypothesis import given

from profiles.application.policy.describing import PolicyDescription, SettingLine, describe
from profiles.domain.policy import PrivacyPolicy
from profiles.domain.policy_settings import fingerprint_of, read_policy, settings_of
from profiles.domain.profile import Profile
from tests.strategies import policies


def described(**settings: Any) -> PolicyDescription:  # noqa: ANN401 - as an operator writes them
    whole = settings_of(read_policy(settings))
    return describe(whole, set_by_operator=settings, origin="profiles.toml")


def test_the_default_policy_has_all_lines_and_no_difference() -> None:
    description = described()

    names = [line.setting for line in description.lines]
    fields = Profile._fields
    assert names == [
        *("minimum_age", "leap_day", "zone", "email", "email_key"),
        *(f"fields.{name}" for name in fields),
        *(f"retention.{name}" for name in fields),
        *(f"purpose.{name}" for name in fields),
        *(f"legal_basis.{name}" for name in fields),
        *("controller", "contact", "recipients", "transfers"),
    ]
    assert not any(line.differs or line.origin for line in description.lines)
    assert description.fingerprint == fingerprint_of(settings_of(PrivacyPolicy()))


def test_what_was_set_says_where_and_how_it_differs() -> None:
    description = described(
        minimum_age=21,
        minimum_age_in={"KR": 22},
        zone="UTC-12:00",
        drop=["city"],
        retention={"default": "30d", "email": "9d"},
        purpose={"email": "answer"},
    )

    def line(name: str, value: object, default: object, origin: str | None) -> SettingLine:
        return SettingLine(setting=name, value=value, default=default, origin=origin)

    for expected in (
        line("minimum_age", 21, 18, "profiles.toml"),
        line("minimum_age_in.KR", 22, None, "profiles.toml"),
        line("zone", "UTC-12:00", "UTC-12:00", "profiles.toml"),
        line("fields.city", "dropped", "kept", "profiles.toml"),
        line("fields.email", "kept", "kept", "profiles.toml"),
        line("retention.age", "30d", "365d", "profiles.toml"),
        line("retention.email", "9d", "365d", "profiles.toml"),
        line("retention.city", None, "365d", "profiles.toml"),
        line("purpose.email", "answer", "write to the person", "profiles.toml"),
        line("purpose.title", "address the person", "address the person", None),
        line("leap_day", "mar1", "mar1", None),
    ):
        assert description.line(expected.setting) == expected
    assert description.line("minimum_age_in.AT") is None


def test_one_value_for_all_fields_sets_each() -> None:
    found = described(retention="30d", fields=[]).line("retention.age")

    assert found is not None
    assert found.origin == "profiles.toml"


@given(policies())
def test_what_differs_from_the_default_is_told(policy: PrivacyPolicy) -> None:
    settings, default = settings_of(policy), settings_of(PrivacyPolicy())

    description = describe(settings, set_by_operator=settings, origin="here")

    names = {line.setting.partition(".")[0] for line in description.lines if line.differs}
    assert names == {name for name in settings if settings[name] != default[name]}
