"""Bringing what is held under the privacy policy in force."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from typing import Any, Final

from profiles.domain import age
from profiles.domain.corrections import Corrections
from profiles.domain.outcome import Withheld, WithheldReason
from profiles.domain.policy import EmailTreatment, PrivacyPolicy
from profiles.domain.profile import Profile

_PSEUDONYM: Final = re.compile(r"([A-Za-z0-9_-]{1,32}):[0-9a-f]{64}")
_MINOR: Final = Withheld(WithheldReason.MINOR)
_EXPIRED: Final = Withheld(WithheldReason.RETENTION)


def conform(
    profile: Profile,
    policy: PrivacyPolicy,
    *,
    today: date,
    key_ids: Collection[str] = (),
    shorten: bool = False,
) -> Profile | Withheld:
    """Return what the policy leaves of a profile that is held; an equal one where all fits.

    today: the UTC date.
    key_ids: of all keys that pseudonyms here were ever made with.
    shorten: whether the profile may have been stored under a policy that keeps longer.

    The full date of birth is gone, so the age is that which is certain: the one that was counted
    when the profile was stored, or what is complete by the birth month. The day of the record is
    gone, too; `as_of` stands for it: that day or the one before, unless `--as-of` named another.
    """
    minimum = policy.minimum_age_of(nationality=profile.nationality, country=profile.country)
    if certain_age(profile, today) < minimum:
        return _MINOR
    expires_at = profile.expires_at
    if shorten:
        expires_at = min(expires_at, profile.as_of + policy.retention)
    if expires_at <= today:
        return _EXPIRED
    email = _conforming_email(profile.email, policy, key_ids)
    kept = profile._replace(email=email, expires_at=expires_at)
    nulls: dict[str, Any] = dict.fromkeys(policy.dropped_profile_fields)
    return kept._replace(**nulls)


def conform_corrections(
    corrections: Corrections, policy: PrivacyPolicy, *, key_ids: Collection[str] = ()
) -> Corrections | None:
    """Return what the policy leaves of the corrections that are kept with a profile, or None.

    key_ids: as for `conform`.
    """
    kept = corrections.without(policy.dropped_profile_fields)
    email = None if kept is None else kept.fields.get("email")
    if kept is None or not isinstance(email, str):
        return kept
    return Corrections(fields={**kept.fields, "email": _conforming_email(email, policy, key_ids)})


def _conforming_email(
    email: str | None, policy: PrivacyPolicy, key_ids: Collection[str]
) -> str | None:
    """Treat an address that is held as the policy says; a pseudonym stays as it is."""
    if email is None or policy.email is EmailTreatment.KEEP:
        return email
    if policy.email is EmailTreatment.PSEUDONYMISE and key_of_pseudonym(email) in key_ids:
        return email
    return policy.treated(email)


def certain_age(profile: Profile, today: date) -> int:
    """Return the full years that a person has completed for certain.

    today: the UTC date.
    """
    return age.certain_age(
        today,
        birth_month=profile.birth_month,
        counted=profile.age,
        counted_on=profile.as_of,
    )


def key_of_pseudonym(email: str) -> str | None:
    """Return the id of the key by which a pseudonym was made, or None where it looks like none."""
    match = _PSEUDONYM.fullmatch(email)
    return None if match is None else match[1]
