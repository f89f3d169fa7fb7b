"""Kafka's error codes as far as they matter here, and what failures mean in our words."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from confluent_kafka import KafkaError, KafkaException

from profiles.adapters.kafka.cluster import Address
from profiles.adapters.kafka.settings import MESSAGE_BYTES, TOPIC_MESSAGE_BYTES
from profiles.application.errors import LogAwayError, LogError

# The library's own codes, which Kafka's protocol does not have, begin with an underscore there.
LOGIN_REFUSED: Final = KafkaError._AUTHENTICATION  # noqa: SLF001 - see above
TLS_FAILED: Final = KafkaError._SSL  # noqa: SLF001
TIMED_OUT: Final = KafkaError._TIMED_OUT  # noqa: SLF001
NO_CONNECTION: Final = KafkaError._TRANSPORT  # noqa: SLF001
PARTITION_END: Final = KafkaError._PARTITION_EOF  # noqa: SLF001
NO_OFFSET: Final = KafkaError._NO_OFFSET  # noqa: SLF001
OFFSET_GONE: Final = KafkaError._AUTO_OFFSET_RESET  # noqa: SLF001

OFFSETS_GONE: Final = frozenset({OFFSET_GONE, KafkaError.OFFSET_OUT_OF_RANGE})
"""The record to go on from is no longer there, or not yet."""
NO_TOPIC: Final = frozenset(
    {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC}  # noqa: SLF001
)
"""There is no such topic."""
COORDINATOR_MOVES: Final = frozenset(
    {
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
    }
)
"""A group's coordinator is being made, or moves to another broker: it comes soon."""

_TOO_LARGE: Final = (
    f"Set the topic's max.message.bytes to {TOPIC_MESSAGE_BYTES}; larger messages than"
    f" {MESSAGE_BYTES} bytes are not published."
)

# What no waiting mends. The numbers are Kafka's; the library has names for all of them.
_REMEDIES: Final = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "Let this user read and write the topic.",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "Let this user use the consumer group.",
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: (
        "Let this user describe and write the transactional id profiles-ledger-TOPIC, of the"
        " ledger's topic."
    ),
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
_ACCESS_DENIED: Final = {
    LOGIN_REFUSED: (
        "it refused the login",
        "Check user, password and mechanism, and run the same command again.",
    ),
    TLS_FAILED: (
        "no certificate of a trusted authority was shown",
        "Name a file with the authority's certificate as ca=FILE, and run the same command again.",
    ),
}


def is_access_denied(error: KafkaError) -> bool:
    """Tell a wrong login or certificate from TLS that failed because a broker went away in it."""
    return error.code() == LOGIN_REFUSED or (
        error.code() == TLS_FAILED and "certificate" in error.str()
    )


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
