"""The fast way between JSON and persons, by msgspec: several times faster than `json`.

It fills objects that have the fields of a person and nothing else. Whatever does not fit them at
once is read again by the rule, `profiles.application.log.messages.decode`; a property says that
both agree.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import reduce
from operator import or_
from types import GenericAlias
from typing import Any, Final, get_args, get_type_hints

import msgspec

from profiles.application.log import messages
from profiles.domain.outcome import Rejected
from profiles.domain.person import (
    DATE_LENGTH,
    SCHEMA_VERSION,
    Birth,
    Location,
    Login,
    Name,
    Person,
    PersonFields,
    Registration,
    Street,
)

_new_records: Final = tuple.__new__
"""In half the time of calling `Records`, whose arguments a function in Python passes on."""


def _filling(person: type[Any]) -> Callable[[bytes], messages.Records | Rejected]:
    """Return what reads a message as the rule does, and the usual ones faster.

    person: what it fills for each.
    """
    # A document with a `login` is a person, whatever else it has.
    results: Any = GenericAlias(list, person)
    response: Any = msgspec.defstruct("Response", [("results", results), ("login", None, None)])
    person_in = msgspec.json.Decoder(person).decode
    response_in = msgspec.json.Decoder(response).decode

    def decode(message: bytes) -> messages.Records | Rejected:
        content = messages.content(message) if message[:1] == b"\0" else message
        try:
            if not content.isascii():
                content.decode()  # msgspec checks only what it takes; the rule wants all in UTF-8
            if content.startswith(b'{"results"'):
                return _new_records(messages.Records, (response_in(content).results, True))
            return _new_records(messages.Records, ((person_in(content),), False))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return messages.decode(message)

    return decode


def _shows_no_value(filled: msgspec.Struct) -> str:
    """Show what it is alone: a repr ends up in logs and tracebacks."""
    return f"{type(filled).__name__}(...)"


def _lighter(kind: type[Any], **methods: Callable[..., object]) -> type[msgspec.Struct]:
    """Make a type with the fields of a type of the domain, in less memory and without a collector.

    kind: a dataclass; its base says what is read of it, and is the base of the new type, too.
    methods: beside those of the base.
    """
    hints = get_type_hints(kind)
    fields = [
        (field.name, _lighter_in(hints[field.name]))
        if field.default is dataclasses.MISSING
        else (field.name, _lighter_in(hints[field.name]), field.default)
        for field in dataclasses.fields(kind)
    ]
    return msgspec.defstruct(
        f"Lighter{kind.__name__}",
        fields,
        bases=(msgspec.Struct, *kind.__bases__),
        namespace={"__repr__": _shows_no_value, **methods},
        frozen=True,
        gc=False,  # what JSON is decoded into has no cycles
    )


def _lighter_in(hint: Any) -> Any:  # noqa: ANN401 - a hint has no type of its own
    """Put lighter types into a hint for those of the domain."""
    parts: tuple[type[Any], ...] = get_args(hint) or (hint,)
    lighter = [_LIGHTER.get(one, one) for one in parts]
    return reduce(or_, lighter)


def _for_the_log(person: Any) -> PersonFields:  # noqa: ANN401 - a type that is made below
    """Return a person as `Person.for_the_log` does, in an eighth of the time."""
    since = None if person.registered is None else person.registered.date
    # By place, in the order of the fields: by name takes longer.
    filled: PersonFields = _LIGHTER[Person](
        person.login,
        _LIGHTER[Birth](person.dob.date[:DATE_LENGTH]),
        person.gender,
        person.name,
        person.location,
        person.email,
        None if since is None else _LIGHTER[Registration](since[:DATE_LENGTH]),
        person.nat,
        SCHEMA_VERSION,
    )
    return filled


_LIGHTER: Final[dict[type[Any], Any]] = {}
for _part in (Login, Birth, Name, Street, Location, Registration):
    _LIGHTER[_part] = _lighter(_part)
_LIGHTER[Person] = _lighter(Person, for_the_log=_for_the_log)


decode: Final = _filling(Person)
"""Read a message; the same as the rule for every message, only faster for the usual ones."""

decode_for_deciding: Final = _filling(_LIGHTER[Person])
"""Read a message whose persons are only decided about: the same, and faster again.

What it fills for a person has the same fields as a `Person`, which takes longer to fill and to be
rid of (docs/decisions/0250-what-is-only-decided-is-decoded-into-lighter-objects.md).
"""

_ENCODER: Final = msgspec.json.Encoder()


def encode(person: PersonFields) -> bytes:
    """Write a minimised person as JSON in UTF-8: the same, whichever decoder has filled it."""
    return _ENCODER.encode(person)
