"""The suite of a shared log: publishing to it, reading it as a group, publishing rejections."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import NamedTuple, Protocol
from uuid import uuid4

import pytest

from profiles.application.errors import LogError
from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogPartition, LogRecord
from profiles.application.ports.logs import (
    LogLookup,
    LogReader,
    LogSearch,
    PartitionedLog,
    PlacingPublisher,
    RejectedSink,
)
from profiles.domain.outcome import Rejected, RejectionReason
from tests.support.memory_streams import (
    MemoryLogLookup,
    MemoryLogSearch,
    MemoryPartitionedLog,
    MemoryPublisher,
    MemoryRejectedSink,
    MemoryTopic,
)
from tests.support.patience import PATIENCE_S

SLICE_S = 0.1


class Streams(Protocol):
    """A topic of two partitions, made for one test."""

    def publisher(self) -> PlacingPublisher: ...

    def log(self, group: str) -> PartitionedLog: ...

    def sink(self) -> RejectedSink: ...

    def rejections(self) -> Sequence[Rejection]:
        """What the sinks have published so far, in their order."""
        ...

    def lookup(self) -> LogLookup: ...

    def reader(self) -> LogReader: ...

    def search(self) -> LogSearch: ...


class Rejection(NamedTuple):
    """What a reader of the rejected records gets to know."""

    topic_id: str
    partition: int
    offset: int
    ordinal: int
    logged_at: datetime
    rejected: Rejected


class MemoryStreams:
    def __init__(self) -> None:
        self._topic = MemoryTopic()
        self._sink = MemoryRejectedSink()

    def publisher(self) -> PlacingPublisher:
        return MemoryPublisher(self._topic)

    def log(self, group: str) -> PartitionedLog:
        return MemoryPartitionedLog(self._topic, group=group)

    def sink(self) -> RejectedSink:
        return self._sink

    def rejections(self) -> Sequence[Rejection]:
        return [
            Rejection(
                one.partition.topic_id,
                one.partition.number,
                one.offset,
                one.ordinal,
                one.logged_at,
                one.rejected,
            )
            for one in self._sink.told
        ]

    def lookup(self) -> LogLookup:
        return MemoryLogLookup(self._topic)

    def reader(self) -> LogReader:
        return MemoryLogLookup(self._topic)

    def search(self) -> LogSearch:
        return MemoryLogSearch(self._topic)


class KafkaStreams:
    def __init__(self, address: str, name: str, stack: ExitStack) -> None:
        from profiles.adapters.kafka import Topics, TopicSettings, rejected_topic  # noqa: PLC0415 - the other adapters are tested without Kafka's driver

        self._address = address
        self._stack = stack
        topics = Topics(address)
        wanted = TopicSettings(name=name, partitions=2)
        self._topic = topics.ensure(wanted, stop=Event())
        topics.ensure(rejected_topic(name), stop=Event())
        stack.callback(topics.delete, name, rejected_topic(name).name)

    def publisher(self) -> PlacingPublisher:
        from profiles.adapters.kafka import KafkaPublisher  # noqa: PLC0415 - see above

        publisher = KafkaPublisher(self._address, self._topic.name, stop=Event())
        return self._stack.enter_context(closing(publisher))

    def log(self, group: str) -> PartitionedLog:
        from profiles.adapters.kafka import KafkaLog  # noqa: PLC0415 - see above

        log = KafkaLog(self._address, self._topic, group=f"{self._topic.name}-{group}")
        return self._stack.enter_context(closing(log))

    def sink(self) -> RejectedSink:
        from profiles.adapters.kafka import KafkaRejectedSink  # noqa: PLC0415 - see above

        sink = KafkaRejectedSink(self._address, self._topic.name)
        return self._stack.enter_context(closing(sink))

    def rejections(self) -> Sequence[Rejection]:
        from tests.support.oracle import read  # noqa: PLC0415 - see above

        messages, _ = read(self._address, f"{self._topic.name}.rejected", 0, 0)
        return [rejection_in(message.value()) for message in messages]

    def lookup(self) -> LogLookup:
        from profiles.adapters.kafka import KafkaLogLookup  # noqa: PLC0415 - see above

        lookup = KafkaLogLookup(self._address, self._topic.name)
        return self._stack.enter_context(closing(lookup))

    def reader(self) -> LogReader:
        from profiles.adapters.kafka import KafkaLogLookup  # noqa: PLC0415 - see above

        reader = KafkaLogLookup(self._address, self._topic.name)
        return self._stack.enter_context(closing(reader))

    def search(self) -> LogSearch:
        from profiles.adapters.kafka import KafkaSearch  # noqa: PLC0415 - see above

        search = KafkaSearch(self._address, self._topic.name)
        return self._stack.enter_context(closing(search))


def rejection_in(message: bytes | None) -> Rejection:
    found = json.loads(message or b"")
    reason = RejectionReason(found["reason"])
    return Rejection(
        found["topic_id"],
        found["partition"],
        found["offset"],
        found["ordinal"],
        datetime.fromisoformat(found["logged_at"]),
        Rejected(reason, found["path"], found["expected"]),
    )


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.servers)])
def streams(request: pytest.FixtureRequest) -> Generator[Streams]:
    if request.param == "memory":
        yield MemoryStreams()
        return
    with ExitStack() as stack:
        address = request.getfixturevalue("kafka_address")
        yield KafkaStreams(address, f"contract-{uuid4().hex[:8]}", stack)


def publish(streams: Streams, *values: bytes) -> None:
    publisher = streams.publisher()
    for number, value in enumerate(values):
        publisher.publish(b"key-%d" % number, value)
    assert publisher.flush(within_s=PATIENCE_S) == 0
    assert (publisher.acknowledged, publisher.failed) == (len(values), 0)
    number, offset = publisher.last_place or (-1, -1)
    assert offset >= 0 <= number


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < deadline, "not in time"


def revoked(_numbers: Collection[int], _lost: bool) -> None:  # noqa: FBT001 - a listener
    """Take note of nothing."""


def joined(log: PartitionedLog) -> Sequence[LogPartition]:
    """Join the group, and get all partitions."""
    log.subscribe(revoked)

    def all_are_waiting() -> bool:
        assert log.read(limit=10, timeout_s=SLICE_S) == []
        return len(log.waiting()) == len(log.partitions())

    until(all_are_waiting)
    return list(log.waiting())


def read_all(log: PartitionedLog, count: int) -> dict[int, list[LogRecord]]:
    """Read until a number of records has come; runs follow each other without a hole."""
    found: dict[int, list[LogRecord]] = {}
    ends: dict[int, int] = {}

    def complete() -> bool:
        for run in log.read(limit=1_000, timeout_s=SLICE_S):
            number = run.partition.number
            assert run.start == ends.get(number, run.start)
            assert run.end > run.start
            ends[number] = run.end
            found.setdefault(number, []).extend(run.records)
        return sum(map(len, found.values())) >= count

    until(complete)
    return found


A_DAY_S = 86_400.0
"""Longer than any test may take."""

VALUES = [b"value-%d" % number for number in range(20)]


def test_what_was_published_is_read(streams: Streams) -> None:
    before = datetime.now(UTC) - timedelta(minutes=5)
    publish(streams, *VALUES)
    log = streams.log("readers")

    partitions = joined(log)
    log.begin({partition.number: 0 for partition in partitions})
    found = read_all(log, len(VALUES))

    records = [record for run in found.values() for record in run]
    assert {record.value for record in records} == set(VALUES)
    assert {record.key for record in records} == {b"key-%d" % n for n in range(len(VALUES))}
    assert all(record.logged_at.tzinfo is not None for record in records)
    assert all(record.logged_at > before or record.logged_at.year == 2026 for record in records)
    for run in found.values():
        assert [record.offset for record in run] == list(range(len(run)))


def test_what_has_come_is_read_without_waiting_for_more(streams: Streams) -> None:
    log = streams.log("readers")
    log.begin({partition.number: 0 for partition in joined(log)})
    publish(streams, *VALUES[:1])

    (run,) = log.read(limit=1_000, timeout_s=A_DAY_S)

    assert [record.value for record in run.records] == VALUES[:1]


def test_partitions_name_topic_and_count(streams: Streams) -> None:
    partitions = streams.log("readers").partitions()

    assert [partition.number for partition in partitions] == [0, 1]
    assert {partition.partitions for partition in partitions} == {2}
    assert len({partition.topic_id for partition in partitions}) == 1


def test_bounds_tell_where_a_partition_ends(streams: Streams) -> None:
    log = streams.log("readers")
    assert [log.bounds(partition) for partition in log.partitions()] == [(0, 0), (0, 0)]

    publish(streams, *VALUES)

    ends = [log.bounds(partition)[1] for partition in log.partitions()]
    assert sum(ends) == len(VALUES)


def test_reading_begins_at_the_given_offset(streams: Streams) -> None:
    publish(streams, *VALUES)
    log = streams.log("readers")
    ends = {partition.number: log.bounds(partition)[1] for partition in log.partitions()}
    starts = {number: max(0, end - 1) for number, end in ends.items()}

    joined(log)
    log.begin(starts)
    found = read_all(log, sum(ends[number] - start for number, start in starts.items()))

    for number, records in found.items():
        assert [record.offset for record in records] == list(range(starts[number], ends[number]))


def test_nothing_is_read_before_an_offset_is_given(streams: Streams) -> None:
    publish(streams, *VALUES)
    log = streams.log("readers")

    joined(log)

    assert log.read(limit=10, timeout_s=SLICE_S) == []


def test_the_group_remembers_what_was_committed(streams: Streams) -> None:
    publish(streams, *VALUES)
    log = streams.log("readers")
    partitions = joined(log)
    assert [log.committed(partition) for partition in partitions] == [None, None]

    log.begin({partition.number: 0 for partition in partitions})
    log.commit({0: 1, 1: 2}, wait=True)

    assert [log.committed(partition) for partition in partitions] == [1, 2]
    other = streams.log("others")
    assert [other.committed(partition) for partition in partitions] == [None, None]


def test_staying_in_the_group_loses_no_record(streams: Streams) -> None:
    log = streams.log("readers")
    log.begin({partition.number: 0 for partition in joined(log)})

    log.keep_alive()
    publish(streams, *VALUES)
    log.keep_alive()
    log.keep_alive()

    found = read_all(log, len(VALUES))
    assert {record.value for run in found.values() for record in run} == set(VALUES)


def test_every_published_rejection_can_be_read_with_its_place_and_reason(streams: Streams) -> None:
    logged_at = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
    rejected = Rejected(RejectionReason.TYPE, "location.city", "text or null")
    first = Quarantined(
        partition=LogPartition("a-topic", 1, 2),
        offset=7,
        ordinal=0,
        logged_at=logged_at,
        rejected=rejected,
    )
    second = replace(first, ordinal=1)
    sink = streams.sink()

    sink.publish([])
    assert streams.rejections() == []

    sink.publish([first, second])
    sink.publish([first])
    places = [
        (one.topic_id, one.partition, one.offset, one.ordinal) for one in streams.rejections()
    ]
    assert places == [("a-topic", 1, 7, 0), ("a-topic", 1, 7, 1), ("a-topic", 1, 7, 0)]
    assert {(one.logged_at, one.rejected) for one in streams.rejections()} == {
        (logged_at, rejected)
    }


def test_a_lookup_knows_the_topic_by_its_id(streams: Streams) -> None:
    partition = streams.log("a").partitions()[0]

    assert streams.lookup().identity() == partition.topic_id


def test_a_lookup_tells_where_a_partition_begins_and_where_it_holds_records(
    streams: Streams,
) -> None:
    publish(streams, b"one", b"two", b"three")
    log = streams.log("a")
    held = {p: log.bounds(p)[1] for p in log.partitions()}
    (partition, end) = max(held.items(), key=lambda item: item[1])
    lookup = streams.lookup()

    assert lookup.first(partition) == 0
    assert lookup.holds_records(partition, 0, end)
    assert lookup.holds_records(partition, end - 1, end)
    assert not lookup.holds_records(partition, 0, 0)
    assert not lookup.holds_records(partition, end, end + 5)


def test_any_part_of_it_can_be_read_by_position_and_nothing_is_noted(streams: Streams) -> None:
    publish(streams, *(b"%d" % number for number in range(20)))
    reader = streams.reader()
    partitions = reader.partitions()

    assert [p.number for p in partitions] == [0, 1]
    whole = {p: list(reader.records(p, *reader.bounds(p))) for p in partitions}
    assert sorted(int(r.value) for found in whole.values() for r in found) == list(range(20))  # type: ignore[arg-type]  # what was published
    longest = max(partitions, key=lambda p: len(whole[p]))
    _, end = reader.bounds(longest)
    assert [r.offset for r in reader.records(longest, 1, end - 1)] == list(range(1, end - 1))
    assert [r.offset for r in reader.records(longest, end - 1, end + 5)] == [end - 1]
    assert list(reader.records(longest, 3, 3)) == []
    assert list(reader.records(longest, end, end)) == []
    assert next(iter(reader.records(longest, 0, end))).key == whole[longest][0].key
    assert streams.log("a").committed(longest) is None


def test_what_is_no_longer_of_its_topic_is_not_taken_for_it(streams: Streams) -> None:
    publish(streams, b"one")
    reader = streams.reader()
    held = max(reader.partitions(), key=lambda p: reader.bounds(p)[1])
    earlier = held._replace(topic_id="an-earlier-one")

    with pytest.raises(LogError, match="deleted and created again"):
        list(reader.records(earlier, 0, 1))


def test_a_search_yields_all_that_a_topic_held_when_it_began(streams: Streams) -> None:
    publisher = streams.publisher()
    for number in range(5):
        publisher.publish(b"a key", b"%d" % number)
    publisher.flush(within_s=PATIENCE_S)
    search = streams.search()
    bounds = search.bounds()
    publisher.publish(b"a key", b"later")
    publisher.flush(within_s=PATIENCE_S)

    found = {
        number: list(search.records(number, start=start, end=end))
        for number, (start, end) in bounds.items()
    }

    records = [record for some in found.values() for record in some]
    assert [record.value for record in records] == [b"0", b"1", b"2", b"3", b"4"]
    assert [record.offset for record in records] == [0, 1, 2, 3, 4]
    assert {record.key for record in records} == {b"a key"}
    assert sorted(bounds.values()) == [(0, 0), (0, 5)]
    assert search.place(b"a key") in bounds
    (number,) = (n for n, some in found.items() if some)
    assert [r.offset for r in search.records(number, start=2, end=4)] == [2, 3]
