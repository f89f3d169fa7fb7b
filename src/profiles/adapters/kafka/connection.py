"""How every client connects to Kafka, and how its failures are told."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException

from profiles.adapters.kafka.cluster import Address, cluster_at
from profiles.application.errors import LogAwayError, LogError
from profiles.domain.errors import UsageError

MESSAGE_BYTES: Final = 10_000_000
"""The largest message that is published: key, value and the driver's 50 bytes (decision 0080)."""

TOPIC_MESSAGE_BYTES: Final = 10 * 1024 * 1024
"""What a topic has to let in for that: Kafka counts the batch around the messages, too."""

_SAY_AGAIN_S: Final = 30.0
_CRITICAL: Final = 2  # of syslog: the library's own lines say what ours say

_TOO_LARGE: Final = (
    f"Set the topic's max.message.bytes to {TOPIC_MESSAGE_BYTES}; larger messages than"
    f" {MESSAGE_BYTES} bytes are not published."
)

# What no waiting mends. The numbers are Kafka's; the library has names for all of them.
_REMEDIES: Final = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "Let this user read and write the topic.",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "Let this user use the consumer group.",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "Let this user write idempotently and make topics.",
    KafkaError.TOPIC_EXCEPTION: "Name the topic with letters, digits, '.', '_' and '-' only.",
    KafkaError.INVALID_REPLICATION_FACTOR: "Ask for no more replicas than there are brokers.",
    KafkaError.INVALID_GROUP_ID: "Name another group.",
    KafkaError.POLICY_VIOLATION: "Make the topic as the cluster's policy wants it.",
    KafkaError.UNSUPPORTED_VERSION: "Use Kafka 2.8 or newer, which gives topics an id.",
    KafkaError.RECORD_LIST_TOO_LARGE: _TOO_LARGE,
    KafkaError.MSG_SIZE_TOO_LARGE: _TOO_LARGE,
}

# What a client is told beside its requests, which only time out.
_LOGIN: Final = KafkaError._AUTHENTICATION  # noqa: SLF001 - the library's own errors are all named so
_TLS: Final = KafkaError._SSL  # noqa: SLF001 - see above
_ACCESS_DENIED: Final = {
    _LOGIN: (
        "it refused the login",
        "Check user, password and mechanism, and run the same command again.",
    ),
    _TLS: (
        "no certificate of a trusted authority was shown",
        "Name a file with the authority's certificate as ca=FILE, and run the same command again.",
    ),
}

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
        "log_level": _CRITICAL,
        "reconnect.backoff.max.ms": 2_000,  # back soon after a restart, where the default is 10 s
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


class Told:
    """Hears what a client is told beside its requests; it knows where nobody is let in."""

    def __init__(self, otherwise: Outage) -> None:
        """Prepare to be a client's `error_cb`.

        otherwise: called with every other error.
        """
        self._otherwise = otherwise
        self.access_denied: KafkaError | None = None

    def __call__(self, error: KafkaError) -> None:
        """Take note."""
        if _is_access_denied(error):
            self.access_denied = error
        else:
            self._otherwise(error)


def _is_access_denied(error: KafkaError) -> bool:
    """Tell a wrong login or certificate from TLS that failed because a broker went away in it."""
    return error.code() == _LOGIN or (error.code() == _TLS and "certificate" in error.str())


def permanent(error: KafkaError) -> bool:
    """Tell whether no waiting mends a failure."""
    return bool(error.fatal()) or error.code() in _REMEDIES


def remedy(error: KafkaError) -> str | None:
    """Return what mends a failure that no waiting mends; None for any other."""
    return _REMEDIES.get(error.code())


def failure(address: Address, error: KafkaError) -> LogError:
    """Build our error from the driver's, whose text is not shown."""
    again = "See that it is up, and run the same command again."
    happened, mended_by = _ACCESS_DENIED.get(
        error.code(), ("it refused or did not answer", remedy(error) or again)
    )
    kind = LogError if permanent(error) else LogAwayError
    return kind(f"Kafka at {address}", f"{happened} ({error.name()})", mended_by)


@contextmanager
def map_exceptions(address: Address) -> Generator[None]:
    """Turn the driver's exceptions into ours, without their text."""
    try:
        yield
    except KafkaException as raised:
        raise failure(address, error_of(raised)) from None


def error_of(raised: KafkaException) -> KafkaError:
    """Return the error inside an exception of the driver."""
    error = raised.args[0] if raised.args else None
    return error if isinstance(error, KafkaError) else KafkaError(KafkaError.UNKNOWN)
