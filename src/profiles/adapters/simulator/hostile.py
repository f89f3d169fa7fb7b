"""Records made to break a reader: each kind by name.

Most can't be read as a person. Some can, and are odd (an id in capitals, foreign keys, marks on
letters): what must not happen is a crash, an error that shows a value, or a secret that is kept.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from profiles.adapters.simulator.encoding import encode, encode_with, put
from profiles.adapters.simulator.hostile_values import MISSING, RAW, VALUES
from profiles.adapters.simulator.marking import mark_personal

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a hostile record is made with.

    secret: stands in every text that must never be shown nor kept.
    marked: also the rest of a minor is to be marked with it.
    minor_dob: the `dob` of a minor.
    """

    secret: str
    marked: bool
    minor_dob: JsonObject


_Make = Callable[[JsonObject, Means], bytes]


def _fill(value: Any, secret: str) -> Any:  # noqa: ANN401 - any JSON value
    """Put the secret in its places, in keys and values at any depth."""
    match value:
        case str():
            return value.replace("{secret}", secret)
        case list():
            return [_fill(each, secret) for each in value]
        case dict():
            return {_fill(key, secret): _fill(each, secret) for key, each in value.items()}
        case _:
            return value


def _without(path: str, person: JsonObject, _means: Means) -> bytes:
    *parents, key = path.split(".")
    record = person
    for parent in parents:
        record = record[parent]
    del record[key]
    return encode(person)


def _value(path: str, value: Any, person: JsonObject, means: Means) -> bytes:  # noqa: ANN401
    put(person, path, _fill(value, means.secret))
    return encode(person)


def _raw(path: str, raw: bytes, person: JsonObject, _means: Means) -> bytes:
    return encode_with(person, path, raw)


def _whole(text: str, _person: JsonObject, means: Means) -> bytes:
    return text.replace("{secret}", means.secret).encode()


def _with_id(change: Callable[[str], str], person: JsonObject, _means: Means) -> bytes:
    put(person, "login.uuid", change(person["login"]["uuid"]))
    return encode(person)


def _with_foreign_keys(person: JsonObject, means: Means) -> bytes:
    secret = means.secret
    foreign = {secret: secret, "ssn": secret, "$set": {"nat": secret}, "__proto__": {secret: 1}}
    for part in (person, person["name"], person["location"]["street"], person["login"]):
        part.update(foreign)
    return encode(person)


def _with_second(keys: str, person: JsonObject, _means: Means) -> bytes:
    return encode(person)[:-1] + b"," + keys.encode() + b"}"


def _make_minor(person: JsonObject, means: Means) -> None:
    person["dob"] = dict(means.minor_dob)
    if means.marked:
        mark_personal(person, means.secret)


def _with_minor_behind(person: JsonObject, means: Means) -> bytes:
    """Repeat `dob`: JSON readers take the last, and that one is a minor's."""
    adult = person["dob"]
    _make_minor(person, means)
    minor, person["dob"] = person["dob"], adult
    return encode(person)[:-1] + b',"dob":' + encode(minor) + b"}"


def _malformed_minor(path: str, value: Any, person: JsonObject, means: Means) -> bytes:  # noqa: ANN401
    _make_minor(person, means)
    return _value(path, value, person, means)


def _minor_without_id(person: JsonObject, means: Means) -> bytes:
    _make_minor(person, means)
    return _without("login.uuid", person, means)


# Those that a JSON reader takes: they may stand in a response beside others.
_READABLE: Final[dict[str, _Make]] = {
    **{text: partial(_whole, text) for text in ("null", "true", "17", "-1.5e3", "{}", "[]", '""')},
    "a list": partial(_whole, '["{secret}",1]'),
    "a text": partial(_whole, '"{secret}"'),
    "an error": partial(_whole, '{"error":"{secret}"}'),
    **{kind: partial(_without, path) for kind, path in MISSING.items()},
    **{kind: partial(_value, *at) for kind, at in VALUES.items()},
    "id in capitals": partial(_with_id, str.upper),
    "id without dashes": partial(_with_id, lambda text: text.replace("-", "")),
    "id in braces": partial(_with_id, lambda text: f"{{{text}}}"),
    "id as a name": partial(_with_id, lambda text: f"urn:uuid:{text}"),
    "id with blanks": partial(_with_id, lambda text: f" {text}\n"),
    "foreign keys": _with_foreign_keys,
    "second birth date of a minor": _with_minor_behind,
    "second login": partial(_with_second, '"login":null'),
    "minor with a number for a name": partial(_malformed_minor, "name", 5),
    "minor with a list for a city": partial(_malformed_minor, "location.city", ["{secret}"]),
    "minor with too long a text": partial(_malformed_minor, "name.last", "{secret}" * 99),
    "minor without id": _minor_without_id,
}

# Those that some JSON readers refuse, and with them the whole response they stand in.
_BREAKING: Final[dict[str, _Make]] = {
    "empty": partial(_whole, ""),
    "not JSON": partial(_whole, "{secret}"),
    "an open quote": partial(_whole, '{"login":"{secret}'),
    "HTML": partial(_whole, "<!doctype html><title>502 {secret}</title>"),
    "cut short": lambda person, _means: encode(person)[:-500],
    "twice": lambda person, _means: encode(person) * 2,
    "byte order mark": lambda person, _means: b"\xef\xbb\xbf" + encode(person),
    "UTF-16": lambda person, _means: json.dumps(person).encode("utf-16"),
    "Latin-1": lambda person, _means: encode(person | {"name": {"first": "Zoe"}}).replace(
        b"Zoe", b"Zo\xeb"
    ),
    **{kind: partial(_raw, *at) for kind, at in RAW.items()},
}

_KINDS: Final = _READABLE | _BREAKING

HOSTILE_KINDS: Final = tuple(_KINDS)
"""The names of all kinds."""


def hostile_record(kind: str, person: JsonObject, means: Means) -> bytes:
    """Make a hostile record of a kind out of a person, an adult, who is changed by it."""
    return _KINDS[kind](person, means)


def breaks_a_response(kind: str) -> bool:
    """Tell whether a reader may refuse the whole response in which such a record stands."""
    return kind in _BREAKING
