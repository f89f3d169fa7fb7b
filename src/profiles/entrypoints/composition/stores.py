"""Stores, by their addresses."""

from __future__ import annotations

import ssl
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from profiles.adapters import codec
from profiles.adapters.sqlite import SqliteDecidingStore, SqliteLog
from profiles.application.ports.stores import DecidingStore, FollowingStore
from profiles.domain.errors import UsageError
from profiles.entrypoints.addresses import (
    CassandraAddress,
    DecidingAddress,
    MongoAddress,
    SqliteAddress,
)
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.extras import require
from profiles.entrypoints.secrets import CASSANDRA_PASSWORD, MONGO_PASSWORD, required_secret, secret

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
    require("profiles.adapters.mongo", extra="mongo")
    from profiles.adapters.mongo import MongoDecidingStore

    password = mongo_password(address)
    with closing(
        MongoDecidingStore.open(address.url, address.database, password=password, create=create)
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
    require("profiles.adapters.cassandra", extra="cassandra")
    from profiles.adapters.cassandra import CassandraFollowingStore

    settings = cassandra_settings(address)
    with CassandraFollowingStore.open(settings, clock=now, create=create) as store:
        yield store


def mongo_password(address: MongoAddress) -> str | None:
    """Return the password of the user whom a URL names.

    Raises:
        UsageError: none is set, or it can't be read.
    """
    if address.username is None:
        return None
    if "authmechanism=" in address.url.lower():  # with certificates or tickets there is none
        return secret(MONGO_PASSWORD)
    return required_secret(MONGO_PASSWORD, of="The URL of MongoDB")


def cassandra_settings(address: CassandraAddress) -> CassandraSettings:
    """Return what an address says, in the adapter's words; the driver has to be there.

    Raises:
        UsageError: the password of the user whom it names is not set, or can't be read, or the
            authorities can't.
    """
    from profiles.adapters.cassandra import CassandraSettings

    return CassandraSettings(
        hosts=address.hosts,
        port=address.port,
        keyspace=address.keyspace,
        username=address.username,
        password=None
        if address.username is None
        else required_secret(CASSANDRA_PASSWORD, of="The URL of Cassandra"),
        tls=_trusting(address.ca) if address.tls else None,
        datacentre=address.datacentre,
        replication=address.replication
        if address.datacentre is None
        else {address.datacentre: address.replication},
    )


def _trusting(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError:  # among them what TLS itself says of a file's content
        raise UsageError(
            f"{ca} holds no certificate that can be read; name a file of the authorities that are"
            " trusted, in the form PEM, with ca=FILE."
        ) from None


@contextmanager
def existing_log(path: Path) -> Generator[SqliteLog | None]:
    """Open the embedded engine's log if there is one."""
    if not path.is_file():
        yield None
        return
    with closing(SqliteLog.open(path, encode=codec.encode, create=False)) as log:
        yield log
