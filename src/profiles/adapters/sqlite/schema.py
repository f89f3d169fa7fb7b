"""The tables of a profile store in a SQLite file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from profiles.adapters.sqlite import counting
from profiles.adapters.sqlite.database import Kind
from profiles.domain.columns import COLUMNS, Column, ColumnKind

TYPES: Final[Mapping[ColumnKind, str]] = {
    ColumnKind.ID: "TEXT",
    ColumnKind.TEXT: "TEXT",
    ColumnKind.NUMBER: "INTEGER",
    ColumnKind.DAY: "TEXT",
    ColumnKind.MIDNIGHT: "TEXT",
    ColumnKind.VERSION: "INTEGER",
}
"""How each kind of column is kept; dates as ISO text."""


def users_table() -> str:
    """Write the statement that makes the table of the profiles."""
    columns = ",\n        ".join(map(_defined, COLUMNS))
    return f"CREATE TABLE users (\n        {columns}\n    ) STRICT"


def _defined(column: Column) -> str:
    defined = f"{column.name} {TYPES[column.kind]}"
    if column.kind is ColumnKind.ID:
        return f"{defined} PRIMARY KEY"
    return defined if column.nullable else f"{defined} NOT NULL"


PROFILE_STORE: Final = Kind(
    name="profile store",
    application_id=0x50524F53,
    version=2,
    schema=f"""
    {users_table()};
    CREATE TABLE epochs (
        epoch INTEGER PRIMARY KEY,
        topic_id TEXT NOT NULL,
        partitions INTEGER NOT NULL,
        firsts TEXT NOT NULL
    ) STRICT;
    CREATE TABLE writers (
        writer INTEGER PRIMARY KEY,
        topic_id TEXT NOT NULL,
        partition INTEGER NOT NULL,
        position INTEGER NOT NULL,
        ledger_position INTEGER NOT NULL,
        UNIQUE (topic_id, partition)
    ) STRICT;
    {counting.CELLS};
    CREATE TABLE email_domains (
        writer INTEGER NOT NULL REFERENCES writers,
        email_domain TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (writer, email_domain)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE counts (
        writer INTEGER NOT NULL REFERENCES writers,
        kind TEXT NOT NULL CHECK (kind IN ('read', 'outcome', 'reason')),
        name TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (writer, kind, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE arrivals (
        minute TEXT NOT NULL,
        writer INTEGER NOT NULL REFERENCES writers,
        count INTEGER NOT NULL,
        PRIMARY KEY (minute, writer)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE quarantine (
        writer INTEGER NOT NULL REFERENCES writers,
        offset INTEGER NOT NULL,
        ordinal INTEGER NOT NULL,
        partitions INTEGER NOT NULL,
        logged_at TEXT NOT NULL,
        reason TEXT NOT NULL,
        path TEXT NOT NULL,
        expected TEXT NOT NULL,
        PRIMARY KEY (writer, offset, ordinal)
    ) STRICT, WITHOUT ROWID
    """,
)
