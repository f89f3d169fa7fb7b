"""Looking a topic up, for readers that are handed its records by somebody else."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Final
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from profiles.adapters.kafka.cluster import Address
from profiles.adapters.kafka.connection import client_settings
from profiles.adapters.kafka.errors import (
    OFFSETS_GONE,
    PARTITION_END,
    TIMED_OUT,
    failure,
    map_exceptions,
)
from profiles.adapters.kafka.records import record_of
from profiles.adapters.kafka.settings import LOOKUP
from profiles.adapters.kafka.topic import Topics, created_again
from profiles.application.errors import LogError
from profiles.application.log.records import LogPartition, LogRecord
from profiles.application.log.timestamps import TimestampDecoder

_REQUEST_S: Final = 10.0
_SLICE_S: Final = 0.5
_MESSAGES: Final = 1_000
"""Taken from the driver at once."""


class KafkaLogLookup:
    """Asks a cluster about a topic; joins no group and keeps no position.

    Used by one thread, and by another one that asks for the topic's id.
    """

    def __init__(self, address: Address, topic: str) -> None:
        """Prepare for a topic that exists."""
        self._address = address
        self._topic = topic
        self._topics = Topics(address)
        client = client_settings(address, name="profiles-lookup")
        # The library wants a group's name; nothing is ever noted under it.
        group = {"group.id": f"profiles-lookup-{uuid4().hex}"}
        self._consumer = Consumer({**client, **LOOKUP, **group})

    def identity(self) -> str | None:
        """Return the topic's id, or None if there was no answer; see the port."""
        topic = self._topics.answered(self._topic, self._topics.ask(self._topic))
        return None if topic is None else topic.id

    def first(self, partition: LogPartition) -> int:
        """Return the first offset that is held."""
        with map_exceptions(self._address):
            self._learn_partitions()
            first, _ = self._consumer.get_watermark_offsets(
                TopicPartition(self._topic, partition.number), timeout=_REQUEST_S
            )
        return int(first)

    def partitions(self) -> Sequence[LogPartition]:
        """Return all partitions of the topic as it is now."""
        topic = self._topics.describe(self._topic)
        return [topic.partition(number) for number in range(topic.partitions)]

    def bounds(self, partition: LogPartition) -> tuple[int, int]:
        """Return the first offset that is held, and the next one."""
        with map_exceptions(self._address):
            self._learn_partitions()
            return self._consumer.get_watermark_offsets(
                TopicPartition(self._topic, partition.number), timeout=_REQUEST_S
            )

    def holds_records(self, partition: LogPartition, start: int, end: int) -> bool:
        """Tell whether there is a record in between, by reading on from `start`."""
        with closing(self._read(partition.number, start, end)) as found:
            return next(found, None) is not None

    def records(self, partition: LogPartition, start: int, end: int) -> Generator[LogRecord]:
        """Yield what is between two offsets; see the port."""
        yield from self._read(partition.number, start, end)
        if self._topics.describe(self._topic).id != partition.topic_id:
            raise created_again(self._topic)

    def _read(self, number: int, start: int, end: int) -> Generator[LogRecord]:
        if start >= end:
            return
        timestamps = TimestampDecoder()
        with map_exceptions(self._address):
            self._learn_partitions()
            self._consumer.assign([TopicPartition(self._topic, number, start)])
            try:
                while start < end:
                    for message in self._come(end - start):
                        offset = self._offset(message)
                        if message.partition() != number or (offset or start) < start:
                            continue  # fetched for an earlier reading
                        if offset is None or offset >= end:
                            return
                        yield record_of(message, offset, timestamps)
                        start = offset + 1
            finally:
                self._consumer.unassign()

    def _learn_partitions(self) -> None:
        """Ask for the topic's partitions: the library learns of new ones minutes later."""
        self._consumer.list_topics(self._topic, timeout=_REQUEST_S)

    def _come(self, limit: int) -> Sequence[Message]:
        """Return up to `limit` of what comes: what has come with the first is taken at once."""
        deadline = time.monotonic() + _REQUEST_S
        while time.monotonic() < deadline:
            if first := self._consumer.consume(1, _SLICE_S):
                return first + self._consumer.consume(min(limit, _MESSAGES) - 1, 0.0)
        raise failure(self._address, KafkaError(TIMED_OUT))

    def _offset(self, message: Message) -> int | None:
        """Return where a record stands, or None at the partition's end."""
        error = message.error()
        if error is None:
            return message.offset()
        if error.code() == PARTITION_END:
            return None
        if error.code() in OFFSETS_GONE:
            raise LogError(
                f"Topic {self._topic}",
                "a record that was to be read has left it meanwhile",
                "Run the same command again: it begins with what is still there.",
            )
        raise failure(self._address, error)

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()
