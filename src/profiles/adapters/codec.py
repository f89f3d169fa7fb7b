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
from profiles.domain.person import Person

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


def _lighter(kind: type[Any]) -> type[msgspec.Struct]:
    """Make a type with the fields of a type of the domain, in less memory and without a collector.

    kind: a dataclass; its base says what is read of it, and is the base of the new type, too.
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
        namespace={"__repr__": _shows_no_value},
        frozen=True,
        gc=False,  # what JSON is decoded into has no cycles
    )


def _lighter_in(hint: Any) -> Any:  # noqa: ANN401 - a hint has no type of its own
    """Put lighter types into a hint for those of the domain."""
    parts: tuple[type[Any], ...] = get_args(hint) or (hint,)
    lighter = [_lighter(one) if one.__module__ == Person.__module__ else one for one in parts]
    return reduce(or_, lighter)


decode: Final = _filling(Person)
"""Read a message; the same as the rule for every message, only faster for the usual ones."""

decode_for_deciding: Final = _filling(_lighter(Person))
"""Read a message whose persons are only decided about: the same, and faster again.

What it fills for a person has the same fields as a `Person`, which takes longer to fill and to be
rid of (docs/decisions/0250-what-is-only-decided-is-decoded-into-lighter-objects.md).
"""

_ENCODER: Final = msgspec.json.Encoder()


def encode(person: Person) -> bytes:
    """Write a minimised person as JSON in UTF-8."""
    return _ENCODER.encode(person)
