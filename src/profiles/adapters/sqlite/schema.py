"""The tables of a profile store in a SQLite file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from profiles.adapters.sqlite import counting
from profiles.adapters.sqlite.kind import Kind
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


def _defined(column: Column) -> str:
    if column.kind is ColumnKind.ID:
        return f"{TYPES[column.kind]} PRIMARY KEY"
    return TYPES[column.kind] if column.nullable else f"{TYPES[column.kind]} NOT NULL"


CORRECTIONS: Final = "corrections"
"""The column of `users` with what was corrected of a profile, as JSON; null where nothing was."""

_USERS: Final = {**{column.name: _defined(column) for column in COLUMNS}, CORRECTIONS: "TEXT"}

POLICIES: Final = """
    CREATE TABLE policies (
        number INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        event TEXT NOT NULL CHECK (event IN ('adopted', 'applied')),
        fingerprint TEXT NOT NULL,
        deciding TEXT NOT NULL,
        settings TEXT NOT NULL,
        weaker TEXT NOT NULL
    ) STRICT
"""
OUTBOX: Final = """
    CREATE TABLE outbox (
        id TEXT PRIMARY KEY,
        version INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
"""

RESTRICTED: Final = """
    CREATE TABLE restricted (
        id TEXT PRIMARY KEY,
        row TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
"""
"""Rows of `users` that are kept apart, each as a JSON object by the names of the columns."""

_STEPS: Final[Mapping[int, str]] = {
    2: """
    CREATE TABLE store (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        ledger_position INTEGER NOT NULL
    ) STRICT;
    INSERT INTO store SELECT 1, coalesce(max(ledger_position), 0) FROM writers;
    CREATE TABLE writers_of_3 (
        writer INTEGER PRIMARY KEY,
        topic_id TEXT NOT NULL,
        partition INTEGER NOT NULL,
        position INTEGER,
        UNIQUE (topic_id, partition)
    ) STRICT;
    INSERT INTO writers_of_3 SELECT writer, topic_id, partition, position FROM writers;
    DROP TABLE writers;
    ALTER TABLE writers_of_3 RENAME TO writers;
    CREATE TABLE migrations (
        from_version INTEGER NOT NULL,
        to_version INTEGER NOT NULL,
        added TEXT NOT NULL,
        at TEXT NOT NULL
    ) STRICT;
    ALTER TABLE quarantine ADD COLUMN place TEXT
    """,
    3: f"""
    {POLICIES};
    {OUTBOX};
    ALTER TABLE quarantine ADD COLUMN further INTEGER NOT NULL DEFAULT 0
    """,
    4: f"""
    {RESTRICTED};
    ALTER TABLE store ADD COLUMN ledger_seal TEXT;
    ALTER TABLE store ADD COLUMN ledger_carried_out INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE store ADD COLUMN ledger_identity TEXT;
    UPDATE store SET ledger_carried_out = ledger_position
    """,  # noqa: S608 - this project's own words
}
"""From each earlier schema version to the next one. Columns of `users` need no step: those that are
missing are added by their definition."""


KIND: Final = Kind(
    name="profile store",
    application_id=0x50524F53,
    version=5,
    schema=f"""
    CREATE TABLE users (
        {", ".join(f"{name} {definition}" for name, definition in _USERS.items())}
    ) STRICT;
    CREATE TABLE store (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        ledger_position INTEGER NOT NULL,
        ledger_seal TEXT,
        ledger_carried_out INTEGER NOT NULL DEFAULT 0,
        ledger_identity TEXT
    ) STRICT;
    INSERT INTO store VALUES (1, 0, NULL, 0, NULL);
    CREATE TABLE migrations (
        from_version INTEGER NOT NULL,
        to_version INTEGER NOT NULL,
        added TEXT NOT NULL,
        at TEXT NOT NULL
    ) STRICT;
    {POLICIES};
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
        position INTEGER,
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
        place TEXT,
        further INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (writer, offset, ordinal)
    ) STRICT, WITHOUT ROWID;
    {OUTBOX};
    {RESTRICTED}
    """,  # noqa: S608 - this project's own words
    steps=_STEPS,
    columns=_USERS,
    opened_by="`profiles run` or `profiles process`",
)
