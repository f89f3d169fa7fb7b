"""Whether a policy admits minors; where one does, it is said wherever the policy is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from profiles.application.policy.history import since_applied
from profiles.application.ports.policies import PolicyEntry, PolicyEvent
from profiles.domain.policy import MINIMUM_AGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """From which age on persons may be held in a store.

    minimum_age: of the policy that it is written under. by_country: higher ones.
    youngest: the lowest minimum age of all policies that it was ever written under.
    left: the lowest of those since a policy was last applied to all that is held. Whose processing
        is restricted was left alone then, and may be younger.
    """

    minimum_age: int = MINIMUM_AGE
    by_country: Mapping[str, int] = field(default_factory=dict[str, int])
    youngest: int = MINIMUM_AGE
    left: int = MINIMUM_AGE


ADULTS_ONLY: Final = Admission()
"""That of the default policy, under which stores that remember no policy were written."""


def admission(entries: Sequence[PolicyEntry]) -> Admission:
    """Tell whom a store's policies admit.

    entries: what the store remembers, oldest first.
    """
    adopted = [entry.settings for entry in entries if entry.event is PolicyEvent.ADOPTED]
    if not adopted:
        return ADULTS_ONLY
    return Admission(
        minimum_age=adopted[-1]["minimum_age"],
        by_country=adopted[-1]["minimum_age_in"],
        youngest=min(settings["minimum_age"] for settings in adopted),
        left=min(entry.settings["minimum_age"] for entry in since_applied(entries)),
    )


def minors_warning(minimum_age: int, by_country: Mapping[str, int]) -> str | None:
    """Say that a policy admits minors, or nothing where it does not.

    by_country: the higher minimum age of some countries.
    """
    if minimum_age >= MINIMUM_AGE:
        return None
    return (
        f"the policy admits minors{from_which_age(minimum_age, by_country)}; children merit"
        " specific protection (GDPR Recital 38), and consent to online services needs Art. 8."
    )


def from_which_age(minimum_age: int, by_country: Mapping[str, int]) -> str:
    """Say from which age on persons are admitted, and where it is a higher one."""
    exceptions = ", ".join(f"{name} {age}" for name, age in sorted(by_country.items()))
    return f" from {minimum_age} years on" + (f" ({exceptions})" if exceptions else "")
