"""Whether a policy admits minors; where one does, it is said wherever the policy is shown."""

from __future__ import annotations

from collections.abc import Mapping

from profiles.domain.policy import MINIMUM_AGE


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
