"""The columns of a stored profile: what each is called, what it holds, and whether it may be null.

This is the only list of them. Every store derives from it how a profile is stored, written and read
there, and so do exports and the table in `docs/fields.md`. What else a new field needs is in
`docs/howto/add-a-field.md`.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple


class ColumnKind(Enum):
    """What a column holds; each store has a type of its own for it."""

    ID = "id"
    """A UUID in canonical form, lower case: the key."""
    TEXT = "text"
    NUMBER = "number"
    """An integer of 32 bits."""
    DAY = "day"
    """A civil date."""
    MIDNIGHT = "midnight"
    """A UTC date, for the moment at which it begins."""
    VERSION = "version"
    """An integer of 63 bits: the place in the log, see `profiles.domain.version`."""


class Column(NamedTuple):
    """A column of a stored profile.

    nullable: a column that is added to stores that hold profiles already has to be.
    shared: a text of which there are few, so that many persons have the same: what a store writes
        of it is worked out once for all of them.
    """

    name: str
    kind: ColumnKind
    nullable: bool = False
    shared: bool = False


COLUMNS: Final = (
    Column("id", ColumnKind.ID),
    Column("username", ColumnKind.TEXT, nullable=True),
    Column("gender", ColumnKind.TEXT, nullable=True, shared=True),
    Column("title", ColumnKind.TEXT, nullable=True, shared=True),
    Column("full_name", ColumnKind.TEXT, nullable=True),
    Column("full_address", ColumnKind.TEXT, nullable=True),
    Column("city", ColumnKind.TEXT, nullable=True),
    Column("country", ColumnKind.TEXT, nullable=True, shared=True),
    Column("nationality", ColumnKind.TEXT, nullable=True, shared=True),
    Column("email", ColumnKind.TEXT, nullable=True),
    Column("email_domain", ColumnKind.TEXT, nullable=True, shared=True),
    Column("age", ColumnKind.NUMBER),
    Column("birth_month", ColumnKind.TEXT, shared=True),
    Column("registered_on", ColumnKind.DAY, nullable=True),
    Column("as_of", ColumnKind.DAY),
    Column("expires_at", ColumnKind.MIDNIGHT),
    Column("version", ColumnKind.VERSION),
)
"""In the order used everywhere: that of the fields of `Profile`, then the version."""

NAMES: Final = tuple(column.name for column in COLUMNS)
FIELDS: Final = COLUMNS[:-1]
"""The columns that are fields of `Profile`; the version comes from the log."""
