"""How every client connects to Kafka, and what it is told beside its requests."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Final

from confluent_kafka import KafkaError

from profiles.adapters.kafka.cluster import Address, cluster_at
from profiles.adapters.kafka.errors import is_access_denied
from profiles.adapters.kafka.settings import EVERY_CLIENT
from profiles.domain.errors import UsageError

_SAY_AGAIN_S: Final = 30.0

Outage = Callable[[KafkaError], None]


def client_settings(address: Address, *, name: str) -> dict[str, Any]:
    """Return what all clients set.

    name: what the broker's own logs call this client.

    Raises:
        UsageError: the address has another form.
    """
    cluster = cluster_at(address)
    for server in cluster.servers.split(","):
        host, _, port = server.strip().rpartition(":")
        if not host or "/" in server or "@" in server or not port.isdecimal():
            raise UsageError("--kafka takes HOST:PORT, or several with commas between them.")
    return {
        "bootstrap.servers": cluster.servers,
        "client.id": name,
        "error_cb": outage_log(address),
        **EVERY_CLIENT,
        **cluster.security,
    }


def outage_log(address: Address) -> Outage:
    """Return a callback that says once in a while that Kafka is away."""
    said_at = -_SAY_AGAIN_S
    logger = logging.getLogger(__name__)

    def say(error: KafkaError) -> None:
        nonlocal said_at
        now = time.monotonic()
        if now - said_at >= _SAY_AGAIN_S:
            said_at = now
            logger.warning(
                "Kafka at %s does not answer (%s); trying again. Nothing is lost meanwhile.",
                address,
                error.name(),
            )

    return say


class ErrorListener:
    """Hears what a client is told beside its requests; it knows where nobody is let in."""

    def __init__(self, otherwise: Outage) -> None:
        """Prepare to be a client's `error_cb`.

        otherwise: called with every other error.
        """
        self._otherwise = otherwise
        self.access_denied: KafkaError | None = None

    def __call__(self, error: KafkaError) -> None:
        """Take note."""
        if is_access_denied(error):
            self.access_denied = error
        else:
            self._otherwise(error)
