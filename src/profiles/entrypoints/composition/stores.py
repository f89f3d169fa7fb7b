"""Stores, by their addresses."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from profiles.adapters import codec
from profiles.adapters.sqlite import SqliteDecidingStore, SqliteLog
from profiles.application.ports import DecidingStore, FollowingStore
from profiles.entrypoints.addresses import CassandraAddress, DecidingAddress, SqliteAddress
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.needs import need

if TYPE_CHECKING:
    from profiles.adapters.cassandra import CassandraSettings


@contextmanager
def deciding_store(address: DecidingAddress, *, create: bool) -> Generator[DecidingStore]:
    """Open the store that decides what is held.

    create: make it if it is missing.

    Raises:
        UsageError, StoreError: it can't be used, or is not there.
    """
    if isinstance(address, SqliteAddress):
        with closing(SqliteDecidingStore.open(address.path, create=create)) as store:
            yield store
        return
    need("profiles.adapters.mongo", extra="mongo")
    from profiles.adapters.mongo import MongoDecidingStore

    with closing(
        MongoDecidingStore.open(address.url, address.database, create=create)
    ) as mongo_store:
        yield mongo_store


@contextmanager
def following_store(
    address: CassandraAddress | None, *, create: bool = True
) -> Generator[FollowingStore | None]:
    """Open the store that follows, if there is one.

    create: make keyspace and table where they are missing.

    Raises:
        UsageError, StoreError: it can't be used.
    """
    if address is None:
        yield None
        return
    need("profiles.adapters.cassandra", extra="cassandra")
    from profiles.adapters.cassandra import CassandraFollowingStore

    settings = cassandra_settings(address)
    with CassandraFollowingStore.open(settings, clock=now, create=create) as store:
        yield store


def cassandra_settings(address: CassandraAddress) -> CassandraSettings:
    """Return what an address says, in the adapter's words; the driver has to be there."""
    from profiles.adapters.cassandra import CassandraSettings

    return CassandraSettings(
        hosts=address.hosts,
        port=address.port,
        keyspace=address.keyspace,
        datacentre=address.datacentre,
        replication=address.replication
        if address.datacentre is None
        else {address.datacentre: address.replication},
    )


@contextmanager
def existing_log(path: Path) -> Generator[SqliteLog | None]:
    """Open the embedded engine's log if there is one."""
    if not path.is_file():
        yield None
        return
    with closing(SqliteLog.open(path, encode=codec.encode)) as log:
        yield log
