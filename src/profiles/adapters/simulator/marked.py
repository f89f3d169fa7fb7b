"""Marked persons: each text of theirs stands nowhere else, so that it can be looked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from profiles.adapters.simulator.encoding import encode, put
from profiles.adapters.simulator.hostile import HOSTILE_KINDS, Means, hostile_record

JsonObject = dict[str, Any]

FORBIDDEN: Final = (
    *(f"login.{name}" for name in ("password", "salt", "md5", "sha1", "sha256")),
    *("phone", "cell", "id.name", "id.value"),
    *(f"picture.{name}" for name in ("large", "medium", "thumbnail")),
    *("location.coordinates.latitude", "location.coordinates.longitude"),
    *("location.timezone.description", "foreign"),
)
"""What no place may hold of anybody."""
_PERSONAL: Final = (
    *("name.title", "name.first", "name.last"),
    *("location.street.name", "location.city", "location.state", "location.postcode"),
    *("email", "login.username"),
)
_MORE: Final = range(3, 6)
_LARGEST: Final = 100_000
"""Bytes of a hostile message; larger ones say the same, and a broker may refuse them."""


class MarkedPerson(NamedTuple):
    """A person, with the texts that stand nowhere else by the paths of their fields."""

    whose: str
    record: JsonObject
    values: dict[str, str]


class MarkedMessage(NamedTuple):
    """A message made to break a reader, with the texts that stand nowhere else."""

    whose: str
    message: bytes
    values: dict[str, str]


def marked_adults(token: str, today: date) -> Sequence[MarkedPerson]:
    """Make an old adult, a young one, and three more.

    token: letters and digits that stand nowhere else.
    """
    return [
        _marked(token, "adult 1", date(1961, 3, 17), today),
        _marked(token, "adult 2", today - timedelta(days=30 * 365), today),
        *(_marked(token, f"adult {number}", date(1960 + number, 4, 18), today) for number in _MORE),
    ]


def marked_minors(token: str, today: date) -> Sequence[MarkedPerson]:
    """Make minors: a small child, one whose record is broken, and one of 17 years."""
    child = _marked(token, "minor 1", today - timedelta(days=400), today)
    broken = _marked(token, "minor 2", today - timedelta(days=800), today)
    put(broken.record, "location.city", [broken.values["location.city"]])
    older = _marked(token, "minor 3", today - timedelta(days=17 * 365), today)
    return [_with_own_domain(each, token) for each in (child, broken, older)]


def marked_hostile(token: str, today: date) -> Iterator[MarkedMessage]:
    """Make an adult who can't be read, and a hostile message of each kind that can hold a text."""
    unreadable = _with_own_domain(_marked(token, "unreadable", date(1962, 5, 19), today), token)
    put(unreadable.record, "location.city", {unreadable.values["location.city"]: 1})
    yield MarkedMessage("unreadable", encode(unreadable.record), unreadable.values)
    minor_born = f"{today - timedelta(days=1_200)}T00:00:00.000Z"
    for number, kind in enumerate(HOSTILE_KINDS):
        value = f"{token}hostile{number:03}x"
        record = _marked(token, f"base {number:03}", date(1970, 1, 2), today).record
        for path in FORBIDDEN:
            put(record, path, value)
        means = Means(secret=value, marked=True, minor_dob={"date": minor_born, "age": 3})
        message = hostile_record(kind, record, means)
        if value.encode() in message and len(message) <= _LARGEST:
            yield MarkedMessage(f"hostile ({kind})", message, {"": value})


def _marked(token: str, whose: str, born: date, today: date) -> MarkedPerson:
    name = whose.replace(" ", "")
    paths = (*_PERSONAL, *FORBIDDEN)
    values = {path: f"{token}{name}{number:02}x" for number, path in enumerate(paths)}
    identity = f"{token.encode().hex()[:8]}-{name.encode().hex()[-4:]}-4000-8000"
    digits = f"{int.from_bytes((token + name).encode(), 'big') % 16**12:012x}"
    values["login.uuid"] = f"{identity}-{digits}"
    values["email"] += "@example.com"
    record: JsonObject = {
        "gender": "female",
        "name": {},
        "location": {
            "street": {"number": 12},
            "country": "Denmark",
            "coordinates": {},
            "timezone": {"offset": "+1:00"},
        },
        "login": {},
        "dob": {"date": f"{born}T03:04:05.678Z", "age": today.year - born.year},
        "registered": {"date": "2015-03-02T10:11:12.131Z", "age": 1},
        "id": {},
        "picture": {},
        "nat": "DK",
    }
    for path, value in values.items():
        put(record, path, value)
    values["dob.date"] = str(born)
    return MarkedPerson(whose, record, values)


def _with_own_domain(person: MarkedPerson, token: str) -> MarkedPerson:
    """Mark the domain, too: that of an adult is counted, and shown on the page."""
    domain = f"{token}{person.whose.replace(' ', '')}.example"
    address = person.values["email"].replace("example.com", domain)
    put(person.record, "email", address)
    return person._replace(values={**person.values, "email": address, "email (domain)": domain})
