"""Looking a topic up, for readers that are handed its records by somebody else."""

from __future__ import annotations

import time
from typing import Final
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from profiles.adapters.kafka.cluster import Address
from profiles.adapters.kafka.connection import client_settings
from profiles.adapters.kafka.errors import PARTITION_END, TIMED_OUT, failure, map_exceptions
from profiles.adapters.kafka.settings import LOOKUP
from profiles.adapters.kafka.topic import Topics
from profiles.application.log.records import LogPartition

_REQUEST_S: Final = 10.0
_SLICE_S: Final = 0.5


class KafkaLogLookup:
    """Asks a cluster about a topic; joins no group and keeps no position. Used by one thread."""

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

    def holds_records(self, partition: LogPartition, start: int, end: int) -> bool:
        """Tell whether there is a record in between, by reading on from `start`."""
        if start >= end:
            return False
        with map_exceptions(self._address):
            self._learn_partitions()
            self._consumer.assign([TopicPartition(self._topic, partition.number, start)])
            try:
                following = self._next_record()
                return following is not None and following < end
            finally:
                self._consumer.unassign()

    def _learn_partitions(self) -> None:
        """Ask for the topic's partitions: the library learns of new ones minutes later."""
        self._consumer.list_topics(self._topic, timeout=_REQUEST_S)

    def _next_record(self) -> int | None:
        """Return the offset of the next record, or None at the partition's end."""
        deadline = time.monotonic() + _REQUEST_S
        while time.monotonic() < deadline:
            message: Message | None = self._consumer.poll(_SLICE_S)
            if message is None:
                continue
            error = message.error()
            if error is None:
                return message.offset()
            if error.code() == PARTITION_END:
                return None
            raise failure(self._address, error)
        raise failure(self._address, KafkaError(TIMED_OUT))

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()
