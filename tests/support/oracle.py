"""What the stores have to hold of a log, worked out with the domain alone.

No store, no chunk, no group: a plain consumer, a loop over the messages and a dictionary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from profiles.domain.corrections import Correction, Corrections
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.outcome import Erased, Rejected, RejectionReason, Withheld
from profiles.domain.person import PersonId
from profiles.domain.policy import DEFAULT_POLICY, PrivacyPolicy
from profiles.domain.profile import Profile
from profiles.domain.reading import canonical_id, readable_id
from profiles.domain.version import Version
from tests.support.patience import PATIENCE_S

_FAR_AWAY_S = 200_000_000_000.0

Held = Mapping[PersonId, tuple[Profile, int]]

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
    corrections: dict[PersonId, Corrections] = field(default_factory=dict)
    suppressed: set[PersonId] = field(default_factory=set)
    restricted: set[PersonId] = field(default_factory=set)
    told: dict[PersonId, dict[int, Profile]] = field(default_factory=dict)
    deleted: dict[PersonId, int] = field(default_factory=dict)
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

    def restrict(self, persons: Iterable[PersonId]) -> None:
        """Keep persons apart whom the ledger restricts; see `suppress`, and `faults_apart`.

        Nothing of theirs is corrected, or it would depend on the moment.
        """
        self.restricted.update(persons)
        assert not self.restricted & self.corrections.keys()
        for person in self.restricted:
            self.held.pop(person, None)

    def faults_apart(self, apart: Held) -> Counter[str]:
        """Count what is wrong with the profiles that are kept apart, by kind.

        Each has to be what the log says at its version. Which version that is depends on the moment
        of the restriction; whatever deletes the person later deletes what is kept apart, too.
        """
        faults: Counter[str] = Counter()
        for person, (profile, version) in apart.items():
            place = Version.parts(version)._replace(revision=0).number()
            if person not in self.restricted:
                faults["not restricted"] += 1
            elif self.told.get(person, {}).get(place) != profile:
                faults["not what the log says"] += 1
            elif self.deleted.get(person, 0) > place:
                faults["deleted since"] += 1
        lost = self.restricted - apart.keys() - self.deleted.keys()
        return faults + Counter({"lost": len(lost)})

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
                self.take(Erased(), person, version)
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
            if isinstance(outcome, Rejected):
                path = records.path(index, outcome.path)
                told = Rejected(outcome.reason, path, outcome.expected)
                self._reject(topic_id, number, offset, told)
                continue
            if isinstance(outcome, Withheld):
                self.counts["withheld"] += 1
                self.reasons[outcome.reason.value] += 1
            else:
                self.counts["admitted"] += 1
            self.take(outcome, readable_id(item), version)

    def take(
        self,
        outcome: Profile | Withheld | Correction | Erased,
        person: PersonId | None,
        version: int,
    ) -> None:
        """Take in what was decided about a record, after all records before it."""
        if isinstance(outcome, Profile):
            self._hold(outcome, version)
        elif isinstance(outcome, Correction):
            self._correct(outcome, version)
        elif person is not None:
            self._delete(person, version)

    def _reject(self, topic_id: str, number: int, offset: int, why: Rejected) -> None:
        self.counts["rejected"] += 1
        self.reasons[why.reason.value] += 1
        ordinal = 0
        while Place(topic_id, number, offset, ordinal) in self.rejected:
            ordinal += 1
        self.rejected[Place(topic_id, number, offset, ordinal)] = why

    def _hold(self, profile: Profile, version: int) -> None:
        self.told.setdefault(profile.id, {})[version] = profile
        if profile.id in self.suppressed | self.restricted:
            return
        if profile.id not in self.held or self.held[profile.id][1] <= version:
            kept = self.corrections.get(profile.id)
            self.held[profile.id] = profile if kept is None else kept.over(profile), version

    def _correct(self, correction: Correction, version: int) -> None:
        person = correction.person
        if person not in self.held or self.held[person][1] > version:
            return
        self.held[person] = correction.of(self.held[person][0]), version
        kept = correction.kept_with(self.corrections.pop(person, None))
        if kept is not None:
            self.corrections[person] = kept

    def _delete(self, person: PersonId, version: int) -> None:
        self.deleted[person] = max(version, self.deleted.get(person, 0))
        if person in self.held and self.held[person][1] <= version:
            del self.held[person]
            self.corrections.pop(person, None)


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
