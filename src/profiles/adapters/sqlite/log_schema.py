"""The tables of the embedded engine's log in a SQLite file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from profiles.adapters.sqlite.kind import Kind

_MIGRATIONS: Final = """
    CREATE TABLE migrations (
        from_version INTEGER NOT NULL,
        to_version INTEGER NOT NULL,
        added TEXT NOT NULL,
        at TEXT NOT NULL
    ) STRICT
"""

_STEPS: Final[Mapping[int, str]] = {
    # Times in a log did not need to rise: one from a clock that was ahead takes the time of what
    # came after it.
    1: f"""
    ALTER TABLE sources ADD COLUMN content BLOB;
    ALTER TABLE sources ADD COLUMN state TEXT;
    ALTER TABLE sources ADD COLUMN moved_at INTEGER NOT NULL DEFAULT 0;
    UPDATE records SET logged_at = risen.logged_at FROM (
        SELECT offset, min(logged_at) OVER (ORDER BY offset DESC) AS logged_at FROM records
    ) AS risen WHERE records.offset = risen.offset AND records.logged_at > risen.logged_at;
    {_MIGRATIONS}
    """,  # noqa: S608 - this project's own words
}
"""From each earlier schema version to the next one; a step that was published never changes."""

KIND: Final = Kind(
    name="log",
    application_id=0x50524F47,
    version=2,
    schema=f"""
    CREATE TABLE topic (
        topic_id TEXT NOT NULL,
        next_offset INTEGER NOT NULL CHECK (next_offset >= 0)
    ) STRICT;
    CREATE TABLE records (
        offset INTEGER PRIMARY KEY,
        logged_at INTEGER NOT NULL,
        key TEXT,
        value BLOB,
        notice TEXT
    ) STRICT;
    CREATE TABLE sources (
        source TEXT PRIMARY KEY,
        position INTEGER NOT NULL CHECK (position >= 0),
        content BLOB,
        state TEXT,
        moved_at INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    {_MIGRATIONS}
    """,
    steps=_STEPS,
)
