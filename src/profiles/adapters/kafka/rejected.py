"""The topic of rejected records: where they stand and what is wrong with them, for 7 days."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC
from threading import Event
from typing import Final

from profiles.adapters.kafka.cluster import Address
from profiles.adapters.kafka.producer import KafkaPublisher
from profiles.adapters.kafka.topic import TopicSettings
from profiles.application.errors import LogError
from profiles.application.log.quarantine import Quarantined
from profiles.domain.policy import QUARANTINE_RETENTION

_MILLISECONDS: Final = 1_000
_ANSWER_S: Final = 30.0
_SCHEMA_VERSION: Final = 1


def rejected_topic(topic: str, *, replication: int = -1) -> TopicSettings:
    """Return the settings of the topic that tells of a topic's rejected records."""
    return TopicSettings(
        name=f"{topic}.rejected",
        partitions=1,
        replication=replication,
        retention_ms=int(QUARANTINE_RETENTION.total_seconds()) * _MILLISECONDS,
        message_bytes=None,
    )


class KafkaRejectedSink:
    """Tells of rejected records, at least once.

    The key is the record's position, so that a reader can drop what it has seen; the record's
    own key would name a person.
    """

    def __init__(self, address: Address, topic: str, *, answer_s: float = _ANSWER_S) -> None:
        """Prepare for the rejected records of `topic`.

        answer_s: seconds for which Kafka's answer is waited for.
        """
        self._source = topic
        self._name = f"{topic}.rejected"
        self._answer_s = answer_s
        given_up = Event()
        given_up.set()  # a full queue is waited for as long as an answer, and no longer
        self._publisher = KafkaPublisher(address, self._name, stop=given_up, grace_s=answer_s)

    def publish(self, rejected: Sequence[Quarantined]) -> None:
        """Tell of them, and wait until all in-sync replicas know; see the port."""
        if not rejected:
            return
        wanted = self._publisher.acknowledged + len(rejected)
        for record in rejected:
            self._publisher.publish(_key(record), self._value(record))
        self._publisher.flush(within_s=self._answer_s)
        if self._publisher.acknowledged != wanted:
            raise LogError(
                f"Topic {self._name}",
                "it did not acknowledge all rejected records",
                "See that Kafka is up and the topic is there.",
            )

    def _value(self, record: Quarantined) -> bytes:
        return json.dumps(
            {
                "schema": _SCHEMA_VERSION,
                "reason": record.rejected.reason.value,
                "path": record.rejected.path,
                "expected": record.rejected.expected,
                "topic": self._source,
                "topic_id": record.partition.topic_id,
                "partition": record.partition.number,
                "offset": record.offset,
                "ordinal": record.ordinal,
                "logged_at": record.logged_at.astimezone(UTC).isoformat(timespec="milliseconds"),
            },
            separators=(",", ":"),
        ).encode()

    def close(self) -> None:
        """Let go of the connection."""
        self._publisher.close()


def _key(record: Quarantined) -> bytes:
    topic_id, number, _ = record.partition
    return f"{topic_id}/{number}/{record.offset}/{record.ordinal}".encode()
