"""The keyspace and the table: made where missing, and checked where not."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import tenacity
from cassandra import InvalidRequest
from cassandra.cluster import NoHostAvailable, Session

from profiles.adapters.cassandra.columns import COLUMNS
from profiles.adapters.cassandra.failures import answered
from profiles.adapters.cassandra.migration import SCHEMA_VERSION, STEPS, Schema, new_comment
from profiles.adapters.cassandra.settings import CassandraSettings
from profiles.domain.errors import UsageError

GRACE_S: Final = 10 * 24 * 60 * 60
"""How long deletions are remembered. A write older than a deletion can arrive while the log holds
its record (24 h) or a node its hint (3 h); nodes that were away longer than this need a repair."""

_MAKE_S: Final = 30.0
"""How long a change of the schema may take: every node has to agree on it."""
_AGAIN_S: Final = 0.05


def prepare(session: Session, settings: CassandraSettings, *, create: bool) -> None:
    """Make keyspace and table where they are missing; refuse a table that is not ours.

    create: whether to make them, and to bring forward a table that an earlier release has made.

    Raises:
        UsageError: they are missing, something else, or of a schema version that is not this
            release's and can't or may not be brought forward.
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
    schema = schema_of(session, settings)
    if schema.is_behind(f"The table {settings.table} at {settings.address}", create=create):
        _bring_forward(session, settings, schema)
    _wait_until_usable(session, settings)


def schema_of(session: Session, settings: CassandraSettings) -> Schema:
    """Read of which schema the table is."""
    return Schema.of(_comment(session, settings), _columns(session, settings))


def _bring_forward(session: Session, settings: CassandraSettings, schema: Schema) -> None:
    """Do what there is to do, and note it in the table's comment."""
    alter = f"ALTER TABLE {qualified(settings)}"
    for version in range(schema.version or 0, SCHEMA_VERSION):
        for step in STEPS[version]:
            session.execute(f"{alter} {step}", timeout=_MAKE_S)
    for name in schema.lacking:
        try:
            session.execute(f'{alter} ADD "{name}" {COLUMNS[name]}', timeout=_MAKE_S)
        except InvalidRequest:
            if name not in _columns(session, settings):  # else another process was faster
                raise
    (today,) = session.execute("SELECT toDate(now()) FROM system.local").one()
    comment = schema.comment_on(str(today))
    session.execute(f"{alter} WITH comment = '{comment}'", timeout=_MAKE_S)


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
        f" WITH comment = '{new_comment()}' AND gc_grace_seconds = {GRACE_S}"
    )


def qualified(settings: CassandraSettings) -> str:
    """Name the table, quoted, so that a reserved word may be its name."""
    return f'"{settings.keyspace}"."{settings.table}"'


def _wait_until_usable(session: Session, settings: CassandraSettings) -> None:
    """Ask for nobody until the server can answer: it lists a new table a moment before that.

    Whoever comes while another process makes the table meets this moment: first there is no such
    table, then the server fails in itself (Cassandra 5.0.5).
    """
    nobody = f"SELECT id FROM {qualified(settings)} WHERE id = {UUID(int=0)}"  # noqa: S608 - checked names
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_may_come),
        wait=tenacity.wait_fixed(_AGAIN_S),
        stop=tenacity.stop_after_delay(_MAKE_S),
        reraise=True,
    )
    retrying(session.execute, nobody)


def _may_come(failure: BaseException) -> bool:
    return isinstance(failure, InvalidRequest | NoHostAvailable) and answered(failure)


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
