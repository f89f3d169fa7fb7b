"""Profiles as BSON, in one piece: what is written is what `documents.document_of` says.

The driver takes documents that are BSON already as they are. Laying one down takes 2.0 µs; making a
dictionary of it, and the driver's going through that, 3.6 (2026-11,
docs/decisions/0255-rows-are-laid-down-as-bytes.md). The format is that of https://bsonspec.org,
version 1.1.
"""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Callable
from struct import Struct
from typing import Any, Final

import bson
from bson.binary import UUID_SUBTYPE

from profiles.adapters.mongo.documents import day_of, field_of, midnight
from profiles.domain.columns import COLUMNS, FIELDS, Column, ColumnKind
from profiles.domain.profile import Profile
from profiles.domain.written import Written

_INT: Final = Struct("<i").pack
_LONG: Final = Struct("<q").pack
_STRING, _BINARY, _NULL, _INT64 = b"\x02", b"\x05", b"\x0a", b"\x12"
_UUID: Final = bytes([UUID_SUBTYPE])

Encode = Callable[[Profile, int], bytes]
"""Writes a profile with its version."""


def _head(kind: bytes, column: Column) -> bytes:
    return kind + field_of(column).encode() + b"\0"


def _elements(column: Column, *, limit: int) -> Written[Any]:
    """Give a table of the elements of a column that hold its values, as the driver writes them."""
    name = field_of(column)
    made: Callable[[Any], Any] = {
        ColumnKind.DAY: day_of,
        ColumnKind.MIDNIGHT: midnight,
    }.get(column.kind, lambda value: value)

    def write(value: object) -> bytes:
        document = {name: None if value is None else made(value)}
        return bson.encode(document)[4:-1]  # less the length before and the zero behind

    return Written(write, limit=limit)


def _lengths(column: Column) -> Written[int]:
    """Give a table of what stands before a text, by its length in bytes."""
    head = _head(_STRING, column)
    return Written(lambda length: head + _INT(length + 1), limit=10_000)


def _id_heads(column: Column) -> Written[int]:
    """Give a table of what stands before an id: 16 bytes, all but in tests."""
    head = _head(_BINARY, column)
    return Written(lambda length: head + _INT(length) + _UUID, limit=10_000)


_PARTS: Final[dict[ColumnKind, str]] = {
    ColumnKind.ID: "{0}_heads[len({0})], {0}",
    ColumnKind.TEXT: "{0}_head, {0}, zero",
    ColumnKind.VERSION: "{0}_head, long({0}), zero",
}
"""The expressions for what is written of columns whose values are seldom the same."""

_ID: Final = """
        {0} = unhexlify({0}.replace("-", ""))"""

_TEXT: Final = """
        if {0} is None:
            {0}_head, {0} = {0}_null, nothing
        else:
            {0} = {0}.encode()
            {0}_head = {0}_lengths[len({0})]"""


def _written_out() -> Callable[[], Encode]:
    """Write out the function that the columns ask for, as `dataclasses` do."""
    known: dict[str, Any] = {
        "join": b"".join,
        "int": _INT,
        "long": _LONG,
        "unhexlify": unhexlify,
        "nothing": b"",
        "zero": b"\0",  # behind a text, behind a name, and behind the document
    }
    tables, steps, parts = [], [], []
    for column in COLUMNS:
        name, kind = column.name, column.kind
        if column.shared or kind not in _PARTS:
            parts.append(f"{name}_elements[{name}]")
            if column.shared:
                known[f"{name}_column"] = column
                tables.append(f"    {name}_elements = elements({name}_column, limit=10_000)\n")
            else:
                known[f"{name}_elements"] = _elements(column, limit=10_000)
            continue
        parts.append(_PARTS[kind].format(name))
        if kind is ColumnKind.TEXT:
            steps.append(_TEXT.format(name))
            known[f"{name}_lengths"] = _lengths(column)
            known[f"{name}_null"] = _head(_NULL, column)[:-1]
        elif kind is ColumnKind.ID:
            steps.append(_ID.format(name))
            known[f"{name}_heads"] = _id_heads(column)
        else:
            known[f"{name}_head"] = _head(_INT64, column)
    known["elements"] = _elements
    source = (
        f"def encoder():\n{''.join(tables)}"
        f"    def encode(profile, version):\n"
        f"        {', '.join(column.name for column in FIELDS)} = profile"
        f"{''.join(steps)}\n"
        f"        body = join(({', '.join(parts)}))\n"
        f"        return int(len(body) + 4) + body\n"
        f"    return encode"
    )
    exec(source, known)  # noqa: S102 - made of this project's own words
    made: Callable[[], Encode] = known["encoder"]
    return made


encoder: Final = _written_out()
"""Make what writes profiles as documents of `users`.

For one chunk: it keeps what it has written of the texts that many persons have.
"""
