"""What follows from the policies that a store was written under."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from profiles.application.ports.policies import PolicyEntry, PolicyEvent
from profiles.domain.policy_change import Effect, SettingChange, changes
from profiles.domain.policy_settings import Settings, retention_days


def key_ids(entries: Sequence[PolicyEntry], settings: Settings) -> frozenset[str]:
    """Return the ids of all keys that pseudonyms in a store may have been made with.

    settings: of the policy at hand.
    """
    named = (each["email_key"] for each in [*(entry.settings for entry in entries), settings])
    return frozenset(key for key in named if key is not None)


def was_kept_longer(entries: Sequence[PolicyEntry], settings: Settings) -> bool:
    """Tell whether something may be held under a policy that keeps longer than the one at hand."""
    days = retention_days(settings)
    return any(retention_days(entry.settings) > days for entry in since_applied(entries))


def irreversible(entries: Sequence[PolicyEntry], settings: Settings) -> Sequence[SettingChange]:
    """Return what changed, since a policy was applied last, that can't reach what is held."""
    found: list[SettingChange] = []
    before: Settings | None = None
    for after in [*(entry.settings for entry in since_applied(entries)), settings]:
        if before is not None:
            found += changes(before, after)
        before = after
    return [change for change in found if change.effect is Effect.FROM_NOW_ON]


def since_applied(entries: Sequence[PolicyEntry]) -> Iterator[PolicyEntry]:
    """Yield the entries from the last one on under which all that was held was brought."""
    applied = [n for n, entry in enumerate(entries) if entry.event is PolicyEvent.APPLIED]
    yield from entries[applied[-1] if applied else 0 :]
