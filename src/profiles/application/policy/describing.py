"""A policy as people read it: each setting, where it came from, and the default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.policy_settings import DEFAULT, Settings, fingerprint_of, settings_of
from profiles.domain.profile import Profile

_TABLES: Final = ("minimum_age_in", "retention", "purpose", "legal_basis")
_DEFAULTS: Final = settings_of(DEFAULT_POLICY)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingLine:
    """A setting of a policy.

    setting: its name, with the field or country behind a dot where it has a value for each.
    value, default: as JSON has them; None where there is none.
    origin: what set it, or None for the default.
    """

    setting: str
    value: object
    default: object
    origin: str | None

    @property
    def differs(self) -> bool:
        """Whether it is another one than the default."""
        return self.value != self.default


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDescription:
    """A policy in force.

    fingerprint: of its settings; a store remembers it.
    lines: all settings, `fields` being one line for each field of a profile: `kept` or `dropped`.
    """

    fingerprint: str
    lines: tuple[SettingLine, ...]

    def line(self, setting: str) -> SettingLine | None:
        """Return the line of a setting, or None where there is none."""
        return next((line for line in self.lines if line.setting == setting), None)


def describe(
    settings: Settings, *, set_by_operator: Settings, origin: str | None
) -> PolicyDescription:
    """Describe a policy.

    settings: all of them, as `settings_of` gives them.
    set_by_operator: those that `origin` sets.
    """
    values, defaults = _flat(settings), _flat(_DEFAULTS)
    lines = (
        SettingLine(
            setting=name,
            value=values.get(name),
            default=defaults.get(name),
            origin=origin if _sets(set_by_operator, name) else None,
        )
        for name in [*values, *(name for name in defaults if name not in values)]
    )
    return PolicyDescription(fingerprint=fingerprint_of(settings), lines=tuple(lines))


def _flat(settings: Settings) -> dict[str, Any]:
    return dict(_each(settings))


def _each(settings: Settings) -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if name == "fields":
            for each in Profile._fields:
                yield f"fields.{each}", "kept" if each in value else "dropped"
        elif name in _TABLES:
            for key, inner in value.items():
                yield f"{name}.{key}", inner
        else:
            yield name, value


def _sets(settings: Settings, name: str) -> bool:
    """Tell whether settings say something about one of them."""
    setting, _, part = name.partition(".")
    if setting == "fields":
        return "fields" in settings or "drop" in settings
    value = settings.get(setting)
    if part and isinstance(value, Mapping):
        return part in value or DEFAULT in value
    return setting in settings
