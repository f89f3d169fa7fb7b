"""Reading a record as a person: required fields, types, and normal form."""

from __future__ import annotations

import math
import re
from datetime import date
from typing import Any, Final

from profiles.domain import address, envelopes, naming
from profiles.domain.age import civil_date
from profiles.domain.normal_form import MAXIMUM_INTEGER, is_clean, line_of
from profiles.domain.outcome import Rejected, RejectionReason
from profiles.domain.person import (
    SCHEMA_VERSION,
    Birth,
    Location,
    LocationFields,
    Login,
    Name,
    NameFields,
    Person,
    PersonFields,
    PersonId,
    Registration,
    Street,
)
from profiles.domain.texts import MAXIMUM_EMAIL_LENGTH, MAXIMUM_LENGTH, cleaned, cleaned_email

_UUID: Final = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
).fullmatch
_TEXT: Final = "text or null"
_OBJECT: Final = "object or null"


class _Refused(Exception):  # noqa: N818 - never leaves this module: it carries a value outwards
    """Carries a rejection from deep inside a record to `read_person`."""

    def __init__(self, reason: RejectionReason, path: str, expected: str) -> None:
        super().__init__()
        self.rejected = Rejected(reason, path, expected)


def canonical_id(value: object) -> PersonId | None:
    """Return a UUID given as text of 36 characters in lower case, or None for anything else."""
    return PersonId(value.lower()) if isinstance(value, str) and _UUID(value) else None


def readable_id(record: object) -> PersonId | None:
    """Return the id that a record is about, if it can be read, however broken the rest is."""
    if isinstance(record, PersonFields):
        return canonical_id(record.login.uuid)
    login = record.get("login") if isinstance(record, dict) else None
    return canonical_id(login.get("uuid")) if isinstance(login, dict) else None


def readable_birth(record: object) -> date | None:
    """Return the date of birth of a record, if it can be read, however broken the rest is."""
    if isinstance(record, PersonFields):
        return civil_date(record.dob.date)
    dob = record.get("dob") if isinstance(record, dict) else None
    born = dob.get("date") if isinstance(dob, dict) else None
    return civil_date(born) if isinstance(born, str) else None


def read_person(record: object) -> Person | Rejected:
    """Read a record as a person.

    record: an entry of the API's `results` or a minimised person, as decoded from JSON into
        dicts, lists, strings, numbers, booleans and None; or a `Person` or other `PersonFields`
        that a JSON decoder has filled. Fields that a person does not have are ignored, and never
        looked at. A float that is no number (NaN) is a missing field, as pandas writes one; an
        infinite one is of no type here.

    Returns the person in normal form (texts trimmed and in normal form C, empty ones None; the id
    in lower case; dates that begin with `YYYY-MM-DD`), or the first rejection: the id is checked
    first, then the date of birth, then the rest.
    """
    read = read_with_dates(record)
    return read if isinstance(read, Rejected) else person_of(read[0])


def person_of(fields: PersonFields) -> Person:
    """Return what was read as a `Person`.

    fields: in normal form, as `read_with_dates` returns it.
    """
    return fields if isinstance(fields, Person) else _clean(fields)[0]


Read = tuple[PersonFields, date, date | None]
"""A person in normal form, the date of birth, and that of the registration."""


def read_with_dates(record: object) -> Read | Rejected:
    """Read a record as `read_person` does, and return the dates in it, which are read only once.

    The person is the record itself, if that is in normal form already.
    """
    try:
        if isinstance(record, PersonFields):
            return _as_it_is(record) or _clean(record)
        return _clean(_typed(record))
    except _Refused as refused:
        return _in_an_envelope(record, refused.rejected) or refused.rejected


def _in_an_envelope(record: object, rejected: Rejected) -> Rejected | None:
    """Tell apart what was rejected only because another system has put something around it."""
    if not isinstance(record, dict):
        return None
    if rejected.path == "login" and rejected.reason is RejectionReason.MISSING:
        around = envelopes.envelope_around(record)
        return None if around is None else Rejected(RejectionReason.ENVELOPE, "", around)
    if rejected.reason is RejectionReason.TYPE:
        value: Any = record
        for name in rejected.path.split("."):  # a value of a wrong type lies in objects only
            value = value[name]
        if envelopes.is_extended_json(value):
            expected = envelopes.plain(rejected.expected)
            return Rejected(RejectionReason.ENVELOPE, rejected.path, expected)
    return None


