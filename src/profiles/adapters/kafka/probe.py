"""Facts about a cluster and its topics, for `profiles doctor`; nothing is changed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import ConfigResource, OffsetSpec, ResourceType

from profiles.adapters.kafka.administration import Administration
from profiles.adapters.kafka.cluster import Address
from profiles.adapters.kafka.connection import client_settings
from profiles.adapters.kafka.errors import PARTITION_END, map_exceptions
from profiles.adapters.kafka.partitioner import partition_of
from profiles.adapters.kafka.records import record_of
from profiles.adapters.kafka.topic import Topics, TopicSettings
from profiles.application.log.records import LogRecord
from profiles.application.log.timestamps import TimestampDecoder
from profiles.application.ports.probes import ServerFacts, TopicFacts

_NAME: Final = "profiles-doctor"
_REQUEST_S: Final = 10.0
_READ_S: Final = 10.0
_AT_ONCE: Final = 1_000
_SPEC: Final[Any] = OffsetSpec  # its methods have no types
_OFFSETS: Final[Sequence[OffsetSpec]] = (
    _SPEC.earliest(),
    _SPEC.latest(),
    _SPEC.max_timestamp(),
)
_AGREEING: Final = "min.insync.replicas"


class KafkaProbe:
    """Asks a cluster about itself and the topics of a job. Used by one thread."""

    def __init__(
        self, address: Address, topics: Sequence[TopicSettings], *, request_s: float = _REQUEST_S
    ) -> None:
        """Prepare for a cluster.

        topics: as they are to be. request_s: seconds for which an answer is waited for.
        """
        self._address = address
        self._wanted = {settings.name: settings for settings in topics}
        self._request_s = request_s
        self._topics = Topics(address, request_s=request_s)
        self._admin = Administration(address, name=_NAME)
        self._client = client_settings(address, name=_NAME)

    @property
    def name(self) -> str:
        """Name the cluster."""
        return f"Kafka at {self._address}"

    def server(self) -> ServerFacts:
        """Tell how many brokers there are."""
        with self._admin.map_exceptions():
            asked = self._admin.describe_cluster(request_timeout=self._request_s)
            cluster = self._admin.answer(asked)
        count = len(cluster.nodes)
        return ServerFacts(found=f"answers, with {count} broker{'s' if count > 1 else ''}")

    def topic(self, name: str) -> TopicFacts | None:
        """Tell of a topic."""
        with self._admin.map_exceptions():
            try:
                described = self._topics.ask(name).result()
            except KafkaException as raised:
                if raised.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
                return None
            resource = ConfigResource(ResourceType.TOPIC, name)
            asked = self._admin.describe_configs([resource], request_timeout=self._request_s)
            settings: Any = self._admin.answer(asked[resource])
            numbers = [partition.id for partition in described.partitions]
            firsts, ends, newest = (self._offsets(name, numbers, which) for which in _OFFSETS)
        topic = self._topics.describe(name)
        times = [found.timestamp for found in newest.values() if found.timestamp > 0]
        return TopicFacts(
            name=name,
            id=topic.id,
            partitions=topic.partitions,
            copies=min(len(partition.replicas) for partition in described.partitions),
            agreeing=int(settings[_AGREEING].value),
            differences=self._topics.differences(self._wanted[name]),
            bounds={n: (firsts[n].offset, ends[n].offset) for n in numbers},
            newest=TimestampDecoder().decode(max(times)) if times else None,
        )

    def _offsets(self, name: str, numbers: Sequence[int], which: OffsetSpec) -> Mapping[int, Any]:
        asked = {TopicPartition(name, number): which for number in numbers}
        futures = self._admin.list_offsets(asked, request_timeout=self._request_s)
        return {partition.partition: future.result() for partition, future in futures.items()}

    def newest(self, name: str, *, limit: int) -> Mapping[int, Sequence[LogRecord]]:
        """Return the newest records of each partition; see the port."""
        facts = self.topic(name)
        bounds = {} if facts is None else facts.bounds
        starts = {n: max(first, end - limit) for n, (first, end) in bounds.items() if first < end}
        own = {
            "group.id": f"profiles-doctor-{uuid4().hex}",  # nothing is ever noted under it
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "allow.auto.create.topics": False,
        }
        consumer = Consumer({**self._client, **own})
        try:
            with map_exceptions(self._address):
                return self._read(consumer, name, starts)
        finally:
            consumer.close()

    @staticmethod
    def _read(
        consumer: Consumer, name: str, starts: Mapping[int, int]
    ) -> Mapping[int, Sequence[LogRecord]]:
        """Read each partition from its start to its end, as far as that goes in our time."""
        consumer.assign([TopicPartition(name, n, start) for n, start in starts.items()])
        found: dict[int, list[LogRecord]] = {}
        unread = set(starts)
        timestamps = TimestampDecoder()
        deadline = time.monotonic() + _READ_S
        while unread and (left := deadline - time.monotonic()) > 0:
            for message in consumer.consume(_AT_ONCE, min(left, 0.5)):
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

    def place(self, key: bytes, partitions: int) -> int:
        """Return the partition in which `profiles produce` puts a key."""
        return partition_of(key, partitions)
