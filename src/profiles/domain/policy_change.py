"""What changes from one privacy policy to another, and what that means for what is held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from enum import Enum
from typing import Any, Final, NamedTuple

from profiles.domain.policy import EmailTreatment
from profiles.domain.policy_settings import (
    KNOWN,
    ONLY_TOLD,
    Settings,
    retention_days,
    zone_named,
)


class Effect(Enum):
    """What a changed setting means for profiles that are held already."""

    APPLICABLE = "what is held comes under it with `profiles apply-policy`"
    FROM_NOW_ON = "it holds for new records; what is held stays, and what was not kept is gone"
    NOTICE = "what is held stays; tell the persons concerned first (GDPR Art. 13(3))"


class SettingChange(NamedTuple):
    """A setting that differs.

    setting: its name, with the field or country behind a dot where it has a value for each.
    before, after: its values; None where there is none.
    effect: what it means for what is held.
    weaker: whether it now admits more, keeps more or keeps longer.
    """

    setting: str
    before: object
    after: object
    effect: Effect
    weaker: bool = False


_KEPT: Final = "kept"
_DROPPED: Final = "dropped"
_LESS_OF_AN_ADDRESS: Final = (
    EmailTreatment.KEEP.value,
    EmailTreatment.PSEUDONYMISE.value,
    EmailTreatment.DROP.value,
)
_NOTICES: Final = sorted(ONLY_TOLD - {"purpose", "legal_basis"})
# The clocks of a zone differ between winter and summer; the year does not matter for any now.
_MOMENTS: Final = [datetime(2026, month, 1, tzinfo=UTC) for month in (1, 4, 7, 10)]


def changes(before: Settings, after: Settings) -> list[SettingChange]:
    """Compare two policies.

    before, after: all of their settings, as `settings_of` gives them.

    A setting that this release does not know counts as weaker: nobody can tell what it meant.
    """
    return [
        *_ages(before, after),
        *_leap_day(before, after),
        *_zone(before, after),
        *_email(before, after),
        *_fields(before, after),
        *_retention(before, after),
        *_by_field("purpose", before, after),
        *_by_field("legal_basis", before, after),
        *_notices(before, after),
        *_unknown(before, after),
    ]


def _ages(before: Settings, after: Settings) -> Iterator[SettingChange]:
    old, new = before["minimum_age"], after["minimum_age"]
    if old != new:
        yield _stronger_or_weaker("minimum_age", old, new, weaker=new < old)
    countries: tuple[Mapping[str, int], ...] = before["minimum_age_in"], after["minimum_age_in"]
    for name in sorted({*countries[0], *countries[1]}):
        pair = countries[0].get(name), countries[1].get(name)
        if pair[0] != pair[1]:
            weaker = max(new, pair[1] or 0) < max(old, pair[0] or 0)
            yield _stronger_or_weaker(f"minimum_age_in.{name}", *pair, weaker=weaker)


def _leap_day(before: Settings, after: Settings) -> Iterator[SettingChange]:
    old, new = before["leap_day"], after["leap_day"]
    if old != new:
        # Whoever was admitted a day early is of age by now.
        yield SettingChange("leap_day", old, new, Effect.FROM_NOW_ON, weaker=new == "feb28")


def _zone(before: Settings, after: Settings) -> Iterator[SettingChange]:
    old, new = before["zone"], after["zone"]
    if old != new:
        weaker = _may_begin_earlier(zone_named(new), zone_named(old))
        yield SettingChange("zone", old, new, Effect.FROM_NOW_ON, weaker=weaker)


def _may_begin_earlier(zone: tzinfo | None, than: tzinfo | None) -> bool:
    """Tell whether the day begins earlier in a zone at some time of the year, or can't be told."""
    if zone is None or than is None:
        return True
    return any(
        moment.astimezone(zone).replace(tzinfo=None) > moment.astimezone(than).replace(tzinfo=None)
        for moment in _MOMENTS
    )


def _email(before: Settings, after: Settings) -> Iterator[SettingChange]:
    old, new = before["email"], after["email"]
    if old != new:
        order = _LESS_OF_AN_ADDRESS.index
        yield _stronger_or_weaker("email", old, new, weaker=order(new) < order(old))
    keys = before["email_key"], after["email_key"]
    if None not in keys and keys[0] != keys[1]:
        yield SettingChange("email_key", *keys, Effect.FROM_NOW_ON)


def _fields(before: Settings, after: Settings) -> Iterator[SettingChange]:
    for name in [*before["fields"], *(n for n in after["fields"] if n not in before["fields"])]:
        kept = name in after["fields"]
        if kept != (name in before["fields"]):
            pair = (_DROPPED, _KEPT) if kept else (_KEPT, _DROPPED)
            yield _stronger_or_weaker(f"fields.{name}", *pair, weaker=kept)


def _retention(before: Settings, after: Settings) -> Iterator[SettingChange]:
    old, new = retention_days(before), retention_days(after)
    if old != new:
        pair = f"{old}d", f"{new}d"
        yield _stronger_or_weaker("retention", *pair, weaker=new > old)
    yield from _by_field("retention", before, after)


def _by_field(setting: str, before: Settings, after: Settings) -> Iterator[SettingChange]:
    """Compare what is told to the persons concerned about each field."""
    for name, old in before[setting].items():
        new = after[setting].get(name, old)
        if old != new:
            yield SettingChange(f"{setting}.{name}", old, new, Effect.NOTICE)


def _notices(before: Settings, after: Settings) -> Iterator[SettingChange]:
    for name in _NOTICES:
        if before[name] != after[name]:
            yield SettingChange(name, before[name], after[name], Effect.NOTICE)


def _unknown(before: Settings, after: Settings) -> Iterator[SettingChange]:
    for name in sorted({*before, *after} - set(KNOWN)):
        pair: tuple[Any, Any] = before.get(name), after.get(name)
        if pair[0] != pair[1]:
            yield SettingChange(name, *pair, Effect.FROM_NOW_ON, weaker=True)


def _stronger_or_weaker(
    setting: str, before: object, after: object, *, weaker: bool
) -> SettingChange:
    """Return a change that, unless it is weaker, can be applied to what is held."""
    effect = Effect.FROM_NOW_ON if weaker else Effect.APPLICABLE
    return SettingChange(setting, before, after, effect, weaker=weaker)
