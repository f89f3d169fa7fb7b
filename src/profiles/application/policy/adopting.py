"""Before a job writes: the store learns under which policy, and the operator what that changes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from profiles.application.ports.policies import PolicyEntry, PolicyEvent
from profiles.application.ports.stores import DecidingStore
from profiles.application.ports.unit_of_work import UnitOfWork
from profiles.domain.errors import UsageError
from profiles.domain.policy import DEFAULT_POLICY, PrivacyPolicy
from profiles.domain.policy_change import SettingChange, changes
from profiles.domain.policy_settings import Settings, fingerprint_of, settings_of

_LOG: Final = logging.getLogger(__name__)
_BEFORE: Final = settings_of(DEFAULT_POLICY)
"""What stores were written under that remember no policy: there was no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What a job changes by writing under its policy.

    found: the changes from the policy that the store was written under; none for a new store.
    new: whether the store had remembered another policy, or none.
    """

    found: Sequence[SettingChange]
    new: bool


def adopt(store: DecidingStore, policy: PrivacyPolicy, *, accept: bool, now: datetime) -> Adoption:
    """Let a store be written under a policy, and by jobs of no other policy from now on.

    accept: whether the operator accepts a policy that admits more, keeps more or keeps longer.
    now: aware.

    Raises:
        UsageError: the policy is weaker, and that is not accepted; nothing was changed.
        StoreError: the store did not do it.
    """
    settings = settings_of(policy)
    adoption = store.transactions.run(lambda unit: _adopt(unit, settings, accept=accept, now=now))
    for sentence in told(adoption.found):
        _LOG.warning("%s", sentence)
    return adoption


def compared(entries: Sequence[PolicyEntry], settings: Settings) -> Sequence[SettingChange]:
    """Return what changes from the policy that a store was written under last.

    entries: what the store remembers; without any it was written under the default policy.
    """
    return changes(_last(entries), settings)


def told(found: Iterable[SettingChange]) -> list[str]:
    """Tell of changes, a sentence each; what changes alike for several fields is told once."""
    names: dict[tuple[str, str, str, str], list[str]] = {}
    for change in found:
        setting, _, part = change.setting.partition(".")
        key = setting, _shown(change.before), _shown(change.after), change.effect.value
        names.setdefault(key, []).append(part)
    return [
        f"The policy changes {_named(setting, parts)} from {before} to {after}: {effect}."
        for (setting, before, after, effect), parts in names.items()
    ]


def _named(setting: str, parts: Sequence[str]) -> str:
    listed = ", ".join(part for part in parts if part)
    if not listed:
        return setting
    return listed if setting == "fields" else f"{setting} of {listed}"


def _adopt(unit: UnitOfWork, settings: Settings, *, accept: bool, now: datetime) -> Adoption:
    entries = unit.policies()
    fingerprint = fingerprint_of(settings)
    if entries and fingerprint_of(_last(entries)) == fingerprint:
        return Adoption(found=(), new=False)
    empty = not entries and not unit.epochs()
    found = () if empty else compared(entries, settings)
    weaker = tuple(change.setting for change in found if change.weaker)
    if weaker and not accept:
        raise UsageError(_refusal([change for change in found if change.weaker]))
    if found and not entries:
        unit.add_policy(_entry(_BEFORE, now))
    unit.add_policy(_entry(settings, now, weaker))
    return Adoption(found=found, new=True)


def _entry(settings: Settings, at: datetime, weaker: tuple[str, ...] = ()) -> PolicyEntry:
    return PolicyEntry(
        at=at,
        event=PolicyEvent.ADOPTED,
        fingerprint=fingerprint_of(settings),
        settings=settings,
        weaker=weaker,
    )


def _last(entries: Sequence[PolicyEntry]) -> Settings:
    adopted = [entry.settings for entry in entries if entry.event is PolicyEvent.ADOPTED]
    return adopted[-1] if adopted else _BEFORE


def _refusal(weaker: Sequence[SettingChange]) -> str:
    listed = ", ".join(
        f"{change.setting} from {_shown(change.before)} to {_shown(change.after)}"
        for change in weaker
    )
    return (
        "The store was written under a stricter policy, and this one admits or keeps more:"
        f" {listed}. Nothing was changed. Say --accept-policy-change if that is intended, or take"
        " the setting back."
    )


def _shown(value: object) -> str:
    if value is None or value == []:
        return "none"
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
