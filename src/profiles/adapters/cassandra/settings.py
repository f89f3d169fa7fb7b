"""Where the table is, and how its keyspace is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Final

from profiles.domain.errors import UsageError

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,47}")
"""Names that mean the same with and without quotes; 48 characters are Cassandra's limit."""
_DATACENTRE: Final = re.compile(r"[A-Za-z0-9_.-]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CassandraSettings:
    """A table of a Cassandra cluster, and how to reach it.

    hosts: names or addresses of some nodes; the others are learnt from them.
    datacentre: whose nodes are talked to, and whose replicas make the quorum (LOCAL_QUORUM). None
        takes the one of the first node that answers: right where there is only one.
    replication: how many copies the keyspace is made with: a number for one data centre
        (SimpleStrategy), or a number for each data centre by name (NetworkTopologyStrategy). A
        keyspace that exists stays as it is.
    username, password: for clusters that ask for them. tls: how to talk to nodes that want TLS.
    timeout_s: how long a request may take, the driver's own retries included.
    batch_rows, batch_bytes: what a batch holds at most. By default a server refuses 50 KiB; it
        warns at 5, which is kept out of the log: it is meant for batches that one node would
        have to pass on to others.
    concurrency: batches in flight at the same time.

    Raises:
        UsageError: a name, a number or the replication is none that Cassandra would take.
    """

    hosts: tuple[str, ...]
    port: int = 9042
    keyspace: str = "user_keyspace"
    table: str = "users"
    datacentre: str | None = None
    replication: int | Mapping[str, int] = 1
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: SSLContext | None = field(default=None, repr=False)
    timeout_s: float = 10.0
    batch_rows: int = 100
    batch_bytes: int = 40 * 1024
    concurrency: int = 32

    def __post_init__(self) -> None:
        """Refuse what could not be quoted safely, or can't work."""
        for kind, name in (("keyspace", self.keyspace), ("table", self.table)):
            if not _NAME.fullmatch(name):
                message = (
                    f"The {kind} {name!r} is no name that works here: begin with a letter and use"
                    " up to 48 lower-case letters, digits and underscores."
                )
                raise UsageError(message)
        copies = self.replication if isinstance(self.replication, Mapping) else {}
        for name in (*copies, *filter(None, [self.datacentre])):
            if not _DATACENTRE.fullmatch(name):
                message = (
                    f"{name!r} is no name of a data centre: use letters, digits, dots, hyphens"
                    " and underscores, as `nodetool status` shows it."
                )
                raise UsageError(message)
        numbers = copies.values() if isinstance(self.replication, Mapping) else [self.replication]
        if not numbers or min(numbers) < 1:
            message = "Replication needs at least one copy in at least one data centre."
            raise UsageError(message)
        limits = (self.batch_rows, self.batch_bytes, self.concurrency, self.timeout_s)
        if not self.hosts or min(limits) <= 0:
            message = "Cassandra needs a host, and limits of batches, number and time above 0."
            raise UsageError(message)

    @property
    def address(self) -> str:
        """Name the table's place in messages: `cassandra://HOST,HOST:PORT/KEYSPACE`."""
        return f"cassandra://{','.join(self.hosts)}:{self.port}/{self.keyspace}"
