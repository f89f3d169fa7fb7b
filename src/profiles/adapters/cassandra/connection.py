"""Reaching a cluster: which nodes are asked, how often, and how many have to agree."""

from __future__ import annotations

import logging
from typing import Any, Final

from cassandra import ConsistencyLevel
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import (
    EXEC_PROFILE_DEFAULT,
    Cluster,
    ExecutionProfile,
    NoHostAvailable,
    Session,
)
from cassandra.policies import (
    DCAwareRoundRobinPolicy,
    ExponentialReconnectionPolicy,
    RetryPolicy,
    TokenAwarePolicy,
)
from cassandra.query import tuple_factory

from profiles.adapters.cassandra.batch_messages import EXPECTED, EncodedBatches
from profiles.adapters.cassandra.failures import map_exceptions
from profiles.adapters.cassandra.settings import CassandraSettings
from profiles.domain.errors import UsageError

_PROTOCOL: Final = 4
"""Spoken by every Cassandra from 2.2 on. Version 5 adds checksums of its own to TCP's and made
the client 10 % slower (2026-11)."""

_CONNECT_S: Final = 5.0
_RECONNECT_S: Final = (0.5, 5.0)
"""First and longest wait between attempts to reach a node that is down: the driver's longest is
10 minutes, and a batch waits for it."""

_HEARTBEAT_S: Final = 5.0
"""After so long without an answer a connection is asked whether it is still there, and given up
where it does not answer within the time of a request: a firewall may have forgotten it without a
word. The driver's own half a minute for each comes to 90 seconds (decision 0272)."""

_SAID: Final = tuple(f"Server warning: {warning}" for warning in EXPECTED)


class RepeatedWrites(RetryPolicy):  # type: ignore[misc]  # the driver has no types
    """Sends again what timed out, once: every write of ours may be repeated.

    What finds too few replicas, or meets a broken node, goes to the next node: as by default.
    """

    def on_write_timeout(  # noqa: PLR0913, PLR0917 - the driver's signature
        self,
        query: object,
        consistency: int,
        write_type: int,
        required_responses: int,
        received_responses: int,
        retry_num: int,
    ) -> tuple[int, int | None]:
        """Repeat a write once, at the same consistency."""
        del query, write_type, required_responses, received_responses
        return (self.RETRY, consistency) if retry_num == 0 else (self.RETHROW, None)


def connect(settings: CassandraSettings) -> tuple[Cluster, Session]:
    """Connect to a cluster; shut it down afterwards.

    Raises:
        StoreError: no node answered, or access was refused.
        UsageError: there is no such data centre.
    """
    logging.getLogger("cassandra.protocol").addFilter(_unexpected)
    with map_exceptions(settings.address):
        cluster = cluster_at(settings)
        try:
            session = cluster.connect()
        except BaseException as failure:
            cluster.shutdown()
            if isinstance(failure, NoHostAvailable):
                _check_datacentre(cluster, settings)
            raise
        session.client_protocol_handler = EncodedBatches
        return cluster, session


def cluster_at(settings: CassandraSettings) -> Cluster:
    """Prepare for a cluster, and connect to none of its nodes yet."""
    return Cluster(
        contact_points=list(settings.hosts),
        port=settings.port,
        protocol_version=_PROTOCOL,
        connect_timeout=_CONNECT_S,
        control_connection_timeout=_CONNECT_S,
        idle_heartbeat_interval=_HEARTBEAT_S,
        idle_heartbeat_timeout=settings.timeout_s,
        reconnection_policy=ExponentialReconnectionPolicy(*_RECONNECT_S, max_attempts=None),
        auth_provider=_login(settings),
        ssl_context=settings.tls,
        execution_profiles={
            EXEC_PROFILE_DEFAULT: ExecutionProfile(
                load_balancing_policy=TokenAwarePolicy(
                    DCAwareRoundRobinPolicy(settings.datacentre or "")
                ),
                retry_policy=RepeatedWrites(),
                consistency_level=ConsistencyLevel.LOCAL_QUORUM,
                request_timeout=settings.timeout_s,
                row_factory=tuple_factory,
            )
        },
    )


def _login(settings: CassandraSettings) -> Any:  # noqa: ANN401 - the driver has no types
    if settings.username is None:
        return None
    return PlainTextAuthProvider(settings.username, settings.password)


def _check_datacentre(cluster: Cluster, settings: CassandraSettings) -> None:
    """Say so where nodes are there, but none in the data centre that was named."""
    metadata: Any = cluster.metadata
    known = {host.datacenter for host in metadata.all_hosts() if host.datacenter}
    if settings.datacentre is not None and known and settings.datacentre not in known:
        message = (
            f"{settings.address} has no data centre {settings.datacentre!r};"
            f" name one of: {', '.join(sorted(known))}."
        )
        raise UsageError(message) from None


def _unexpected(record: logging.LogRecord) -> bool:
    """Keep out of the log what the server says of each batch where `EncodedBatches` could not."""
    return not record.getMessage().startswith(_SAID)
