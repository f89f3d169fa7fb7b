"""The keyspace and the table: made where missing, and checked where not."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from cassandra import InvalidRequest
from cassandra.cluster import NoHostAvailable, Session

from profiles.adapters.cassandra.failures import answered
from profiles.adapters.cassandra.settings import CassandraSettings
from profiles.domain import columns
from profiles.domain.columns import ColumnKind
from profiles.domain.errors import UsageError

SCHEMA_VERSION: Final = 1

TYPES: Final[Mapping[ColumnKind, str]] = {
    ColumnKind.ID: "uuid",
    ColumnKind.TEXT: "text",
    ColumnKind.NUMBER: "int",
    ColumnKind.DAY: "date",
    ColumnKind.MIDNIGHT: "timestamp",
    ColumnKind.VERSION: "bigint",
}
"""How each kind of column is kept."""

COLUMNS: Final[Mapping[str, str]] = {column.name: TYPES[column.kind] for column in columns.COLUMNS}
"""The columns with their types, in the order used everywhere."""

_MARK: Final = "profiles, schema version "
"""Begins the table's comment. It is made together with the table, in one statement: a version
kept in a table beside it could be missing after a crash between the two."""

GRACE_S: Final = 10 * 24 * 60 * 60
"""How long deletions are remembered. A write older than a deletion can arrive while the log holds
its record (24 h) or a node its hint (3 h); nodes that were away longer than this need a repair."""

_MAKE_S: Final = 30.0
"""How long a change of the schema may take: every node has to agree on it."""
_AGAIN_S: Final = 0.05


def prepare(session: Session, settings: CassandraSettings, *, create: bool) -> None:
    """Make keyspace and table where they are missing; refuse a table that is not ours.

    create: whether to make them.

    Raises:
        UsageError: they are missing, something else, or of another schema version.
        DriverException: the cluster did not do it.
    """
    if _comment(session, settings) is None:
        if not create:
            message = (
                f"There is no table {settings.table} at {settings.address};"
                " name another, or let the pipeline make it."
            )
            raise UsageError(message)
        # Asked before made: nodes that make one table at the same moment may disagree on it.
        session.execute(keyspace_statement(settings), timeout=_MAKE_S)
        session.execute(table_statement(settings), timeout=_MAKE_S)
    check(settings, _comment(session, settings), _columns(session, settings))
    _wait_until_usable(session, settings)


def check(settings: CassandraSettings, comment: str | None, found: Mapping[str, str]) -> None:
    """Refuse a table that is not ours, or of another schema version.

    comment: of the table. found: its columns and their types.

    Raises:
        UsageError: it is.
    """
    where = f"The table {settings.table} at {settings.address}"
    version = (comment or "").removeprefix(_MARK)
    if comment is None or version == comment or not version.isdecimal():
        message = f"{where} was not made by profiles; name another table or keyspace."
        raise UsageError(message)
    if int(version) != SCHEMA_VERSION:
        message = (
            f"{where} is of schema version {int(version)}, and this release reads only version"
            f" {SCHEMA_VERSION}; use the release that made it, or name another table or keyspace."
        )
        raise UsageError(message)
    if found != COLUMNS:
        wrong = sorted(set(found.items()) ^ set(COLUMNS.items()))
        message = (
            f"{where} was changed after profiles made it, in:"
            f" {', '.join(sorted({name for name, _ in wrong}))}."
            " Undo that, or name another table or keyspace."
        )
        raise UsageError(message)


def keyspace_statement(settings: CassandraSettings) -> str:
    """Write the statement that makes the keyspace."""
    if isinstance(settings.replication, int):
        copies = f"'class': 'SimpleStrategy', 'replication_factor': {settings.replication}"
    else:
        each = "".join(f", '{name}': {count}" for name, count in settings.replication.items())
        copies = f"'class': 'NetworkTopologyStrategy'{each}"
    return f'CREATE KEYSPACE IF NOT EXISTS "{settings.keyspace}" WITH replication = {{{copies}}}'


def table_statement(settings: CassandraSettings) -> str:
    """Write the statement that makes the table."""
    defined = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
    return (
        f"CREATE TABLE IF NOT EXISTS {qualified(settings)} ({defined}, PRIMARY KEY (id))"
        f" WITH comment = '{_MARK}{SCHEMA_VERSION}' AND gc_grace_seconds = {GRACE_S}"
    )


def qualified(settings: CassandraSettings) -> str:
    """Name the table, quoted, so that a reserved word may be its name."""
    return f'"{settings.keyspace}"."{settings.table}"'


def _wait_until_usable(session: Session, settings: CassandraSettings) -> None:
    """Ask for nobody until the server can answer: it lists a new table a moment before that.

    Whoever comes while another process makes the table meets this moment: first there is no such
    table, then the server fails in itself (Cassandra 5.0.5).
    """
    deadline = time.monotonic() + _MAKE_S
    nobody = f"SELECT id FROM {qualified(settings)} WHERE id = {UUID(int=0)}"  # noqa: S608 - checked names
    while True:
        try:
            session.execute(nobody)
        except (InvalidRequest, NoHostAvailable) as failure:
            if not answered(failure) or time.monotonic() > deadline:
                raise
            time.sleep(_AGAIN_S)
        else:
            return


def _comment(session: Session, settings: CassandraSettings) -> str | None:
    """Return the table's comment, None where there is no table."""
    row = session.execute(
        "SELECT comment FROM system_schema.tables WHERE keyspace_name = %s AND table_name = %s",
        (settings.keyspace, settings.table),
    ).one()
    return None if row is None else row[0] or ""


def _columns(session: Session, settings: CassandraSettings) -> dict[str, str]:
    rows = session.execute(
        "SELECT column_name, type FROM system_schema.columns"
        " WHERE keyspace_name = %s AND table_name = %s",
        (settings.keyspace, settings.table),
    )
    return dict(rows)
