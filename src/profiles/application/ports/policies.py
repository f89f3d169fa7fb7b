"""What a deciding store remembers of the privacy policies that it was written under."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from profiles.domain.policy_settings import deciding_fingerprint_of


class PolicyEvent(Enum):
    """What happened to a store under a policy."""

    ADOPTED = "adopted"
    """From now on it is written under this policy and no other."""
    APPLIED = "applied"
    """All that it held was brought under this policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyEntry:
    """An entry of the list of policies, which only grows.

    at: aware.
    settings: all of the policy's, as `settings_of` gives them; its key is only named.
    fingerprint: of the settings.
    weaker: the settings that admitted or kept more than before, and were accepted as such.
    """

    at: datetime
    event: PolicyEvent
    fingerprint: str
    settings: Mapping[str, Any]
    weaker: tuple[str, ...] = ()

    @property
    def deciding(self) -> str:
        """Return the fingerprint of what decides about records."""
        return deciding_fingerprint_of(self.settings)


def adopted(entries: Sequence[PolicyEntry]) -> str | None:
    """Return the deciding fingerprint of the policy adopted last; None where none was."""
    return next((e.deciding for e in reversed(entries) if e.event is PolicyEvent.ADOPTED), None)
