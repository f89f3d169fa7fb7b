"""What a consumer group has committed, asked by a client that is no member of it."""

from __future__ import annotations

import time
from typing import Final

import tenacity
from confluent_kafka import Consumer, KafkaException, TopicPartition

from profiles.adapters.kafka.cluster import Address
from profiles.adapters.kafka.connection import ErrorListener, client_settings
from profiles.adapters.kafka.errors import COORDINATOR_MOVES, error_of, failure
from profiles.adapters.kafka.settings import OFFSETS_READER

_REQUEST_S: Final = 10.0
_PAUSE_S: Final = 0.1


class GroupOffsets:
    """Asks how far a group is; joins nothing and reads nothing. Used by one thread.

    The reading consumer can't ask: while it waits to be let into the group, the broker answers
    nothing else on that connection. Kafka's admin client must not: librdkafka 2.16 ends the
    process by SIGSEGV where a coordinator answers its `list_consumer_group_offsets` with
    COORDINATOR_NOT_AVAILABLE or NOT_COORDINATOR (`rd_kafka_handle_OffsetFetch` then tells the
    client's `rk_cgrp`, which only a consumer has), and by SIGABRT where the connection breaks as
    it asks (librdkafka pull request 5397: so do all admin requests to a coordinator).
    """

    def __init__(self, address: Address, group: str, *, request_s: float = _REQUEST_S) -> None:
        """Prepare for a group.

        request_s: seconds for which one answer is waited for.

        Raises:
            UsageError: the address has another form.
        """
        self._address = address
        self._request_s = request_s
        settings = client_settings(address, name="profiles-offsets")
        # Whether the cluster is away is said by the consumer that reads.
        self._listener = ErrorListener(lambda _error: None)
        own = {"group.id": group, "error_cb": self._listener}
        self._consumer = Consumer({**settings, **OFFSETS_READER, **own})

    def committed(self, place: TopicPartition) -> int | None:
        """Return the offset that the group has committed last for a partition, or None.

        Raises:
            LogAwayError: Kafka did not answer.
            LogError: it refused to.
        """
        deadline = time.monotonic() + self._request_s
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_passes),
            wait=tenacity.wait_fixed(_PAUSE_S),
            stop=tenacity.stop_before_delay(self._request_s),
            reraise=True,
        )
        try:
            return retrying(lambda: self._asked(place, max(0.0, deadline - time.monotonic())))
        except KafkaException as raised:
            self._consumer.poll(0)  # hears what it was told meanwhile
            error = self._listener.access_denied or error_of(raised)
            raise failure(self._address, error) from None

    def _asked(self, place: TopicPartition, timeout_s: float) -> int | None:
        (found,) = self._consumer.committed([place], timeout=timeout_s)
        if found.error is not None:
            raise KafkaException(found.error)
        return int(found.offset) if found.offset >= 0 else None

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()


def _passes(raised: BaseException) -> bool:
    return isinstance(raised, KafkaException) and error_of(raised).code() in COORDINATOR_MOVES
