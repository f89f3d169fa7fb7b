"""The privacy policy: what may be kept of whom, why, and for how long.

What it does not name is not kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from enum import Enum
from typing import Final

from profiles.domain.age import LeapDay
from profiles.domain.columns import FIELDS
from profiles.domain.decision_dates import LAST_ZONE
from profiles.domain.errors import UsageError
from profiles.domain.profile import Profile
from profiles.domain.pseudonym import PseudonymKey, pseudonym

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


def _rules(
    retention: timedelta, purposes: Mapping[str, tuple[str, LegalBasis]]
) -> dict[str, FieldRule]:
    return {
        name: FieldRule(purpose=purpose, legal_basis=basis, retention=retention)
        for name, (purpose, basis) in purposes.items()
    }


# Which basis a field has, and why: docs/decisions/0160-statistics-rest-on-legitimate-interests.md.
DEFAULT_PROFILE_RULES: Final = _rules(
    PROFILE_RETENTION,
    {
        "id": ("tell one person's records from another's", LegalBasis.CONTRACT),
        "username": ("let the person log in", LegalBasis.CONTRACT),
        "gender": ("statistics of the population", LegalBasis.LEGITIMATE_INTERESTS),
        "title": ("address the person", LegalBasis.CONTRACT),
        "full_name": ("address the person", LegalBasis.CONTRACT),
        "full_address": ("send what was ordered", LegalBasis.CONTRACT),
        "city": ("serve the region", LegalBasis.CONTRACT),
        "country": ("serve the country and apply its law", LegalBasis.CONTRACT),
        "nationality": ("statistics of the population", LegalBasis.LEGITIMATE_INTERESTS),
        "email": ("write to the person", LegalBasis.CONTRACT),
        "email_domain": ("statistics of the population", LegalBasis.LEGITIMATE_INTERESTS),
        "age": ("prove that nobody below the minimum age is kept", LegalBasis.LEGAL_OBLIGATION),
        "birth_month": (
            "statistics of the population; age today",
            LegalBasis.LEGITIMATE_INTERESTS,
        ),
        "registered_on": ("know how long the contract has run", LegalBasis.CONTRACT),
        "as_of": ("tell for which day the age was counted", LegalBasis.LEGAL_OBLIGATION),
        "expires_at": ("delete in time", LegalBasis.LEGAL_OBLIGATION),
    },
)

CARRIED_FOR: Final[Mapping[str, frozenset[str]]] = {
    "login.username": frozenset({"username"}),
    "gender": frozenset({"gender"}),
    "name.title": frozenset({"title"}),
    "name.first": frozenset({"full_name"}),
    "name.last": frozenset({"full_name"}),
    "location.street.number": frozenset({"full_address"}),
    "location.street.name": frozenset({"full_address"}),
    "location.city": frozenset({"full_address", "city"}),
    "location.state": frozenset({"full_address"}),
    "location.country": frozenset({"full_address", "country"}),
    "location.postcode": frozenset({"full_address"}),
    "email": frozenset({"email", "email_domain"}),
    "registered.date": frozenset({"registered_on"}),
    "nat": frozenset({"full_address", "nationality"}),
}
"""The fields of a profile for which the log carries a field that is not required there."""

DEFAULT_LOG_RULES: Final = _rules(
    LOG_RETENTION,
    dict.fromkeys(
        LOG_FIELDS,
        ("carry the person to the stores, once more after a fault", LegalBasis.CONTRACT),
    ),
)


def log_rules_for(kept: Collection[str]) -> dict[str, FieldRule]:
    """Return the rules of the log's fields that some fields of a profile are made of.

    kept: names of fields of a profile.

    What no kept field needs is not carried (GDPR Art. 5(1)(c), data minimisation).
    """
    return {
        name: rule
        for name, rule in DEFAULT_LOG_RULES.items()
        if name in REQUIRED_LOG_FIELDS or not CARRIED_FOR[name].isdisjoint(kept)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Accountability:
    """Who answers for the processing, and to whom data goes (GDPR Art. 30(1)(a), (d), (e)).

    controller: name and address of who decides about purposes and means.
    contact: where a person concerned can write to, as a data protection officer's address.
    recipients: to whom profiles are disclosed.
    transfers: to which third countries, and under which safeguards (Art. 44 to 49).
    """

    controller: str | None = None
    contact: str | None = None
    recipients: tuple[str, ...] = ()
    transfers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyPolicy:
    """What is admitted. Everything that is not named here is dropped.

    profile_rules: the fields of a profile that are kept in the stores.
    log_rules: the fields of a person that are carried in the log.
    minimum_age: full years that a person must have completed.
    minimum_age_in: a higher minimum age for some countries. A name is compared with a person's
        nationality and country as the records write them, in any case: `KR`, `South Korea`.
    leap_day: when someone born on 29 February completes a year.
    zone: where the civil date of a record's time in the log is taken; ages are counted on it.
    email: what is kept of the address.
    pseudonym_key: the key for `EmailTreatment.PSEUDONYMISE`.
    accountability: who answers for the processing.

    Raises:
        UsageError: a field has no place in a profile or in the log (as passwords, pictures,
            telephone numbers, government ids and coordinates never have), a required field is
            not named, a retention is not positive, the key is missing, or a minimum age of a
            country is no higher than that of all others, or could not be checked later.
    """

    profile_rules: Mapping[str, FieldRule] = field(default_factory=DEFAULT_PROFILE_RULES.copy)
    log_rules: Mapping[str, FieldRule] = field(default_factory=DEFAULT_LOG_RULES.copy)
    minimum_age: int = MINIMUM_AGE
    minimum_age_in: Mapping[str, int] = field(default_factory=dict[str, int])
    leap_day: LeapDay = LeapDay.MAR1
    zone: tzinfo = LAST_ZONE
    email: EmailTreatment = EmailTreatment.KEEP
    pseudonym_key: PseudonymKey | None = None
    accountability: Accountability = field(default_factory=Accountability)
    dropped_profile_fields: frozenset[str] = field(init=False)
    dropped_log_fields: frozenset[str] = field(init=False)
    retention: timedelta = field(init=False)
    highest_minimum_age: int = field(init=False)
    _by_country: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse a policy that could not be kept, and work out what every decision needs."""
        _check_names(self.profile_rules, Profile._fields, REQUIRED_PROFILE_FIELDS, "a profile")
        _check_names(self.log_rules, LOG_FIELDS, REQUIRED_LOG_FIELDS, "the log")
        if self.minimum_age < 0:
            message = "the minimum age can't be negative; give whole years from 0 on"
            raise UsageError(message)
        _check_countries(self)
        if self.email is EmailTreatment.PSEUDONYMISE and self.pseudonym_key is None:
            message = "pseudonymised e-mail addresses need a key; hand in a PseudonymKey"
            raise UsageError(message)
        by_country = {name.casefold(): age for name, age in self.minimum_age_in.items()}
        put = object.__setattr__
        put(self, "dropped_profile_fields", frozenset(Profile._fields) - set(self.profile_rules))
        put(self, "dropped_log_fields", frozenset(LOG_FIELDS) - set(self.log_rules))
        put(self, "retention", min(rule.retention for rule in self.profile_rules.values()))
        put(self, "highest_minimum_age", max([self.minimum_age, *by_country.values()]))
        put(self, "_by_country", by_country)

    def minimum_age_of(self, *, nationality: str | None, country: str | None) -> int:
        """Return the full years that a person of a nationality and country must have completed.

        The highest of those that apply. Who tells neither has to be old enough everywhere.
        """
        if nationality is None and country is None:
            return self.highest_minimum_age
        by_country = self._by_country
        return max(
            self.minimum_age,
            by_country.get((nationality or "").casefold(), 0),
            by_country.get((country or "").casefold(), 0),
        )

    def admits(self, profile: Profile) -> bool:
        """Tell whether somebody of a profile's age, nationality and country is old enough."""
        return profile.age >= self.minimum_age_of(
            nationality=profile.nationality, country=profile.country
        )

    def treated(self, email: str) -> str | None:
        """Return what is kept of an e-mail address."""
        if self.email is EmailTreatment.KEEP:
            return email
        if self.email is EmailTreatment.DROP:
            return None
        assert self.pseudonym_key is not None  # noqa: S101 - the policy refuses to be without it
        return pseudonym(email, self.pseudonym_key)


def _check_countries(policy: PrivacyPolicy) -> None:
    """Refuse exceptions that admit somebody earlier, or that the held could not be checked by."""
    for name, age in policy.minimum_age_in.items():
        if not name.strip() or name != name.strip():
            message = "a country of minimum_age_in has no name; write it like KR = 19"
            raise UsageError(message)
        if age <= policy.minimum_age:
            message = (
                f"minimum_age_in of {name!r} does not raise the minimum age of"
                f" {policy.minimum_age}; give more years, or leave it out"
            )
            raise UsageError(message)
    needed = {
        "a profile": {"nationality", "country"} - set(policy.profile_rules),
        "the log": {"nat", "location.country"} - set(policy.log_rules),
    }
    for place, missing in needed.items():
        if policy.minimum_age_in and missing:
            message = (
                f"minimum_age_in can't be checked without {', '.join(sorted(missing))} in {place};"
                " keep it, or leave minimum_age_in out"
            )
            raise UsageError(message)


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
