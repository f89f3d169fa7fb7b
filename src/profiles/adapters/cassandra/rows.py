"""Rows as Cassandra's binary protocol writes them, and how long they live.

The driver's own binding costs 20 µs a row, this 3 (2026-11): it looks up each column's type and
asks each value for its own. The formats are those of the protocol's specification, version 4,
section 6.
"""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from struct import Struct
from typing import Any, Final

from cassandra.util import Date

from profiles.domain.columns import FIELDS, ColumnKind
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile

Cells = list[bytes | None]
"""The values of a statement, None for a null."""

LAST_EXPIRY: Final = datetime(2038, 1, 19, 3, 14, 6, tzinfo=UTC)
"""The last moment at which a cell can expire: seconds are counted in 31 bits, but in clusters that
have nothing older than Cassandra 5.0 and say so."""
LONGEST_TTL_S: Final = 20 * 365 * 24 * 60 * 60
"""Cassandra's own limit."""

_INT: Final = Struct(">i").pack
_BIGINT: Final = Struct(">q").pack
_DATE: Final = Struct(">I").pack
_EPOCH: Final = date(1970, 1, 1).toordinal()
_DATE_OF_EPOCH: Final = (1 << 31) - _EPOCH
_MS_OF_DAY: Final = 24 * 60 * 60 * 1000


def time_to_live(expires_at: date, now: datetime) -> int | None:
    """Return for how many seconds a row may live, or None if it has expired.

    expires_at: the UTC date at whose beginning it expires. now: aware.

    Zero means without limit, as it does to Cassandra: for what expires later than a cell can.
    Such a row is left to the sweep; shortening its life would lose what is rightly held.
    """
    end = datetime.combine(expires_at, time(), UTC)
    seconds = int((end - now).total_seconds())
    if seconds <= 0:
        return None
    return 0 if end > LAST_EXPIRY or seconds > LONGEST_TTL_S else seconds


def key(person: PersonId) -> bytes:
    """Write an id as the partition key."""
    return unhexlify(person.replace("-", ""))


def _date(day: date) -> bytes:
    """Write a date: days since 1970, shifted to the middle of 32 bits."""
    return _DATE(day.toordinal() + _DATE_OF_EPOCH)


def _midnight(day: date) -> bytes:
    """Write the moment at which a day begins, UTC: milliseconds since 1970."""
    return _BIGINT((day.toordinal() - _EPOCH) * _MS_OF_DAY)


WRITTEN: Final[Mapping[ColumnKind, Callable[[Any], bytes]]] = {
    ColumnKind.ID: key,
    ColumnKind.NUMBER: _INT,
    ColumnKind.DAY: _date,
    ColumnKind.MIDNIGHT: _midnight,
}
"""How a value of each kind is written; the two left out are seen to in `inserted`."""
_TEXTS: Final = tuple(
    place for place, column in enumerate(FIELDS) if column.kind is ColumnKind.TEXT
)
_OTHERS: Final = tuple(
    (place, WRITTEN[column.kind])
    for place, column in enumerate(FIELDS)
    if column.kind is not ColumnKind.TEXT
)


def inserted(profile: Profile, version: int, ttl_s: int) -> Cells:
    """Write what an INSERT takes: the columns in order, the timestamp, the time to live.

    A null is written as such, also of a person who is new. It costs a tombstone, of which real
    persons have hardly any, and it is what keeps the promise that the newest version wins whole: a
    column left out lets an older value through, of a row whose deletion is still to come after a
    crash between the two stores, or of a write that arrives late.
    """
    cells: list[Any] = [*profile]
    for place in _TEXTS:  # apart from the others: a call for each of them would show
        text = cells[place]
        if text is not None:
            cells[place] = text.encode()
    for place, written in _OTHERS:
        value = cells[place]
        if value is not None:
            cells[place] = written(value)
    timestamp = _BIGINT(version)
    cells += (timestamp, timestamp, _INT(ttl_s))
    return cells


def deleted(person: PersonId, version: int) -> Cells:
    """Write what a DELETE takes: the timestamp and the id."""
    return [_BIGINT(version), key(person)]


_READ: Final[Mapping[ColumnKind, Callable[[Any], Any]]] = {
    ColumnKind.ID: str,
    ColumnKind.DAY: Date.date,
    ColumnKind.MIDNIGHT: datetime.date,
}
"""What the driver's own value of a kind becomes; the others stay as they are."""
_CONVERTED: Final = tuple(
    (place, _READ[column.kind]) for place, column in enumerate(FIELDS) if column.kind in _READ
)


def read(row: Sequence[Any]) -> tuple[Profile, int]:
    """Read a row: the columns in order."""
    *values, version = row
    for place, converted in _CONVERTED:
        value = values[place]
        if value is not None:
            values[place] = converted(value)
    return Profile._make(values), version
