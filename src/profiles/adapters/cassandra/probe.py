"""Facts about a cluster and our table in it, for `profiles doctor`; nothing is changed."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, timedelta
from typing import Any, Final

from cassandra.cluster import Session

from profiles.adapters.cassandra.connection import connect
from profiles.adapters.cassandra.failures import map_exceptions
from profiles.adapters.cassandra.migration import SCHEMA_VERSION
from profiles.adapters.cassandra.schema import GRACE_S, prepare, schema_of
from profiles.adapters.cassandra.settings import CassandraSettings
from profiles.application.ports.clock import Clock
from profiles.application.ports.probes import SchemaFacts, ServerFacts, TableFacts

_CLASS: Final = "class"


class CassandraProbe:
    """Asks the cluster and the table in it."""

    def __init__(self, settings: CassandraSettings, *, name: str, clock: Clock) -> None:
        """Prepare; it connects when asked.

        name: of the store in messages.
        """
        self._settings = settings
        self._name = name
        self._clock = clock

    @property
    def name(self) -> str:
        """Name the store."""
        return self._name

    @contextmanager
    def _session(self) -> Generator[tuple[Session, int]]:
        cluster, session = connect(self._settings)
        try:
            metadata: Any = cluster.metadata
            with map_exceptions(self._settings.address):
                yield session, len(metadata.all_hosts())
        finally:
            cluster.shutdown()

    def server(self) -> ServerFacts:
        """Tell how many nodes there are, and what the clock of one of them says."""
        with self._session() as (session, nodes):
            before = self._clock()
            (server_time,) = session.execute("SELECT toTimestamp(now()) FROM system.local").one()
            middle = before + (self._clock() - before) / 2
        return ServerFacts(
            found=f"answers, with {nodes} node{'s' if nodes > 1 else ''}",
            ahead=server_time.replace(tzinfo=UTC) - middle,
        )

    def table(self) -> TableFacts:
        """Tell how the table is kept."""
        keyspace, table = self._settings.keyspace, self._settings.table
        with self._session() as (session, _):
            prepare(session, self._settings, create=False)
            schema = schema_of(session, self._settings)
            replication, durable = session.execute(
                "SELECT replication, durable_writes FROM system_schema.keyspaces"
                " WHERE keyspace_name = %s",
                (keyspace,),
            ).one()
            (grace_s,) = session.execute(
                "SELECT gc_grace_seconds FROM system_schema.tables"
                " WHERE keyspace_name = %s AND table_name = %s",
                (keyspace, table),
            ).one()
        return TableFacts(
            copies=_copies(replication),
            durable=durable,
            grace=timedelta(seconds=grace_s),
            wanted_grace=timedelta(seconds=GRACE_S),
            schema=SchemaFacts(version=SCHEMA_VERSION, migrations=schema.migrations),
        )


def _copies(replication: Mapping[str, str]) -> dict[str, int]:
    """Read how many copies there are, by data centre or in all."""
    return {
        "in all" if name == "replication_factor" else name: int(count.partition("/")[0])
        for name, count in replication.items()
        if name != _CLASS
    }
