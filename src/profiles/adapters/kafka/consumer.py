"""The consumer: a topic shared among a group, read from where the stores say."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from profiles.adapters.kafka.cluster import Address
from profiles.adapters.kafka.commits import Commits
from profiles.adapters.kafka.connection import client_settings
from profiles.adapters.kafka.errors import (
    NO_TOPIC,
    OFFSETS_GONE,
    PARTITION_END,
    failure,
    map_exceptions,
    permanent,
)
from profiles.adapters.kafka.group_offsets import GroupOffsets
from profiles.adapters.kafka.patience import FIRST_S, Patience
from profiles.adapters.kafka.records import record_of
from profiles.adapters.kafka.settings import GROUP_READER
from profiles.adapters.kafka.topic import Topic, Topics, created_again, gone
from profiles.application.errors import GapError, LogAwayError, LogError
from profiles.application.log.records import LogPartition, LogRecord, Run
from profiles.application.log.timestamps import TimestampDecoder
from profiles.application.ports.logs import Revoked

_REQUEST_S: Final = 10.0
_NOTE_AGAIN_S: Final = 5.0
_END_S: Final = 2.0
_KEPT_BYTES: Final = 8 * 1024 * 1024
_FEW: Final = 100
"""Records up to which others are slept for."""

_logger = logging.getLogger(__name__)


class KafkaLog:
    """Reads a topic as one of a consumer group. Used by one thread.

    The group shares out the partitions and its offsets tell lag tools how far it is; where to
    begin is said by `begin`. What was fetched is returned only after Kafka has said once more
    that the topic still has the id it had: ids don't come back, so no record of another topic of
    the same name can pass for one of this.

    What is fetched is said by the driver's `assign` alone: with the partitions and offsets to go
    on from, or with none. `pause`, `resume` and `seek` are never used. Each of them takes a number
    (`rd_kafka_toppar_version_new_barrier`) and then queues its order, in our thread; librdkafka's
    own thread does the same for the start of fetching (FETCH_START), as soon as the stop before it
    is done. Where ours gets the higher number and is queued first, the start counts as outdated
    and is dropped (`rd_kafka_toppar_op_serve`): that partition is never read again. All that an
    `assign` leads to is numbered and queued by librdkafka's thread, so nothing can overtake it.
    """

    def __init__(  # noqa: PLR0913 - what there is to know, named one by one
        self,
        address: Address,
        topic: Topic,
        *,
        group: str,
        settings: Mapping[str, Any] | None = None,
        request_s: float = _REQUEST_S,
        patience_s: float = FIRST_S,
    ) -> None:
        """Prepare for a topic that exists.

        settings: of the driver, beside those of this module.
        request_s: seconds for which one answer is waited for.
        patience_s: seconds for which a partition may bring nothing before its end is asked for.
        """
        self._address = address
        self._topic = topic
        self._topics = Topics(address, request_s=request_s)
        self._offsets = GroupOffsets(address, group, request_s=request_s)
        client = client_settings(address, name="profiles-consumer")
        self._commits = Commits(topic.name, again_s=_NOTE_AGAIN_S)
        own = {"group.id": group, "on_commit": self._commits.answered}
        self._consumer = Consumer({**client, **GROUP_READER, **own, **(settings or {})})
        self._revoked: Revoked = lambda _numbers, _lost: None
        self._assigned: set[int] = set()
        self._next: dict[int, int] = {}
        self._fetched: list[Message] = []
        self._rebalances = 0
        self._fetching = False
        self._group = group
        self._patience_s = patience_s
        self._joining: Patience | None = None
        self._silent: dict[int, Patience] = {}
        self._timestamps = TimestampDecoder()

    def partitions(self) -> Sequence[LogPartition]:
        """Return all partitions."""
        return [self._topic.partition(number) for number in range(self._topic.partitions)]

    def bounds(self, partition: LogPartition) -> tuple[int, int]:
        """Return the first offset that is held, and the next one."""
        return self._bounds(partition.number, within_s=_REQUEST_S)

    def _bounds(self, number: int, *, within_s: float) -> tuple[int, int]:
        place = TopicPartition(self._topic.name, number)
        with map_exceptions(self._address):
            return self._consumer.get_watermark_offsets(place, timeout=within_s)

    def committed(self, partition: LogPartition) -> int | None:
        """Return the offset that the group has committed last."""
        return self._offsets.committed(TopicPartition(self._topic.name, partition.number))

    def subscribe(self, revoked: Revoked) -> None:
        """Ask for a share of the partitions; see the port."""
        self._revoked = revoked
        self._joining = Patience(self._patience_s)
        with map_exceptions(self._address):
            self._consumer.subscribe(
                [self._topic.name],
                on_assign=self._on_assign,
                on_revoke=lambda _consumer, partitions: self._take(partitions, lost=False),
                on_lost=lambda _consumer, partitions: self._take(partitions, lost=True),
            )

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._assigned = {partition.partition for partition in partitions}
        self._joining = None
        consumer.assign([])  # the group waits for the call; nothing is fetched until `begin`

    def _take(self, partitions: Iterable[TopicPartition], *, lost: bool) -> None:
        numbers = {partition.partition for partition in partitions}
        self._revoked(numbers, lost)
        self._commits.forget(numbers)
        self._assigned -= numbers
        for number in numbers:
            self._next.pop(number, None)
            self._silent.pop(number, None)
        self._fetched = []
        self._fetching = False
        self._joining = Patience(self._patience_s)
        self._rebalances += 1

    def assigned(self) -> Collection[LogPartition]:
        """Return the partitions of this reader."""
        return [self._topic.partition(number) for number in sorted(self._assigned)]

    def waiting(self) -> Collection[LogPartition]:
        """Return those that `begin` has to speak of."""
        return [self._topic.partition(n) for n in sorted(self._assigned - self._next.keys())]

    def begin(self, starts: Mapping[int, int]) -> None:
        """Begin where the stores say; see the port."""
        self._next.update(starts)
        self._heard(starts)
        with map_exceptions(self._address):
            self._fetch()

    def _heard(self, numbers: Iterable[int]) -> None:
        self._silent.update((number, Patience(self._patience_s)) for number in numbers)

    def _fetch(self) -> None:
        """Fetch from where each partition is to go on; what was fetched before comes again."""
        self._consumer.assign(self._of(self._next))
        self._fetched = []
        self._fetching = True

    def _of(self, offsets: Mapping[int, int]) -> list[TopicPartition]:
        name = self._topic.name
        return [TopicPartition(name, number, offset) for number, offset in offsets.items()]

    def read(self, *, limit: int, timeout_s: float, gather_s: float = 0.0) -> Sequence[Run]:
        """Return what has come, once it is sure of which topic it is; see the port."""
        self._look_after_silent()
        self._commits.commit_again(self._consumer)
        with map_exceptions(self._address):
            if self._next and not self._fetching:
                self._fetch()
            before = self._rebalances
            began = time.monotonic()
            fetched = self._come(max(0, limit - len(self._fetched)), timeout_s, gather_s)
            self._wait(time.monotonic() - began)
            # What was fetched before a rebalance is read again from where it is begun next.
            self._fetched = [*self._fetched, *fetched] if self._rebalances == before else []
        if not self._fetched:
            return []
        asked = self._topics.ask(self._topic.name)
        records, ends, errors = self._sorted(self._fetched)
        self._heard([*ends, *(number for number, _ in errors if number in self._next)])
        topic = self._topics.answered(self._topic.name, asked)
        if topic is None:
            return []  # `_fetched` waits for an answer
        self._fetched = []
        self._check(topic)
        for number, error in errors:
            self._raise(number, error)
        return self._runs(records, ends)

    def _come(self, limit: int, timeout_s: float, gather_s: float) -> list[Message]:
        """Return what comes, from the first on: the driver by itself waits for all that may come.

        While few come it is not asked, but slept: asked, it wakes up for each of them.
        """
        deadline = time.monotonic() + timeout_s
        while first := self._consumer.consume(min(1, limit), max(0.0, deadline - time.monotonic())):
            if self._is_known_end(first[0]):
                continue
            come = first + self._consumer.consume(limit - 1, 0.0)
            if len(come) > _FEW:
                return come + self._consumer.consume(limit - len(come), gather_s)
            time.sleep(gather_s)
            return come + self._consumer.consume(limit - len(come), 0.0)
        return []

    def _is_known_end(self, message: Message) -> bool:
        """Tell whether a message says only that a partition has no more than was read of it."""
        error, number = message.error(), message.partition()
        if error is None or error.code() != PARTITION_END or number is None:
            return False
        if message.offset() != self._next.get(number):
            return False
        self._heard([number])
        return True

    def _wait(self, seconds: float) -> None:
        """Count what was waited for; say so where it is the share of the partitions."""
        for patience in self._silent.values():
            patience.wait(seconds)
        if self._joining is None:
            return
        self._joining.wait(seconds)
        if self._joining.is_over:
            _logger.warning(
                "Waiting for a share of topic %s as one of group %s, for %.0f s so far. Kafka gives"
                " it out once the group's other readers are ready, or are given up.",
                *(self._topic.name, self._group, self._joining.waited_s),
            )
            self._joining.extend()

    def _look_after_silent(self) -> None:
        """Begin anew where a partition with more to bring has brought neither record nor end."""
        overdue = [number for number, patience in self._silent.items() if patience.is_over]
        for number in overdue:
            self._silent[number].extend()  # for where it only takes long, or Kafka is away
        for number in overdue:
            position, waited_s = self._next[number], self._silent[number].waited_s
            try:
                _, end = self._bounds(number, within_s=_END_S)
            except LogAwayError:  # of which the driver tells
                return
            if end <= position:
                self._silent[number] = Patience(self._patience_s)
                continue
            self._fetching = False
            _logger.warning(
                "Partition %d of topic %s has brought nothing for %.0f s, though it goes on from"
                " offset %d to %d. Its reading begins anew.",
                *(number, self._topic.name, waited_s, position, end),
            )

    def _sorted(
        self, messages: Iterable[Message]
    ) -> tuple[dict[int, list[LogRecord]], dict[int, int], list[tuple[int | None, KafkaError]]]:
        """Sort by partition: records, the offsets after the last, and errors."""
        records: dict[int, list[LogRecord]] = {}
        ends: dict[int, int] = {}
        errors: list[tuple[int | None, KafkaError]] = []
        for message in messages:
            number, offset, error = message.partition(), message.offset(), message.error()
            if error is not None and error.code() != PARTITION_END:
                errors.append((number, error))
                continue
            if number is None or offset is None or offset < self._next.get(number, offset + 1):
                continue  # of a partition that was revoked after it had been fetched
            if error is None:
                records.setdefault(number, []).append(record_of(message, offset, self._timestamps))
                offset += 1
            ends[number] = max(offset, ends.get(number, 0))
        return records, ends, errors

    def _runs(
        self, records: Mapping[int, Sequence[LogRecord]], ends: Mapping[int, int]
    ) -> Sequence[Run]:
        runs = []
        for number, end in ends.items():
            start = self._next[number]
            if end > start:
                runs.append(
                    Run(
                        partition=self._topic.partition(number),
                        records=records.get(number, ()),
                        start=start,
                        end=end,
                    )
                )
                self._next[number] = end
        return runs

    def _check(self, topic: Topic) -> None:
        """Compare the topic with what it was; take over that it has more partitions."""
        if topic.id != self._topic.id:
            raise created_again(topic.name)
        self._topic = topic

    def _raise(self, number: int | None, error: KafkaError) -> None:
        """Raise what no waiting mends; the driver itself tries again with the rest."""
        if error.code() in OFFSETS_GONE and number is not None:
            if number not in self._next:
                return
            position = self._next[number]
            first, end = self.bounds(self._topic.partition(number))
            if position < first:
                raise GapError(position, first)
            if position > end:
                raise LogError(
                    f"Topic {self._topic.name}",
                    f"partition {number} ends at offset {end}, but was read up to {position}: it"
                    " has lost records",
                    "Restore it, or create it again; the stores keep what they hold.",
                )
            self._fetching = False
        if error.code() in NO_TOPIC:
            raise gone(self._topic.name)
        if permanent(error):
            raise failure(self._address, error)
        _logger.warning("Reading topic %s: %s; trying again.", self._topic.name, error.name())

    def keep_alive(self) -> None:
        """Stay in the group while the stores are busy or away; see the port."""
        self._commits.commit_again(self._consumer)
        with map_exceptions(self._address):
            message = self._consumer.poll(0)
            if message is not None:
                self._fetched.append(message)
            if self._fetching and sum(map(len, self._fetched)) > _KEPT_BYTES:
                self._consumer.assign([])
                self._fetched = []
                self._fetching = False

    def commit(self, ends: Mapping[int, int], *, wait: bool) -> None:
        """Note how far the group is; see the port."""
        if ends:
            self._commits.commit(self._consumer, ends, wait=wait)

    def close(self) -> None:
        """Leave the group, and let go of the connection."""
        self._revoked = lambda _numbers, _lost: None
        self._consumer.close()
        self._offsets.close()
