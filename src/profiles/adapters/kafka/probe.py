"""Facts about a cluster and its topics, for `profiles doctor`; nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import ConfigResource, ResourceType

from profiles.adapters.kafka.administration import Administration
from profiles.adapters.kafka.cluster import Address
from profiles.adapters.kafka.partitioner import partition_of
from profiles.adapters.kafka.tail import TopicTail
from profiles.adapters.kafka.topic import Topics, TopicSettings
from profiles.application.log.records import LogRecord
from profiles.application.ports.probes import ServerFacts, TopicFacts

_NAME: Final = "profiles-doctor"
_REQUEST_S: Final = 10.0
_LAST: Final = 2
"""Newest offsets that are looked at for their time: the last can be a mark of a transaction."""

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
        with closing(self._tail(name)) as tail:
            bounds = tail.bounds(numbers)
            last = tail.newest(bounds, limit=_LAST)
        topic = self._topics.describe(name)
        times = [record.logged_at for records in last.values() for record in records]
        return TopicFacts(
            name=name,
            id=topic.id,
            partitions=topic.partitions,
            copies=min(len(partition.replicas) for partition in described.partitions),
            agreeing=int(settings[_AGREEING].value),
            differences=self._topics.differences(self._wanted[name]),
            bounds=bounds,
            newest=max(times, default=None),
        )

    def newest(self, name: str, *, limit: int) -> Mapping[int, Sequence[LogRecord]]:
        """Return the newest records of each partition; see the port."""
        facts = self.topic(name)
        with closing(self._tail(name)) as tail:
            return tail.newest({} if facts is None else facts.bounds, limit=limit)

    def _tail(self, topic: str) -> TopicTail:
        return TopicTail(self._address, topic, name=_NAME, request_s=self._request_s)

    def place(self, key: bytes, partitions: int) -> int:
        """Return the partition in which `profiles produce` puts a key."""
        return partition_of(key, partitions)
