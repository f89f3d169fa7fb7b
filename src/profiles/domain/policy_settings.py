"""A privacy policy as plain settings: what an operator writes, and what a store remembers.

Settings are names and values as JSON and TOML have them. A key is named, and never among them.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, timedelta, timezone, tzinfo
from enum import Enum
from typing import Any, Final, NoReturn, TypeVar

from profiles.domain.age import MAXIMUM_AGE, LeapDay
from profiles.domain.decision_dates import LAST_ZONE
from profiles.domain.errors import UsageError
from profiles.domain.policy import (
    DEFAULT_PROFILE_RULES,
    MINIMUM_AGE,
    REQUIRED_PROFILE_FIELDS,
    Accountability,
    EmailTreatment,
    FieldRule,
    LegalBasis,
    PrivacyPolicy,
    log_rules_for,
)
from profiles.domain.profile import Profile
from profiles.domain.pseudonym import PseudonymKey

Settings = Mapping[str, Any]
"""Names and values of settings: texts, integers, lists of texts, and tables of these."""

DEFAULT: Final = "default"
"""In a table by field: what holds for the fields that it does not name."""

LONGEST_RETENTION_DAYS: Final = 36_500
"""A hundred years, so that every date of expiry can be written."""

LONGEST_TEXT: Final = 2_000
"""Characters of a text such as a purpose."""

LEGAL_BASES: Final[Mapping[str, LegalBasis]] = {basis.name.lower(): basis for basis in LegalBasis}

_BREAKS: Final = frozenset({"Cc", "Zl", "Zp"})
"""Categories of line breaks and of what a terminal takes for a command."""

ONLY_TOLD: Final = frozenset(
    {"purpose", "legal_basis", "controller", "contact", "recipients", "transfers"}
)
"""Settings that are told to the persons concerned, and decide about no record."""

_DAYS: Final = re.compile(r"([0-9]{1,6})d")
_OFFSET: Final = re.compile(r"UTC([+-])([01][0-9]):([0-5][0-9])")

T = TypeVar("T")
Member = TypeVar("Member", bound=Enum)


def settings_of(policy: PrivacyPolicy) -> dict[str, Any]:
    """Return all settings of a policy, in a form that `read_policy` reads.

    A pseudonym key is named by its id. The log's fields are not among them: they follow from those
    of the profile.
    """
    rules = policy.profile_rules
    kept = [name for name in Profile._fields if name in rules]
    key, accountability = policy.pseudonym_key, policy.accountability
    return {
        "minimum_age": policy.minimum_age,
        "minimum_age_in": dict(sorted(policy.minimum_age_in.items())),
        "leap_day": policy.leap_day.value,
        "zone": str(policy.zone),
        "email": policy.email.value,
        "email_key": None if key is None else key.id,
        "fields": kept,
        "retention": {name: f"{rules[name].retention.days}d" for name in kept},
        "purpose": {name: rules[name].purpose for name in kept},
        "legal_basis": {name: rules[name].legal_basis.name.lower() for name in kept},
        "controller": accountability.controller,
        "contact": accountability.contact,
        "recipients": list(accountability.recipients),
        "transfers": list(accountability.transfers),
    }


def fingerprint_of(settings: Settings) -> str:
    """Return the SHA-256 of settings, as 64 hexadecimal digits: equal ones have equal ones."""
    canonical = json.dumps(settings, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def deciding_fingerprint_of(settings: Settings) -> str:
    """Return the fingerprint of what decides about records.

    Policies that differ only in what is told to the persons concerned have the same one: they
    admit the same persons, and keep the same of them. Of the retentions the shortest counts.
    """
    deciding = {name: value for name, value in settings.items() if name not in ONLY_TOLD}
    return fingerprint_of({**deciding, "retention": retention_days(settings)})


def retention_days(settings: Settings) -> int:
    """Return how long a profile is kept: the shortest retention of its fields, in days."""
    return min(int(days.removesuffix("d")) for days in settings["retention"].values())


KNOWN: Final = (*settings_of(PrivacyPolicy()), "drop")
"""The names of all settings; `drop` is the other way to say `fields`."""


def read_policy(settings: Settings, keys: Collection[PseudonymKey] = ()) -> PrivacyPolicy:
    """Read a policy; what the settings do not name is as in the default policy.

    settings: names of `KNOWN` with their values; `docs/policy.md` describes each.
    keys: those that pseudonyms may be made with; `email_key` names one of them.

    Raises:
        UsageError: a setting is unknown, has another type, or asks for what no policy can be. The
            text begins with its name.
    """
    for name in settings:
        if name not in KNOWN:
            _refuse(name, f"is no setting of a policy; there are {_listed(KNOWN)}")
    kept = _kept(settings)
    email = _choice(settings, "email", EmailTreatment.KEEP)
    carried_for = kept - {"email"} if email is EmailTreatment.DROP else kept
    return PrivacyPolicy(
        profile_rules=_rules(settings, kept),
        log_rules=log_rules_for(carried_for),
        minimum_age=_age("minimum_age", settings.get("minimum_age", MINIMUM_AGE)),
        minimum_age_in={
            name: _age(f"minimum_age_in.{name}", age)
            for name, age in _table(settings, "minimum_age_in").items()
        },
        leap_day=_choice(settings, "leap_day", LeapDay.MAR1),
        zone=_zone(settings.get("zone", str(LAST_ZONE))),
        email=email,
        pseudonym_key=_key(settings, email, keys),
        accountability=Accountability(
            controller=_optional_text(settings, "controller"),
            contact=_optional_text(settings, "contact"),
            recipients=_texts(settings, "recipients"),
            transfers=_texts(settings, "transfers"),
        ),
    )


def zone_named(name: str) -> tzinfo | None:
    """Return a time zone by its offset, as `UTC-12:00`, or its name; None where there is none."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - takes longer than all the rest

    if match := _OFFSET.fullmatch(name):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-offset if match[1] == "-" else offset)
    try:
        return UTC if name == str(UTC) else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _kept(settings: Settings) -> frozenset[str]:
    """Return the names of the fields that are kept: the required ones, and those asked for."""
    if "fields" in settings and "drop" in settings:
        _refuse("drop", "says what `fields` says; leave one of them out")
    named = frozenset(_texts(settings, "drop" if "drop" in settings else "fields"))
    for name in sorted(named - set(Profile._fields)):
        where = "drop" if "drop" in settings else "fields"
        _refuse(
            where, f"names {name!r}, which no profile has; there are {_listed(Profile._fields)}"
        )
    if "drop" in settings:
        for name in sorted(named & REQUIRED_PROFILE_FIELDS):
            _refuse("drop", f"names {name}, which no profile can do without; leave it out")
        return frozenset(Profile._fields) - named
    return named | REQUIRED_PROFILE_FIELDS if "fields" in settings else frozenset(Profile._fields)


