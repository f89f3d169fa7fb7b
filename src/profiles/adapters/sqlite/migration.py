"""Bringing a file that an earlier release has written forward to the present schema.

All of it is one transaction: a process that is killed in between leaves the file as it was, and one
that comes at the same time waits, and finds it done.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from profiles.adapters.sqlite.kind import Kind
from profiles.application.ports.probes import Migration
from profiles.domain.errors import UsageError


def is_behind(connection: sqlite3.Connection, path: Path, kind: Kind, *, create: bool) -> bool:
    """Tell whether a file of a kind has to be brought forward.

    create: whether that may be done.

    Raises:
        UsageError: a later release has written the file, or it has to be brought forward and may
            not be, or is too old for that.
    """
    version, there = _version(connection), _columns(connection)
    where = f"{path} is a {kind.name}"
    if version > kind.version:
        raise UsageError(
            f"{where} of schema version {version}, and this release knows none later than"
            f" {kind.version}; nothing was changed. Use the release that wrote it, or a later one,"
            " or name another file."
        )
    if version < kind.version:
        found = f"{where} of schema version {version}, and this release's is {kind.version}"
        if not set(range(version, kind.version)) <= kind.steps.keys():
            raise UsageError(
                f"{found}, which it can't be brought to; nothing was changed. Use the release that"
                " wrote it, or name another file."
            )
        return _require_permission(found, kind, create=create)
    if unknown := [name for name in there if name not in kind.columns]:
        raise UsageError(
            f"{where} with columns that this release does not know ({', '.join(unknown)});"
            " nothing was changed. Use the release that added them, or name another file."
        )
    if lacking := _lacking(kind, there):
        return _require_permission(
            f"{where} without the columns {', '.join(lacking)}", kind, create=create
        )
    return False


def _require_permission(found: str, kind: Kind, *, create: bool) -> bool:
    """Say that a file is to be brought forward, unless that may not be done."""
    if create:
        return True
    raise UsageError(
        f"{found}; nothing was changed. Stop what works on it and start {kind.opened_by} once: that"
        " brings it forward."
    )


def bring_forward(connection: sqlite3.Connection, kind: Kind) -> None:
    """Do what there is to do, and note it; inside a transaction.

    What was to be done may have been done by another process in the meantime.
    """
    before = _version(connection)
    for version in range(before, kind.version):
        execute_all(connection, kind.steps[version])
    if before < kind.version:
        kind.rewrite(connection)
    lacking = _lacking(kind, _columns(connection))
    for name in lacking:
        connection.execute(f"ALTER TABLE users ADD COLUMN {name} {kind.columns[name]}")
    if lacking or before < kind.version:
        connection.execute(
            "INSERT INTO migrations VALUES (?, ?, ?, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
            (before, kind.version, " ".join(lacking)),
        )
        connection.execute(f"PRAGMA user_version={kind.version}")


def migrations_of(connection: sqlite3.Connection) -> Sequence[Migration]:
    """Return what is noted of how a file was brought forward, oldest first."""
    rows = connection.execute("SELECT from_version, at, added FROM migrations ORDER BY rowid")
    return [
        Migration(version, datetime.fromisoformat(at).date(), tuple(added.split()))
        for version, at, added in rows
    ]


def execute_all(connection: sqlite3.Connection, statements: str) -> None:
    """Execute statements parted by semicolons, none of which stands inside one of them."""
    for statement in statements.split(";"):
        connection.execute(statement)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _columns(connection: sqlite3.Connection) -> Sequence[str]:
    """Name the columns of `users`; none where the kind has no such table."""
    return [name for (name,) in connection.execute("SELECT name FROM pragma_table_info('users')")]


def _lacking(kind: Kind, there: Sequence[str]) -> Sequence[str]:
    return [name for name in kind.columns if name not in there]
