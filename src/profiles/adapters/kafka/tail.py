"""Where the partitions of a topic begin and end, and their newest records."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import uuid4

from confluent_kafka import Consumer, KafkaException, TopicPartition

from profiles.adapters.kafka.cluster import Address
from profiles.adapters.kafka.connection import client_settings
from profiles.adapters.kafka.errors import PARTITION_END, map_exceptions
from profiles.adapters.kafka.records import record_of
from profiles.application.log.records import LogRecord
from profiles.application.log.timestamps import TimestampDecoder

_READ_S: Final = 10.0
_AT_ONCE: Final = 1_000
_SETTINGS: Final = {
    "enable.auto.commit": False,
    "auto.offset.reset": "earliest",
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
    "allow.auto.create.topics": False,
}


class TopicTail:
    """Asks a topic; joins no group and keeps no position. Used by one thread.

    It asks as a consumer, which waits for each answer. The admin client goes on by itself, and
    librdkafka 2.16 has ended the process where it was closed with `list_offsets` under way.
    """

    def __init__(self, address: Address, topic: str, *, name: str, request_s: float) -> None:
        """Prepare for a topic that exists.

        name: of the client, for Kafka's own logs. request_s: seconds for which one answer is
            waited for.
        """
        self._address = address
        self._topic = topic
        self._request_s = request_s
        # The library wants a group's name; nothing is ever noted under it.
        group = {"group.id": f"{name}-{uuid4().hex}"}
        self._consumer = Consumer({**client_settings(address, name=name), **_SETTINGS, **group})

    def bounds(self, numbers: Iterable[int]) -> Mapping[int, tuple[int, int]]:
        """Return the first offset and the next one of each partition.

        Raises:
            LogError: Kafka did not answer, or refused to.
        """
        with map_exceptions(self._address):
            found = {
                number: self._consumer.get_watermark_offsets(
                    TopicPartition(self._topic, number), timeout=self._request_s
                )
                for number in numbers
            }
        return {number: (int(first), int(end)) for number, (first, end) in found.items()}

    def newest(
        self, bounds: Mapping[int, tuple[int, int]], *, limit: int
    ) -> Mapping[int, Sequence[LogRecord]]:
        """Return up to `limit` of the newest records of each partition, those that come soon.

        Raises:
            LogError: Kafka did not answer, or refused to.
        """
        starts = {n: max(first, end - limit) for n, (first, end) in bounds.items() if first < end}
        with map_exceptions(self._address):
            return self._read(starts)

    def _read(self, starts: Mapping[int, int]) -> Mapping[int, Sequence[LogRecord]]:
        """Read each partition from its start to its end, as far as that goes in our time."""
        self._consumer.assign(
            [TopicPartition(self._topic, n, start) for n, start in starts.items()]
        )
        found: dict[int, list[LogRecord]] = {}
        unread = set(starts)
        timestamps = TimestampDecoder()
        deadline = time.monotonic() + _READ_S
        while unread and (left := deadline - time.monotonic()) > 0:
            for message in self._consumer.consume(_AT_ONCE, min(left, 0.5)):
                error = message.error()
                number, offset = message.partition(), message.offset()
                if number is None or offset is None:
                    continue
                if error is None:
                    found.setdefault(number, []).append(record_of(message, offset, timestamps))
                elif error.code() == PARTITION_END:
                    unread.discard(number)
                else:
                    raise KafkaException(error)
        return found

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()