def _as_it_is(person: PersonFields) -> Read | None:
    """Return a person as it is if `_clean` would return an equal one, which it says quicker.

    None means that it may be otherwise: nobody is refused here, and nothing changed.
    """
    name, location, registered = person.name, person.location, person.registered
    if name is None or location is None or location.street is None or registered is None:
        return None
    born, since = civil_date(person.dob.date), registered.date
    registered_on = None if since is None else civil_date(since)
    if born is None or (since is not None and registered_on is None):
        return None
    line = line_of(person, name, location, location.street)
    clean = is_clean(line, person, location, location.street)
    return (person, born, registered_on) if clean else None


def _typed(record: object) -> Person:
    """Check the types of a decoded record on the way into a person's shape.

    Id and date of birth are checked whole and first, as `_clean` does.
    """
    if not isinstance(record, dict):
        raise _Refused(RejectionReason.TYPE, "", "object")
    login = _required_object(record, "login")
    identity = _identity(_required_text(login, "uuid", "login.uuid", "UUID of 36 characters"))
    dob = _required_object(record, "dob")
    born = _required_text(dob, "date", "dob.date", "date YYYY-MM-DD")
    _date(born, "dob.date")
    name = _object(record, "name", "name")
    location = _object(record, "location", "location")
    registered = _object(record, "registered", "registered")
    street = None if location is None else _object(location, "street", "location.street")
    return Person(
        login=Login(uuid=identity, username=_text(login, "username", "login.username")),
        dob=Birth(date=born),
        gender=_text(record, "gender", "gender"),
        name=None
        if name is None
        else Name(
            title=_text(name, "title", "name.title"),
            first=_text(name, "first", "name.first"),
            last=_text(name, "last", "name.last"),
        ),
        location=None
        if location is None
        else Location(
            street=None
            if street is None
            else Street(
                number=_number(street, "number", "location.street.number"),
                name=_text(street, "name", "location.street.name"),
            ),
            city=_text(location, "city", "location.city"),
            state=_text(location, "state", "location.state"),
            country=_text(location, "country", "location.country"),
            postcode=_number(location, "postcode", "location.postcode"),
        ),
        email=_text(record, "email", "email"),
        registered=None
        if registered is None
        else Registration(date=_text(registered, "date", "registered.date")),
        nat=_text(record, "nat", "nat"),
        schema=_integer(record, "schema", "schema"),
    )


def _object(parent: dict[str, object], key: str, path: str) -> dict[str, object] | None:
    value = parent.get(key)
    if value is None or isinstance(value, dict):
        return value
    _check_missing(value, path, _OBJECT)
    return None


def _required_object(parent: dict[str, object], key: str) -> dict[str, object]:
    value = parent.get(key)
    if isinstance(value, dict):
        return value
    raise _required(value, key, "object")


def _text(parent: dict[str, object], key: str, path: str) -> str | None:
    value = parent.get(key)
    if value is None or isinstance(value, str):
        return value
    _check_missing(value, path, _TEXT)
    return None


def _required_text(parent: dict[str, object], key: str, path: str, expected: str) -> str:
    value = parent.get(key)
    if isinstance(value, str):
        return value
    raise _required(value, path, expected)


def _integer(parent: dict[str, object], key: str, path: str) -> int | None:
    value = parent.get(key)
    return None if value is None else _as_integer(value, path, "integer or null")


def _number(parent: dict[str, object], key: str, path: str) -> int | str | None:
    """Read the number of a house or a postal district, which may have letters: `12B`, `0150`."""
    value = parent.get(key)
    if value is None or isinstance(value, str):
        return value
    return _as_integer(value, path, "integer, text or null")


