"""The privacy policy: what may be kept of whom, why, and for how long.

What it does not name is not kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Final

from profiles.domain.age import LeapDay
from profiles.domain.columns import FIELDS
from profiles.domain.errors import UsageError
from profiles.domain.profile import Profile
from profiles.domain.pseudonym import PseudonymKey

MINIMUM_AGE: Final = 18
"""Years. GDPR Art. 8 says 16 for consent to online services, and lets states go down to 13;
this policy admits adults only."""

PROFILE_RETENTION: Final = timedelta(days=365)
LOG_RETENTION: Final = timedelta(hours=24)
QUARANTINE_RETENTION: Final = timedelta(days=7)

REQUIRED_PROFILE_FIELDS: Final = frozenset(column.name for column in FIELDS if not column.nullable)
REQUIRED_LOG_FIELDS: Final = frozenset({"login.uuid", "dob.date"})
LOG_FIELDS: Final = (
    "login.uuid",
    "login.username",
    "gender",
    "name.title",
    "name.first",
    "name.last",
    "location.street.number",
    "location.street.name",
    "location.city",
    "location.state",
    "location.country",
    "location.postcode",
    "email",
    "dob.date",
    "registered.date",
    "nat",
)
"""Every field of a person that has a place in the log, in the order of the profile's fields."""


class LegalBasis(Enum):
    """What makes the processing lawful: GDPR Art. 6(1), its letters a to f."""

    CONSENT = "a"
    CONTRACT = "b"
    LEGAL_OBLIGATION = "c"
    VITAL_INTERESTS = "d"
    PUBLIC_TASK = "e"
    LEGITIMATE_INTERESTS = "f"


class EmailTreatment(Enum):
    """What is kept of an e-mail address; its domain is a field of its own."""

    KEEP = "keep"
    PSEUDONYMISE = "pseudonymise"
    DROP = "drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """Why a field is kept, and for how long at the most (GDPR Art. 5(1)(b), (c), (e); Art. 30).

    purpose: in words for the person concerned.
    retention: of profiles, whole days count; positive.
    """

    purpose: str
    legal_basis: LegalBasis
    retention: timedelta


def _rules(retention: timedelta, purposes: Mapping[str, str]) -> dict[str, FieldRule]:
    return {
        name: FieldRule(purpose=purpose, legal_basis=LegalBasis.CONTRACT, retention=retention)
        for name, purpose in purposes.items()
    }


DEFAULT_PROFILE_RULES: Final = _rules(
    PROFILE_RETENTION,
    {
        "id": "tell one person's records from another's",
        "username": "let the person log in",
        "gender": "address the person; statistics of the population",
        "title": "address the person",
        "full_name": "address the person",
        "full_address": "send what was ordered",
        "city": "serve the region",
        "country": "serve the country and apply its law",
        "nationality": "statistics of the population",
        "email": "write to the person",
        "email_domain": "statistics of the population",
        "age": "prove that no child's data is kept",
        "birth_month": "statistics of the population; age today",
        "registered_on": "know how long the contract has run",
        "as_of": "tell for which day the age was counted",
        "expires_at": "delete in time",
    },
)

DEFAULT_LOG_RULES: Final = _rules(
    LOG_RETENTION,
    dict.fromkeys(LOG_FIELDS, "carry the person to the stores, once more after a fault"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyPolicy:
    """What is admitted. Everything that is not named here is dropped.

    profile_rules: the fields of a profile that are kept in the stores.
    log_rules: the fields of a person that are carried in the log.
    minimum_age: full years that a person must have completed.
    leap_day: when someone born on 29 February completes a year.
    email: what is kept of the address.
    pseudonym_key: the key for `EmailTreatment.PSEUDONYMISE`.

    Raises:
        UsageError: a field has no place in a profile or in the log (as passwords, pictures,
            telephone numbers, government ids and coordinates never have), a required field is
            not named, a retention is not positive, or the key is missing.
    """

    profile_rules: Mapping[str, FieldRule] = field(default_factory=DEFAULT_PROFILE_RULES.copy)
    log_rules: Mapping[str, FieldRule] = field(default_factory=DEFAULT_LOG_RULES.copy)
    minimum_age: int = MINIMUM_AGE
    leap_day: LeapDay = LeapDay.MAR1
    email: EmailTreatment = EmailTreatment.KEEP
    pseudonym_key: PseudonymKey | None = None
    dropped_profile_fields: frozenset[str] = field(init=False)
    dropped_log_fields: frozenset[str] = field(init=False)
    retention: timedelta = field(init=False)

    def __post_init__(self) -> None:
        """Refuse a policy that could not be kept, and work out what every decision needs."""
        _check_names(self.profile_rules, Profile._fields, REQUIRED_PROFILE_FIELDS, "a profile")
        _check_names(self.log_rules, LOG_FIELDS, REQUIRED_LOG_FIELDS, "the log")
        if self.minimum_age < 0:
            message = "the minimum age can't be negative; give whole years from 0 on"
            raise UsageError(message)
        if self.email is EmailTreatment.PSEUDONYMISE and self.pseudonym_key is None:
            message = "pseudonymised e-mail addresses need a key; hand in a PseudonymKey"
            raise UsageError(message)
        put = object.__setattr__
        put(self, "dropped_profile_fields", frozenset(Profile._fields) - set(self.profile_rules))
        put(self, "dropped_log_fields", frozenset(LOG_FIELDS) - set(self.log_rules))
        put(self, "retention", min(rule.retention for rule in self.profile_rules.values()))


def _check_names(
    rules: Mapping[str, FieldRule], known: tuple[str, ...], required: frozenset[str], place: str
) -> None:
    for name, rule in rules.items():
        if name not in known:
            message = f"{name!r} has no place in {place}; choose from {', '.join(known)}"
            raise UsageError(message)
        if rule.retention < timedelta(days=1) and known is Profile._fields:
            message = f"the retention of {name!r} is under a day; give at least one day"
            raise UsageError(message)
        if rule.retention <= timedelta(0):
            message = f"the retention of {name!r} is not positive; give a time to keep it"
            raise UsageError(message)
    missing = sorted(required - set(rules))
    if missing:
        message = f"{place} can't do without {', '.join(missing)}; add a rule for it"
        raise UsageError(message)


DEFAULT_POLICY: Final = PrivacyPolicy()
