"""What a group is told of how far its reader is, until the group has noted it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from profiles.adapters.kafka.errors import NO_OFFSET, error_of, permanent

_COORDINATOR_S: Final = 3.0

_logger = logging.getLogger(__name__)


class Commits:
    """Commits the offsets of one topic for a reader, and again those that were not noted.

    A reader whose topic is quiet has no later offset to commit, so what got lost on the way would
    look as if it were behind. Used by the thread that polls the reader.
    """

    def __init__(self, topic: str, *, again_s: float) -> None:
        """Prepare for a topic.

        again_s: seconds between two attempts.
        """
        self._topic = topic
        self._again_s = again_s
        self._asked: dict[int, int] = {}
        self._failed: set[int] = set()
        self._due = 0.0

    def answered(self, error: KafkaError | None, offsets: Sequence[TopicPartition]) -> None:
        """Hear what became of a commit: the driver's `on_commit`."""
        if error is None or error.code() == NO_OFFSET:
            return
        if permanent(error):
            _logger.warning("The group's offsets were not committed (%s).", error.name())
            return
        _logger.warning(
            "The group's offsets were not committed (%s); trying again in %g s.",
            *(error.name(), self._again_s),
        )
        self._failed |= {p.partition for p in offsets if self._asked.get(p.partition) == p.offset}
        self._due = time.monotonic() + self._again_s

    def commit(self, consumer: Consumer, ends: Mapping[int, int], *, wait: bool) -> None:
        """Commit offsets, by number of the partition; a failure is only logged.

        wait: until the group has noted them.
        """
        self._asked.update(ends)
        self._failed -= ends.keys()
        offsets = [TopicPartition(self._topic, number, end) for number, end in ends.items()]
        try:
            if wait:
                # A commit can't be told how long to try: up to a minute where Kafka is away.
                consumer.committed(offsets, timeout=_COORDINATOR_S)
                consumer.commit(offsets=offsets, asynchronous=False)
            else:
                consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as raised:
            self.answered(error_of(raised), offsets)

    def commit_again(self, consumer: Consumer) -> None:
        """Commit what was not noted, once its time has come."""
        if self._failed and time.monotonic() >= self._due:
            ends = {number: self._asked[number] for number in self._failed}
            self.commit(consumer, ends, wait=False)

    def forget(self, numbers: Iterable[int]) -> None:
        """Leave partitions to whoever has them from now on."""
        for number in numbers:
            self._asked.pop(number, None)
            self._failed.discard(number)
