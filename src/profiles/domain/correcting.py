"""Deciding about a correction: a record of the log that corrects what is held of a person.

`{"login": {"uuid": ID}, "correction": {"set": {FIELD: VALUE}, "release": [FIELD]}}`, and `schema`
as a minimised person has it. A value obeys the rules for those of a source; null empties a field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from profiles.domain.age import MAXIMUM_AGE, age_on, civil_date, month_of
from profiles.domain.corrections import BIRTH_DATE, FIELDS_OF, CorrectedValue, Correction
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.email import domain_of
from profiles.domain.outcome import Rejected, RejectionReason, Withheld, WithheldReason
from profiles.domain.person import SCHEMA_VERSION, PersonId
from profiles.domain.policy import PrivacyPolicy
from profiles.domain.reading import readable_id
from profiles.domain.texts import MAXIMUM_EMAIL_LENGTH, MAXIMUM_LENGTH, cleaned, cleaned_email

_MINOR: Final = Withheld(WithheldReason.MINOR)
_EXPIRED: Final = Withheld(WithheldReason.RETENTION)
_REGISTERED_ON: Final = "registered_on"
_EMAIL: Final = "email"
_DATE: Final = "date YYYY-MM-DD"
_TEXT: Final = "text or null"
_KNOWN: Final = ", ".join(FIELDS_OF)
_SCHEMAS: Final = range(1, SCHEMA_VERSION + 1)
_SET: Final = "correction.set"
_RELEASE: Final = "correction.release"
_BIRTH: Final = f"{_SET}.{BIRTH_DATE}"


class _Refused(Exception):  # noqa: N818 - never leaves this module: it carries a value outwards
    """Carries a rejection from deep inside a correction to `decide_correction`."""

    def __init__(self, reason: RejectionReason, path: str, expected: str) -> None:
        super().__init__()
        self.rejected = Rejected(reason, path, expected)


def correction_of(
    person: PersonId, fields: Mapping[str, object], release: Sequence[str]
) -> dict[str, object]:
    """Write a correction as the log has it; `decide_correction` says whether it is one."""
    return {
        "schema": SCHEMA_VERSION,
        "login": {"uuid": person},
        "correction": {"set": dict(fields), "release": list(release)},
    }


def is_correction(record: object) -> bool:
    """Tell whether a record is a correction of somebody: one with a date of birth is a person."""
    return (
        isinstance(record, dict)
        and "correction" in record
        and record.get("dob") is None
        and readable_id(record) is not None
    )


def said_by(record: object) -> dict[str, object] | None:
    """Return what a correction sets and releases, as the log has it; None for another record."""
    if not isinstance(record, dict) or not is_correction(record):
        return None
    given = record["correction"]
    if not isinstance(given, dict):
        return None
    return {"set": given.get("set", {}), "release": given.get("release", [])}


def decide_correction(
    record: object, policy: PrivacyPolicy, dates: DecisionDates
) -> Correction | Withheld | Rejected:
    """Decide about a record that is a correction.

    Who is too young by a corrected date of birth is withheld, also where the rest is malformed: a
    child must not stay. For some countries that takes what is held, see `resolve`.
    """
    assert isinstance(record, dict)  # noqa: S101 - `is_correction` has looked
    person = readable_id(record)
    assert person is not None  # noqa: S101 - as above
    try:
        given = _object(record["correction"], "correction", "object with set or release")
        wanted = _object(given.get("set", {}), _SET, f"object of {_KNOWN}")
    except _Refused as refused:
        return refused.rejected
    age: int | None = None
    try:
        born = _birth(wanted, dates)
        age = None if born is None else age_on(dates.as_of, born=born, leap_day=policy.leap_day)
        correction = _read(record.get("schema"), given, wanted, person)
    except _Refused as refused:
        # The country may be what can't be read, so the highest minimum age holds.
        return _MINOR if age is not None and age < policy.highest_minimum_age else refused.rejected
    if age is not None and age < policy.minimum_age:
        return _MINOR
    if age is not None and age > MAXIMUM_AGE:
        return Rejected(RejectionReason.AGE, _BIRTH, f"an age of at most {MAXIMUM_AGE} years")
    if dates.logged_on + policy.retention <= dates.read_on:
        return _EXPIRED
    fields = dict(correction.fields)
    if born is not None:
        fields |= {"birth_month": month_of(born), "age": age, "as_of": dates.as_of}
    email = fields.get(_EMAIL)
    if isinstance(email, str):
        fields[_EMAIL] = policy.treated(email)
    dropped = policy.dropped_profile_fields
    return replace(
        correction, fields={name: value for name, value in fields.items() if name not in dropped}
    )


def _birth(wanted: Mapping[str, object], dates: DecisionDates) -> date | None:
    """Return a corrected date of birth; None where none is given."""
    if BIRTH_DATE not in wanted:
        return None
    if wanted[BIRTH_DATE] is None:
        raise _Refused(RejectionReason.MISSING, _BIRTH, _DATE)
    born = _day(wanted, BIRTH_DATE)
    if born > dates.as_of:
        raise _Refused(RejectionReason.FUTURE, _BIRTH, "a date of birth that has come")
    return born


def _read(
    schema: object, given: Mapping[str, object], wanted: Mapping[str, object], person: PersonId
) -> Correction:
    """Read all but the date of birth: what is set, and what is released."""
    if schema is not None and (isinstance(schema, bool) or schema not in _SCHEMAS):
        raise _Refused(
            RejectionReason.SCHEMA, "schema", f"schema version of at most {SCHEMA_VERSION}"
        )
    if not wanted.keys() <= FIELDS_OF.keys():
        raise _Refused(RejectionReason.TYPE, _SET, f"object of {_KNOWN}")
    release = given.get("release", [])
    if not isinstance(release, list):
        raise _Refused(RejectionReason.TYPE, _RELEASE, f"array of {_KNOWN}")
    if not wanted and not release:
        raise _Refused(RejectionReason.MISSING, "correction", "a field to set or to release")
    fields: dict[str, CorrectedValue] = {}
    for name in wanted:
        if name != BIRTH_DATE:
            fields |= _fields(wanted, name)
    released: set[str] = set()
    for index, name in enumerate(release):
        if not isinstance(name, str) or name not in FIELDS_OF:
            raise _Refused(RejectionReason.TYPE, f"{_RELEASE}[{index}]", f"one of {_KNOWN}")
        if name in wanted:
            raise _Refused(
                RejectionReason.TYPE, f"{_RELEASE}[{index}]", "a field that is not set as well"
            )
        released.update(FIELDS_OF[name])
    return Correction(person=person, fields=fields, released=frozenset(released))


def _fields(wanted: Mapping[str, object], name: str) -> dict[str, CorrectedValue]:
    """Return the fields of a profile that follow from a value."""
    if wanted[name] is None:
        return dict.fromkeys(FIELDS_OF[name])
    if name == _REGISTERED_ON:
        return {name: _day(wanted, name)}
    text = _text(wanted, name)
    if name == _EMAIL:
        return {_EMAIL: text, "email_domain": None if text is None else domain_of(text)}
    return {name: text}


def _text(wanted: Mapping[str, object], name: str) -> str | None:
    value, path = wanted[name], f"{_SET}.{name}"
    if not isinstance(value, str):
        raise _Refused(RejectionReason.TYPE, path, _TEXT)
    limit = MAXIMUM_EMAIL_LENGTH if name == _EMAIL else MAXIMUM_LENGTH
    clean = cleaned_email(value) if name == _EMAIL else cleaned(value)
    if clean is RejectionReason.LENGTH:
        raise _Refused(clean, path, f"at most {limit} characters")
    if isinstance(clean, RejectionReason):
        raise _Refused(clean, path, _TEXT)
    return clean


def _day(wanted: Mapping[str, object], name: str) -> date:
    value, path = wanted[name], f"{_SET}.{name}"
    if not isinstance(value, str):
        raise _Refused(RejectionReason.TYPE, path, _DATE)
    day = civil_date(value)
    if day is None:
        raise _Refused(RejectionReason.DATE, path, _DATE)
    return day


def _object(value: object, path: str, expected: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _Refused(RejectionReason.TYPE, path, expected)
    return value
