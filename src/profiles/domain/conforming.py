"""Bringing what is held under the privacy policy in force."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, timedelta
from typing import Any, Final

from profiles.domain.age import age_from_month
from profiles.domain.outcome import Withheld, WithheldReason
from profiles.domain.policy import EmailTreatment, PrivacyPolicy
from profiles.domain.profile import Profile
from profiles.domain.pseudonym import pseudonym

_A_DAY: Final = timedelta(days=1)
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
    email = profile.email
    if email is not None and policy.email is EmailTreatment.DROP:
        email = None
    elif (
        email is not None
        and policy.email is EmailTreatment.PSEUDONYMISE
        and key_of_pseudonym(email) not in key_ids
    ):
        assert policy.pseudonym_key is not None  # noqa: S101 - the policy refuses to be without it
        email = pseudonym(email, policy.pseudonym_key)
    kept = profile._replace(email=email, expires_at=expires_at)
    nulls: dict[str, Any] = dict.fromkeys(policy.dropped_profile_fields)
    return kept._replace(**nulls) if nulls else kept


def certain_age(profile: Profile, today: date) -> int:
    """Return the full years that a person has completed for certain.

    today: the UTC date. An age that was counted for a day later than tomorrow's, which has begun in
        some zone, is not taken; nor are more years than the birth month allows.
    """
    month = profile.birth_month
    # Complete when the month is over, whatever the day in it and the rule for leap days.
    completed = age_from_month(today, birth_month=month) - (today.month == int(month[5:]))
    if profile.as_of > today + _A_DAY:
        return completed
    return max(completed, min(profile.age, age_from_month(profile.as_of, birth_month=month)))


def key_of_pseudonym(email: str) -> str | None:
    """Return the id of the key by which a pseudonym was made, or None where it looks like none."""
    match = _PSEUDONYM.fullmatch(email)
    return None if match is None else match[1]
