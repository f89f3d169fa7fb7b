"""A database and a keyspace of one run's own, and what is in them afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, Session
from cassandra.concurrent import execute_concurrent_with_args
from pymongo import MongoClient
from servers import Servers

_RANGES = 256
_LOWEST, _TOKENS = -(2**63), 2**64
_PROTOCOL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where one run writes.

    name: of the database and of the keyspace; table and collection are `users`.
    """

    servers: Servers
    name: str
    session: Session
    mongo: MongoClient[dict[str, Any]]

    def check(self, adults: int) -> None:
        """Stop the bench if a store does not hold every adult once."""
        held = self.mongo[self.name]["users"].count_documents({})
        followed = self._rows()
        assert held == adults, f"{adults:,} adults, but MongoDB holds {held:,}"
        assert followed == adults, f"{adults:,} adults, but Cassandra holds {followed:,}"

    def has_table(self) -> bool:
        """Tell whether the job has made its table by now, as far as the driver has heard."""
        cluster: Any = self.session.cluster
        keyspace = cluster.metadata.keyspaces.get(self.name)
        return keyspace is not None and "users" in keyspace.tables

    def _rows(self) -> int:
        """Count in small ranges: a count of the whole table would take longer than it may."""
        count = self.session.prepare(
            f"SELECT count(*) FROM {self.name}.users WHERE token(id) >= ? AND token(id) <= ?"  # noqa: S608 - a name made here
        )
        step = _TOKENS // _RANGES
        starts = range(_LOWEST, _LOWEST + _TOKENS, step)
        ranges = [(start, start + step - 1) for start in starts]
        answers = execute_concurrent_with_args(self.session, count, ranges, concurrency=8)
        return sum(rows.one()[0] for _, rows in answers)


@contextmanager
def target(servers: Servers) -> Generator[Target]:
    """Give names that are new; what was written under them is deleted in the end."""
    name = f"bench_{uuid.uuid4().hex[:8]}"
    with (
        cassandra(servers) as session,
        MongoClient[dict[str, Any]](servers.mongo, uuidRepresentation="standard") as mongo,
    ):
        try:
            yield Target(servers=servers, name=name, session=session, mongo=mongo)
        finally:
            mongo.drop_database(name)
            session.execute(f"DROP KEYSPACE IF EXISTS {name}")


@contextmanager
def cassandra(servers: Servers) -> Generator[Session]:
    """Connect with the bare driver."""
    host, _, port = servers.cassandra.rpartition(":")
    profile = ExecutionProfile(request_timeout=60)
    cluster = Cluster(
        [host],
        port=int(port),
        protocol_version=_PROTOCOL,
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
    )
    try:
        yield cluster.connect()
    finally:
        cluster.shutdown()
