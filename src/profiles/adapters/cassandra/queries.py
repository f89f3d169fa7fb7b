"""Statements with their values as a batch of Cassandra's binary protocol has them, in one piece.

What is written is what `rows` says, value by value. Laying a row down at once takes 1.9 µs instead
of 6.5 (2026-11), most of it the driver's own: it writes each value by itself
(docs/decisions/0255-rows-are-laid-down-as-bytes.md). The formats are those of the protocol's
specification, version 4, section 4.1.7.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any, Final, NamedTuple

from cassandra.query import PreparedStatement

from profiles.adapters.cassandra.rows import WRITTEN, Cells
from profiles.domain.columns import FIELDS, Column, ColumnKind
from profiles.domain.profile import Profile
from profiles.domain.written import Written

_PREPARED: Final = b"\x01"
_SHORT: Final = Struct(">H").pack
_INT: Final = Struct(">i")
_NULL: Final = _INT.pack(-1)
_LAST: Final = Struct(">iqiqii").pack
"""The last three values of a row, each after its length: version, timestamp, time to live."""

Encode = Callable[[bytes, Profile, int, int], bytes]
"""Writes a row, given the key, the profile, its version and the seconds that it may live."""


class Prepared(NamedTuple):
    """A prepared statement.

    head: what a query of it begins with in a batch, before its values.
    """

    statement: PreparedStatement
    head: bytes

    @classmethod
    def of(cls, statement: PreparedStatement, *, values: int) -> Prepared:
        """Tell how its queries begin; values: how many it takes."""
        name: Any = statement.query_id  # the driver has no types
        return cls(statement, _PREPARED + _SHORT(len(name)) + name + _SHORT(values))

    def query(self, cells: Cells) -> bytes:
        """Write a query of it, value by value."""
        return self.head + b"".join(map(_cell, cells))

    def cells(self, query: bytes) -> Cells:
        """Take the values of a query of it apart again."""
        cells: Cells = []
        place = len(self.head)
        while place < len(query):
            (length,) = _INT.unpack_from(query, place)
            place += _INT.size
            cells.append(None if length < 0 else query[place : place + length])
            place += max(length, 0)
        return cells


def _cell(value: bytes | None) -> bytes:
    return _NULL if value is None else _INT.pack(len(value)) + value


def _written(kind: ColumnKind, *, limit: int) -> Written[Any]:
    write = WRITTEN[kind]
    return Written(lambda value: _cell(None if value is None else write(value)), limit=limit)


def _texts() -> Written[str | None]:
    """Give a table of texts that many persons have, for one chunk: it keeps what is theirs."""
    return Written(lambda text: _cell(None if text is None else text.encode()), limit=10_000)


_PARTS: Final[dict[ColumnKind, str]] = {
    ColumnKind.ID: "lengths[len(key)], key",
    ColumnKind.TEXT: "{0}_length, {0}",
    ColumnKind.NUMBER: "numbers[{0}]",
    ColumnKind.DAY: "days[{0}]",
    ColumnKind.MIDNIGHT: "midnights[{0}]",
}
"""The expression for what is written of each kind of column."""


_TEXT: Final = """
        if {0} is None:
            {0}_length, {0} = null, nothing
        else:
            {0} = {0}.encode()
            {0}_length = lengths[len({0})]"""
"""What comes before, for a text that few persons share."""


def _part(column: Column) -> str:
    """Return the expression for what is written of a column."""
    if column.shared:
        return f"texts[{column.name}]"
    return _PARTS[column.kind].format(column.name)


def _written_out() -> Callable[[bytes], Encode]:
    """Write out the function that the columns ask for, as `dataclasses` do."""
    texts = [_TEXT.format(c.name) for c in FIELDS if c.kind is ColumnKind.TEXT and not c.shared]
    source = (
        "def encoder(head):\n"
        "    texts = new_texts()\n"
        "    def encode(key, profile, version, ttl_s):\n"
        f"        {', '.join(column.name for column in FIELDS)} = profile"
        f"{''.join(texts)}\n"
        f"        return join((head, {', '.join(map(_part, FIELDS))},"
        " last(8, version, 8, version, 4, ttl_s)))\n"
        "    return encode"
    )
    namespace: dict[str, Any] = {
        "new_texts": _texts,
        "null": _NULL,
        "nothing": b"",
        "lengths": Written(_INT.pack, limit=10_000),
        "numbers": _written(ColumnKind.NUMBER, limit=1_000),
        "days": _written(ColumnKind.DAY, limit=10_000),  # twenty-seven years of registrations
        "midnights": _written(ColumnKind.MIDNIGHT, limit=1_000),
        "last": _LAST,
        "join": b"".join,
    }
    exec(source, namespace)  # noqa: S102 - made of this project's own words
    made: Callable[[bytes], Encode] = namespace["encoder"]
    return made


encoder: Final = _written_out()
"""Make what writes rows as queries of an INSERT, given the head of its queries.

For one chunk: it keeps what it has written of the texts that many persons have.
"""