def _as_integer(value: object, path: str, expected: str) -> int | None:
    """Take an integer, also one that is written as a float.

    `75007.0` is an integer to JSON Schema (2020-12, Core, section 4.2.1), and what pandas, Spark
    and spreadsheets make of 75007. A boolean is one to Python only.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    _check_missing(value, path, expected)
    return None


def _check_missing(value: object, path: str, expected: str) -> None:
    """Take NaN for what is missing, as pandas writes it; refuse a value of any other type."""
    if not _is_nan(value):
        raise _Refused(RejectionReason.TYPE, path, expected)


def _required(value: object, path: str, expected: str) -> _Refused:
    missing = value is None or _is_nan(value)
    return _Refused(RejectionReason.MISSING if missing else RejectionReason.TYPE, path, expected)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _clean(person: PersonFields) -> tuple[Person, date, date | None]:
    """Bring a typed person to normal form and read the dates, or refuse it."""
    identity = _identity(person.login.uuid)
    born = _date(person.dob.date, "dob.date")
    if person.schema is not None and not 1 <= person.schema <= SCHEMA_VERSION:
        raise _Refused(
            RejectionReason.SCHEMA, "schema", f"schema version of at most {SCHEMA_VERSION}"
        )
    since = None if person.registered is None else person.registered.date
    registered_on = None if since is None else _date(since, "registered.date")
    clean = Person(
        login=Login(uuid=identity, username=_clean_text(person.login.username, "login.username")),
        dob=Birth(date=person.dob.date),
        gender=_clean_text(person.gender, "gender"),
        name=None if person.name is None else _clean_name(person.name),
        location=None if person.location is None else _clean_location(person.location),
        email=_clean_email(person.email),
        registered=None if person.registered is None else Registration(date=since),
        nat=_clean_text(person.nat, "nat"),
        schema=person.schema,
    )
    return clean, born, registered_on


def _identity(uuid: str) -> PersonId:
    identity = canonical_id(uuid)
    if identity is None:
        raise _Refused(RejectionReason.ID, "login.uuid", "UUID of 36 characters")
    return identity


def _clean_text(text: str | None, path: str, *, limit: int = MAXIMUM_LENGTH) -> str | None:
    clean = None if text is None else cleaned(text, limit=limit)
    if isinstance(clean, RejectionReason):
        raise _refused(clean, path, limit)
    return clean


def _clean_email(email: str | None) -> str | None:
    if email is None or email.isascii():  # which nearly all are: nothing in it can be invisible
        return _clean_text(email, "email", limit=MAXIMUM_EMAIL_LENGTH)
    clean = cleaned_email(email)
    if isinstance(clean, RejectionReason):
        raise _refused(clean, "email", MAXIMUM_EMAIL_LENGTH)
    return clean


def _refused(reason: RejectionReason, path: str, limit: int) -> _Refused:
    expected = f"at most {limit} characters" if reason is RejectionReason.LENGTH else _TEXT
    return _Refused(reason, path, expected)


def _date(text: str, path: str) -> date:
    day = civil_date(text)
    if day is None:
        raise _Refused(RejectionReason.DATE, path, "date YYYY-MM-DD")
    return day


def _clean_name(name: NameFields) -> Name:
    clean = Name(
        title=_clean_text(name.title, "name.title"),
        first=_clean_text(name.first, "name.first"),
        last=_clean_text(name.last, "name.last"),
    )
    _check_length(naming.full_name(clean.first, clean.last), "name")
    return clean


def _clean_location(location: LocationFields) -> Location:
    street = None
    if location.street is not None:
        street = Street(
            number=_clean_number(location.street.number, "location.street.number"),
            name=_clean_text(location.street.name, "location.street.name"),
        )
    clean = Location(
        street=street,
        city=_clean_text(location.city, "location.city"),
        state=_clean_text(location.state, "location.state"),
        country=_clean_text(location.country, "location.country"),
        postcode=_clean_number(location.postcode, "location.postcode"),
    )
    _check_length(address.of_location(clean, None), "location")  # as long in any country's order
    return clean


def _clean_number(value: int | str | None, path: str) -> int | str | None:
    if isinstance(value, str):
        return _clean_text(value, path)
    if value is not None and not 0 <= value < MAXIMUM_INTEGER:
        raise _Refused(RejectionReason.LENGTH, path, "integer from 0 on, at most 12 digits")
    return value


def _check_length(composed: str | None, path: str) -> None:
    if composed is not None and len(composed) > MAXIMUM_LENGTH:
        raise _Refused(
            RejectionReason.LENGTH, path, f"at most {MAXIMUM_LENGTH} characters together"
        )
