"""Looking through a topic for a person's records, in no group."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from profiles.adapters.kafka.cluster import Address
from profiles.adapters.kafka.connection import client_settings
from profiles.adapters.kafka.errors import PARTITION_END, TIMED_OUT, failure, map_exceptions
from profiles.adapters.kafka.partitioner import partition_of
from profiles.adapters.kafka.records import record_of
from profiles.adapters.kafka.settings import SEARCH
from profiles.adapters.kafka.topic import Topics
from profiles.application.errors import LogError
from profiles.application.log.records import LogRecord
from profiles.application.log.timestamps import TimestampDecoder

_NAME: Final = "profiles-export"
_REQUEST_S: Final = 10.0
_SLICE_S: Final = 0.5
_AT_ONCE: Final = 500


class KafkaSearch:
    """Reads a topic from end to end as a consumer that keeps no position. Used by one thread."""

    def __init__(self, address: Address, topic: str, *, request_s: float = _REQUEST_S) -> None:
        """Prepare for a topic; it connects when asked.

        request_s: seconds for which an answer, or the next records, are waited for.
        """
        self._address = address
        self._topic = topic
        self._request_s = request_s
        self._topics = Topics(address, request_s=request_s)
        # The library wants a group's name; nothing is ever noted under it.
        group = {"group.id": f"{_NAME}-{uuid4().hex}"}
        self._consumer = Consumer({**client_settings(address, name=_NAME), **SEARCH, **group})
        self._partitions = 0

    @property
    def name(self) -> str:
        """Name the topic and its cluster."""
        return f"topic {self._topic} of Kafka at {self._address}"

    def bounds(self) -> Mapping[int, tuple[int, int]]:
        """Return where each partition begins and ends; see the port."""
        topic = self._topics.existing(self._topic)
        if topic is None:
            raise LogError(
                f"Topic {self._topic}",
                f"Kafka at {self._address} has none of that name",
                "Name the topic of the log with --topic, or leave --kafka out if there is none.",
            )
        self._partitions = topic.partitions
        with map_exceptions(self._address):
            found = {
                number: self._consumer.get_watermark_offsets(
                    TopicPartition(self._topic, number), timeout=self._request_s
                )
                for number in range(topic.partitions)
            }
        return {number: (int(first), int(end)) for number, (first, end) in found.items()}

    def place(self, key: bytes) -> int:
        """Return the partition of a key; `bounds` was asked before."""
        return partition_of(key, self._partitions)

    def records(self, number: int, *, start: int, end: int) -> Iterator[LogRecord]:
        """Yield a partition's records; see the port."""
        timestamps = TimestampDecoder()
        for offset, message in self._messages(number, start=start, end=end):
            yield record_of(message, offset, timestamps)

    def contents(self) -> Iterator[bytes]:
        """Yield the bytes of all messages that there are now: keys, values and headers.

        Raises:
            LogError: see `bounds` and `records`.
        """
        for number, (start, end) in self.bounds().items():
            for _, message in self._messages(number, start=start, end=end):
                headers = [each for header in message.headers() or () for each in header]
                parts = [message.key(), message.value(), *headers]
                yield b"\n".join(
                    part.encode() if isinstance(part, str) else part or b"" for part in parts
                )

    def _messages(self, number: int, *, start: int, end: int) -> Iterator[tuple[int, Message]]:
        """Yield a partition's messages with their offsets."""
        if start >= end:
            return
        with map_exceptions(self._address):
            self._consumer.assign([TopicPartition(self._topic, number, start)])
        deadline = time.monotonic() + self._request_s
        while True:
            for message in self._consumed():
                error, offset = message.error(), message.offset()
                if error is not None and error.code() != PARTITION_END:
                    raise failure(self._address, error)
                if error is not None or offset is None or offset >= end:
                    return
                yield offset, message
                if offset == end - 1:
                    return
                deadline = time.monotonic() + self._request_s
            if time.monotonic() > deadline:
                raise failure(self._address, KafkaError(TIMED_OUT))

    def _consumed(self) -> Sequence[Message]:
        with map_exceptions(self._address):
            found: Sequence[Message] = self._consumer.consume(_AT_ONCE, _SLICE_S)
        return found

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()
