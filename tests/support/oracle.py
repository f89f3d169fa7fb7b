"""What the stores have to hold of a log, worked out with the domain alone.

No store, no chunk, no group: a plain consumer, a loop over the messages and a dictionary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from profiles.adapters.kafka import Topics
from profiles.application.log import messages
from profiles.application.log.messages import Decode
from profiles.domain.assessing import decide
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.outcome import Rejected, RejectionReason, Withheld
from profiles.domain.person import PersonId
from profiles.domain.policy import DEFAULT_POLICY, PrivacyPolicy
from profiles.domain.profile import Profile
from profiles.domain.reading import canonical_id, readable_id
from profiles.domain.version import Version

PATIENCE_S = 60.0
_FAR_AWAY_S = 200_000_000_000.0

NO_KEY = Rejected(RejectionReason.ID, "key", "UUID of 36 characters")


class Place(NamedTuple):
    """Where a rejected person stands in the log."""

    topic_id: str
    partition: int
    offset: int
    ordinal: int


@dataclass
class Oracle:
    """Reads a topic with every look a bit further, and tells what has to have come of it.

    A look has to be taken before the topic is made anew or gets more partitions: what lies before
    belongs to the epoch before.
    """

    address: str
    topic: str
    decode: Decode = messages.decode
    policy: PrivacyPolicy = DEFAULT_POLICY
    held: dict[PersonId, tuple[Profile, int]] = field(default_factory=dict)
    rejected: dict[Place, Rejected] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    ends: dict[tuple[str, int], int] = field(default_factory=dict)
    suppressed: set[PersonId] = field(default_factory=set)
    epoch: int = 0
    topic_id: str = ""
    partitions: int = 0

    def look(self) -> None:
        """Take in what the topic has got since the last look."""
        topic = Topics(self.address).describe(self.topic)
        if (topic.id, topic.partitions) != (self.topic_id, self.partitions):
            self.topic_id, self.partitions = topic.id, topic.partitions
            self.epoch += 1
        for number in range(topic.partitions):
            place = topic.id, number
            start = self.ends.get(place, 0)
            found, self.ends[place] = read(self.address, self.topic, number, start)
            for message in found:
                self._take(message, topic.id, number)

    def suppress(self, persons: Iterable[PersonId]) -> None:
        """Keep persons out whom the ledger names, whenever it was told.

        All their records are of adults and readable, or the counts would depend on that moment.
        """
        self.suppressed.update(persons)
        for person in self.suppressed:
            self.held.pop(person, None)

    def _take(self, message: Message, topic_id: str, number: int) -> None:
        offset = message.offset()
        assert offset is not None
        version = Version(self.epoch, offset, number).number()
        value, key = message.value(), message.key()
        if value is None:
            self.counts["read"] += 1
            person = _person_of(key)
            if person is None:
                self._reject(topic_id, number, offset, NO_KEY)
            else:
                self.counts["erased"] += 1
                self._delete(person, version)
            return
        records = self.decode(value)
        assert not isinstance(records, messages.Deletion)
        if isinstance(records, Rejected):
            self.counts["read"] += 1
            self._reject(topic_id, number, offset, records)
            return
        seconds = min(message.timestamp()[1] / 1_000, _FAR_AWAY_S)  # a producer may write anything
        logged_at = datetime.fromtimestamp(seconds, UTC)
        times = DecisionDates.of(logged_at=logged_at, read_at=datetime.now(UTC))
        for index, item in enumerate(records.items):
            self.counts["read"] += 1
            outcome = decide(item, self.policy, times)
            if isinstance(outcome, Profile):
                self.counts["admitted"] += 1
                self._hold(outcome, version)
            elif isinstance(outcome, Withheld):
                self.counts["withheld"] += 1
                self.reasons[outcome.reason.value] += 1
                person = readable_id(item)
                if person is not None:
                    self._delete(person, version)
            else:
                assert isinstance(outcome, Rejected)  # nobody is corrected in these logs
                path = records.path(index, outcome.path)
                told = Rejected(outcome.reason, path, outcome.expected)
                self._reject(topic_id, number, offset, told)

    def _reject(self, topic_id: str, number: int, offset: int, why: Rejected) -> None:
        self.counts["rejected"] += 1
        self.reasons[why.reason.value] += 1
        ordinal = 0
        while Place(topic_id, number, offset, ordinal) in self.rejected:
            ordinal += 1
        self.rejected[Place(topic_id, number, offset, ordinal)] = why

    def _hold(self, profile: Profile, version: int) -> None:
        if profile.id in self.suppressed:
            return
        if profile.id not in self.held or self.held[profile.id][1] <= version:
            self.held[profile.id] = profile, version

    def _delete(self, person: PersonId, version: int) -> None:
        if person in self.held and self.held[person][1] <= version:
            del self.held[person]


def _person_of(key: bytes | None) -> PersonId | None:
    try:
        return None if key is None else canonical_id(key.decode())
    except UnicodeDecodeError:
        return None


def read(address: str, topic: str, number: int, start: int) -> tuple[Sequence[Message], int]:
    """Read a partition from an offset to its end; return that, too."""
    settings = {
        "bootstrap.servers": address,
        "group.id": f"oracle-{uuid4().hex}",
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
        "enable.partition.eof": True,  # the last offsets may be without a record
    }
    with closing(Consumer(settings)) as consumer:
        place = TopicPartition(topic, number, start)
        _, end = consumer.get_watermark_offsets(place, timeout=PATIENCE_S)
        consumer.assign([place])
        return list(_messages(consumer, end, start)), end


def _messages(consumer: Consumer, end: int, start: int) -> Iterator[Message]:
    next_offset = start
    while next_offset < end:
        found = consumer.consume(min(5_000, end - next_offset), 1.0)
        for message in found:
            error = message.error()
            if error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the driver's own name for it
                return
            assert error is None, error
            offset = message.offset()
            assert offset is not None
            if offset < end:
                yield message
            next_offset = offset + 1