def _rules(settings: Settings, kept: Collection[str]) -> dict[str, FieldRule]:
    retention = _by_field(settings, "retention", kept, _days)
    purpose = _by_field(settings, "purpose", kept, _text)
    basis = _by_field(settings, "legal_basis", kept, _basis)
    return {
        name: FieldRule(
            purpose=purpose.get(name, rule.purpose),
            legal_basis=basis.get(name, rule.legal_basis),
            retention=retention.get(name, rule.retention),
        )
        for name, rule in DEFAULT_PROFILE_RULES.items()
        if name in kept
    }


def _by_field(
    settings: Settings, setting: str, kept: Collection[str], read: Callable[[str, object], T]
) -> dict[str, T]:
    """Read a setting that is one value for all kept fields, or a table by field."""
    value = settings.get(setting, {})
    if not isinstance(value, Mapping):
        return dict.fromkeys(kept, read(setting, value))
    for name in value:
        if name != DEFAULT and name not in Profile._fields:
            fields = _listed(Profile._fields)
            _refuse(f"{setting}.{name}", f"is of a field that no profile has; there are {fields}")
        if name != DEFAULT and name not in kept:
            _refuse(f"{setting}.{name}", "is of a field that is not kept; leave it out")
    found = {name: read(f"{setting}.{name}", each) for name, each in value.items()}
    fallback = dict.fromkeys(kept, found.pop(DEFAULT)) if DEFAULT in found else {}
    return {**fallback, **found}


def _days(setting: str, value: object) -> timedelta:
    match = _DAYS.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        _refuse(setting, "is a number of whole days, written like 365d")
    days = int(match[1])
    if not 1 <= days <= LONGEST_RETENTION_DAYS:
        _refuse(setting, f"is a number of days from 1d to {LONGEST_RETENTION_DAYS}d")
    return timedelta(days=days)


def _basis(setting: str, value: object) -> LegalBasis:
    if not isinstance(value, str) or value not in LEGAL_BASES:
        _refuse(setting, f"is a legal basis of GDPR Art. 6(1): {_listed(LEGAL_BASES)}")
    return LEGAL_BASES[value]


def _age(setting: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAXIMUM_AGE:
        _refuse(setting, f"is a number of whole years from 0 to {MAXIMUM_AGE}, written like 18")
    return value


def _choice(settings: Settings, setting: str, default: Member) -> Member:
    value = settings.get(setting, default.value)
    members = {member.value: member for member in type(default)}
    if not isinstance(value, str) or value not in members:
        _refuse(setting, f"is one of {_listed(members)}")
    return members[value]


def _zone(value: object) -> tzinfo:
    zone = zone_named(value) if isinstance(value, str) else None
    if zone is None:
        _refuse("zone", "is a time zone that this machine knows, like UTC-12:00 or Europe/Oslo")
    return zone


def _key(
    settings: Settings, email: EmailTreatment, keys: Collection[PseudonymKey]
) -> PseudonymKey | None:
    wanted = _optional_text(settings, "email_key")
    if email is not EmailTreatment.PSEUDONYMISE:
        if wanted is not None:
            _refuse("email_key", 'has a use only with email = "pseudonymise"; leave it out')
        return None
    by_id = {key.id: key for key in keys}
    if wanted is None:
        _refuse("email_key", "is missing; name the key that new pseudonyms are made with")
    if wanted not in by_id:
        known = f"there are {_listed(by_id)}" if by_id else "there is none"
        _refuse("email_key", f"names a key that is not at hand; {known}")
    return by_id[wanted]


def _table(settings: Settings, setting: str) -> Mapping[str, object]:
    value = settings.get(setting, {})
    if not isinstance(value, Mapping):
        _refuse(setting, "is a table, written like { KR = 19 }")
    return value


def _optional_text(settings: Settings, setting: str) -> str | None:
    value = settings.get(setting)
    return None if value is None else _text(setting, value)


def _texts(settings: Settings, setting: str) -> tuple[str, ...]:
    value = settings.get(setting, [])
    if not isinstance(value, list):
        _refuse(setting, 'is a list of texts, written like ["one", "two"]')
    return tuple(_text(setting, each) for each in value)


def _text(setting: str, value: object) -> str:
    if (
        not isinstance(value, str)
        or not value.strip()
        or any(unicodedata.category(character) in _BREAKS for character in value)
    ):
        _refuse(setting, "is a text of one line that is not empty")
    if len(value) > LONGEST_TEXT:
        _refuse(setting, f"is longer than {LONGEST_TEXT} characters; shorten it")
    return value.strip()


def _refuse(setting: str, what: str) -> NoReturn:
    raise UsageError(f"{setting} {what}.")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
