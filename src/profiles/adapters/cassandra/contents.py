"""All that a keyspace holds, row by row, for who looks for traces in it."""

from __future__ import annotations

from collections.abc import Iterator

from profiles.adapters.cassandra.connection import connect
from profiles.adapters.cassandra.failures import map_exceptions
from profiles.adapters.cassandra.settings import CassandraSettings

_DROP_S = 60.0
"""How long removing a keyspace may take: the server makes a snapshot of it first."""


class CassandraContents:
    """Reads a keyspace whole, and removes it. Used by one thread."""

    def __init__(self, settings: CassandraSettings) -> None:
        """Connect.

        Raises:
            StoreError: no node answered, or access was refused.
            UsageError: there is no such data centre.
        """
        self._settings = settings
        self._cluster, self._session = connect(settings)

    def rows(self) -> Iterator[tuple[str, bytes]]:
        """Yield all rows of all tables, each with the name of its table.

        Raises:
            StoreError: the cluster did not answer.
        """
        keyspace = self._settings.keyspace
        with map_exceptions(self._settings.address):
            tables = self._session.execute(
                "SELECT table_name FROM system_schema.tables WHERE keyspace_name = %s", (keyspace,)
            )
            for (table,) in list(tables):
                for row in self._session.execute(f'SELECT * FROM "{keyspace}"."{table}"'):  # noqa: S608 - checked names
                    yield table, "\n".join(map(str, row)).encode()

    def drop(self) -> None:
        """Remove the keyspace with all that it holds.

        Raises:
            StoreError: the cluster did not do it.
        """
        statement = f'DROP KEYSPACE IF EXISTS "{self._settings.keyspace}"'
        with map_exceptions(self._settings.address):
            self._session.execute(statement, timeout=_DROP_S)

    def close(self) -> None:
        """Let go of the connection."""
        self._cluster.shutdown()
