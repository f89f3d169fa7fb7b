"""The tables of a profile store in a SQLite file."""

from __future__ import annotations

from typing import Final

from profiles.adapters.sqlite import counting
from profiles.adapters.sqlite.database import Kind

KIND: Final = Kind(
    name="profile store",
    application_id=0x50524F53,
    version=3,
    schema=f"""
    CREATE TABLE users (
        id TEXT PRIMARY KEY,
        username TEXT,
        gender TEXT,
        title TEXT,
        full_name TEXT,
        full_address TEXT,
        city TEXT,
        country TEXT,
        nationality TEXT,
        email TEXT,
        email_domain TEXT,
        age INTEGER NOT NULL,
        birth_month TEXT NOT NULL,
        registered_on TEXT,
        as_of TEXT NOT NULL,
        expires_at TEXT NOT NULL,
        version INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE store (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        ledger_position INTEGER NOT NULL
    ) STRICT;
    INSERT INTO store VALUES (1, 0);
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
        PRIMARY KEY (writer, offset, ordinal)
    ) STRICT, WITHOUT ROWID
    """,  # noqa: S608 - this module's own words
)
