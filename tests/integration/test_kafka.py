from __future__ import annotations

import json
import logging
import random
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, date, datetime
from threading import Event
from uuid import uuid4

import confluent_kafka
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from profiles.adapters import codec
from profiles.adapters.kafka import (
    KafkaLog,
    KafkaLogLookup,
    KafkaProbe,
    KafkaPublisher,
    KafkaRejectedSink,
    Topic,
    Topics,
    TopicSettings,
    connection,
    rejected_topic,
)
from profiles.adapters.kafka.settings import MESSAGE_BYTES
from profiles.adapters.memory import MemoryDecidingStore, MemoryLedger
from profiles.adapters.retrying import PatientRetry
from profiles.adapters.simulator import Simulator
from profiles.application.errors import GapError, LogError
from profiles.application.ingest.consume import Consumer
from profiles.application.ingest.produce import Producer, Production
from profiles.application.log.deciding import Chunk, Rules
from profiles.application.ports.ledger import Ledger
from profiles.application.ports.stores import Applied
from profiles.domain.errors import UsageError
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.tally import Tally
from tests.support.patience import PATIENCE_S
from tests.support.refused_address import refused_address

RULES = Rules(policy=DEFAULT_POLICY, decode=codec.decode)
ADA, BEA = (f"{number:08x}-0000-4000-8000-000000000000" for number in (1, 2))


def now() -> datetime:
    return datetime.now(UTC)


def person(identity: str, born: str = "1985-03-01") -> bytes:
    return json.dumps({"login": {"uuid": identity}, "dob": {"date": born}}).encode()


class Cluster:
    """A topic of this test's own, and what works on it."""

    def __init__(self, address: str, stack: ExitStack) -> None:
        self.address = address
        self.name = f"test-{uuid4().hex[:8]}"
        self.stack = stack
        self.topics = Topics(address)
        self.stop = Event()
        self.admin = AdminClient({"bootstrap.servers": address})
        self.store: MemoryDecidingStore = MemoryDecidingStore()
        self._made: set[str] = set()
        stack.callback(self._drop)

    def _drop(self) -> None:
        self.topics.delete(*self._made)

    def ensure(self, *, partitions: int = 3) -> Topic:
        rejected = rejected_topic(self.name)
        self.topics.ensure(rejected, stop=self.stop)
        wanted = TopicSettings(name=self.name, partitions=partitions)
        self._made |= {self.name, rejected.name}
        return self.topics.ensure(wanted, stop=self.stop)

    def produce(self, *, limit: int = 300, seed: int = 1) -> Production:
        source = Simulator(
            seed=seed, limit=limit, minors=0.1, hostile=0.1, updates=0.1, today=date(2026, 11, 23)
        )
        with closing(KafkaPublisher(self.address, self.name, stop=self.stop)) as publisher:
            job = Producer(publisher=publisher, rules=RULES, encode=codec.encode, clock=now)
            assert job.run(source)
        return job.production

    def send(self, *messages: tuple[bytes | None, bytes | None], partition: int = -1) -> None:
        producer = confluent_kafka.Producer({"bootstrap.servers": self.address})
        for key, value in messages:
            producer.produce(self.name, key=key, value=value, partition=partition)
        assert producer.flush(PATIENCE_S) == 0

    @contextmanager
    def consuming(
        self, *, group: str = "a", store: MemoryDecidingStore | None = None
    ) -> Iterator[Consumer]:
        topic = self.topics.describe(self.name)
        with (
            closing(KafkaLog(self.address, topic, group=f"{self.name}-{group}")) as log,
            closing(KafkaRejectedSink(self.address, self.name)) as sink,
        ):
            yield Consumer(
                log=log,
                store=store or self.store,
                ledger=MemoryLedger(),
                rejected=sink,
                rules=RULES,
                clock=now,
                retry=PatientRetry(),
            )

    def process(self, *, group: str = "a") -> Tally:
        with self.consuming(group=group) as job:
            assert job.run(once=True, stop=self.stop)
        return job.tally

    def rejections(self) -> list[tuple[str, dict[str, object]]]:
        """Read the topic of rejected records to its end."""
        settings = {
            "bootstrap.servers": self.address,
            "group.id": f"{self.name}-look",
            "enable.partition.eof": True,
        }
        found = []
        with closing(confluent_kafka.Consumer(settings)) as consumer:
            consumer.assign([TopicPartition(f"{self.name}.rejected", 0, 0)])
            while (message := consumer.poll(PATIENCE_S)) is not None and not message.error():
                found.append(((message.key() or b"").decode(), json.loads(message.value() or b"")))
        return found


@pytest.fixture
def cluster(kafka_address: str) -> Generator[Cluster]:
    with ExitStack() as stack:
        yield Cluster(kafka_address, stack)


@pytest.fixture
def nobody() -> Generator[str]:
    """Give an address where nothing listens."""
    with refused_address() as address:
        yield address


def until(reached: Callable[[], bool], stop: Event) -> None:
    deadline = threading.Event()
    timer = threading.Timer(PATIENCE_S, deadline.set)
    timer.start()
    try:
        while not reached():
            assert not deadline.is_set(), "not in time"
            stop.wait(0.05)
    finally:
        timer.cancel()


def test_a_topic_is_made_with_the_settings_that_privacy_needs(cluster: Cluster) -> None:
    topic = cluster.ensure(partitions=3)

    assert topic.partitions == 3
    assert len(topic.id) == 22
    assert cluster.topics.describe(cluster.name) == topic
    assert cluster.topics.differences(TopicSettings(name=cluster.name)) == {}
    week = rejected_topic(cluster.name)
    assert week.configuration()["retention.ms"] == str(7 * 24 * 3_600_000)
    assert "max.message.bytes" not in week.configuration()
    assert cluster.topics.differences(week) == {}


def test_an_existing_topic_is_left_unchanged_and_described(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = NewTopic(cluster.name, num_partitions=1, config={"retention.ms": "1000000"})
    cluster.admin.create_topics([wanted])[cluster.name].result()

    topic = cluster.ensure()

    assert topic.partitions == 1
    assert "retention.ms=1000000 and should have 86400000" in caplog.text
    differences = cluster.topics.differences(TopicSettings(name=cluster.name))
    assert differences["message.timestamp.type"] == ("CreateTime", "LogAppendTime")


def test_persons_go_through_the_log_into_the_store(cluster: Cluster) -> None:
    cluster.ensure()

    production = cluster.produce()
    tally = cluster.process()

    assert production.fetched == 300
    assert production.withheld > 0
    assert production.rejected > 0
    assert tally.read == production.acknowledged == tally.stored + tally.superseded
    held = list(cluster.store.profiles())
    assert cluster.process() == Tally()
    assert cluster.process(group="b").read == tally.read
    assert list(cluster.store.profiles()) == held


def test_a_key_is_partitioned_as_java_clients_do(cluster: Cluster) -> None:
    cluster.ensure(partitions=3)
    with closing(KafkaPublisher(cluster.address, cluster.name, stop=Event())) as publisher:
        for number in range(20):
            publisher.publish(b"key-%d" % number, b"{}")
        assert publisher.flush(within_s=PATIENCE_S) == 0

    settings = {"bootstrap.servers": cluster.address, "group.id": cluster.name}
    with closing(confluent_kafka.Consumer(settings)) as consumer:
        consumer.assign([TopicPartition(cluster.name, number, 0) for number in range(3)])
        messages = consumer.consume(20, PATIENCE_S)

    assert {message.key(): message.partition() for message in messages} == {
        b"key-%d" % number: (murmur2(b"key-%d" % number) & 0x7FFFFFFF) % 3 for number in range(20)
    }


def murmur2(data: bytes) -> int:
    """The hash of Kafka's Java client: 32-bit MurmurHash2 with its seed."""
    mask, factor = 0xFFFFFFFF, 0x5BD1E995
    value = 0x9747B28C ^ len(data)
    whole = len(data) // 4 * 4
    for start in range(0, whole, 4):
        word = int.from_bytes(data[start : start + 4], "little") * factor & mask
        word = (word ^ word >> 24) * factor & mask
        value = value * factor & mask ^ word
    if data[whole:]:
        value = (value ^ int.from_bytes(data[whole:], "little")) * factor & mask
    value = (value ^ value >> 13) * factor & mask
    return value ^ value >> 15


def test_published_rejections_hold_neither_a_value_nor_the_key(cluster: Cluster) -> None:
    topic = cluster.ensure(partitions=1)
    cluster.send(
        (ADA.encode(), b'{"login": {"uuid": "sesame"}}'),
        (b"sesame", None),
        (None, b'{"results": [{"sesame": 1}, "sesame"]}'),
    )

    assert cluster.process().rejected == 4

    told = cluster.rejections()
    assert [key for key, _ in told] == [
        f"{topic.id}/0/{place}" for place in ("0/0", "1/0", "2/0", "2/1")
    ]
    for _, value in told:
        assert datetime.fromisoformat(str(value.pop("logged_at"))).tzinfo is not None
        assert "sesame" not in json.dumps(value)
        assert ADA not in json.dumps(value)
    assert told[3][1] == {
        "schema": 1,
        "reason": "type",
        "path": "results[1]",
        "expected": "object",
        "topic": cluster.name,
        "topic_id": topic.id,
        "partition": 0,
        "offset": 2,
        "ordinal": 1,
    }


def test_whole_responses_and_null_values_are_taken(cluster: Cluster) -> None:
    cluster.ensure(partitions=1)
    response = b'{"results": [' + person(ADA) + b"," + person(BEA) + b"]}"
    cluster.send((None, response), (ADA.encode(), None))

    tally = cluster.process()

    assert (tally.read, tally.erased) == (3, 1)
    assert [profile.id for profile, _ in cluster.store.profiles()] == [BEA]


def test_records_that_kafka_has_deleted_stop_it(cluster: Cluster) -> None:
    cluster.ensure(partitions=1)
    cluster.send((None, person(ADA)))
    cluster.process()
    cluster.send(*[(None, person(BEA))] * 3)
    cluster.admin.delete_records([TopicPartition(cluster.name, 0, 3)])[
        TopicPartition(cluster.name, 0, 3)
    ].result()

    with pytest.raises(GapError, match="up to offset 1, but the log now begins at 3"):
        cluster.process()


def test_records_deleted_under_a_running_reader_stop_it(cluster: Cluster) -> None:
    topic = cluster.ensure(partitions=1)
    cluster.send(*[(None, person(ADA))] * 5)
    with closing(KafkaLog(cluster.address, topic, group=cluster.name)) as log:
        log.subscribe(lambda _numbers, _lost: None)
        until(lambda: not log.read(limit=1, timeout_s=0.1) and bool(log.waiting()), cluster.stop)
        place = TopicPartition(cluster.name, 0, 3)
        cluster.admin.delete_records([place])[place].result()
        log.begin({0: 1})

        with pytest.raises(GapError, match="up to offset 1, but the log now begins at 3"):
            until(lambda: bool(log.read(limit=10, timeout_s=0.1)), cluster.stop)


class WatchedStore(MemoryDecidingStore):
    """Says that it has something."""

    def __init__(self) -> None:
        super().__init__()
        self.has_some = Event()

    def apply(self, chunk: Chunk, ledger: Ledger, *, followed: bool = False) -> Applied:
        tally = super().apply(chunk, ledger, followed=followed)
        self.has_some.set()
        return tally

    def apply_together(
        self, chunks: Sequence[Chunk], ledger: Ledger, *, followed: bool = False
    ) -> Applied:
        tally = super().apply_together(chunks, ledger, followed=followed)
        self.has_some.set()
        return tally


def test_a_topic_made_anew_under_a_running_reader_stops_it(cluster: Cluster) -> None:
    cluster.ensure(partitions=1)
    cluster.send((None, person(ADA)))
    store = WatchedStore()
    raised: list[LogError] = []

    def run() -> None:
        with cluster.consuming(store=store) as job, pytest.raises(LogError) as caught:
            job.run(stop=cluster.stop)
        raised.append(caught.value)

    running = threading.Thread(target=run)
    running.start()
    assert store.has_some.wait(PATIENCE_S)

    cluster.topics.delete(cluster.name)
    made = NewTopic(cluster.name, num_partitions=1)

    def made_anew() -> bool:
        return cluster.admin.create_topics([made])[cluster.name].exception() is None

    until(made_anew, cluster.stop)
    cluster.send(*[(None, person(BEA))] * 3)
    running.join(PATIENCE_S)
    cluster.stop.set()
    running.join()

    assert [profile.id for profile, _ in store.profiles()] == [ADA]
    assert len(raised) == 1
    assert "created again" in str(raised[0]) or "was deleted" in str(raised[0])


def test_two_readers_of_a_group_share_the_log_and_lose_nothing(cluster: Cluster) -> None:
    cluster.ensure(partitions=4)
    acknowledged = cluster.produce(limit=2_000).acknowledged
    second_done: list[Tally] = []
    store = WatchedStore()

    def run() -> None:
        with cluster.consuming(store=store) as job:
            job.run(stop=cluster.stop)
        second_done.append(job.tally)

    second = threading.Thread(target=run)
    with cluster.consuming(store=store) as first:
        stop_first = Event()
        running = threading.Thread(target=lambda: first.run(stop=stop_first))
        running.start()
        assert store.has_some.wait(PATIENCE_S)
        second.start()
        acknowledged += cluster.produce(limit=2_000, seed=2).acknowledged
        stop_first.set()
        running.join()
    until(lambda: store.counts().read >= acknowledged, cluster.stop)
    cluster.stop.set()
    second.join()

    alone = MemoryDecidingStore()
    cluster.stop.clear()
    with cluster.consuming(group="alone", store=alone) as job:
        assert job.run(once=True, stop=cluster.stop)
    assert list(store.profiles()) == list(alone.profiles())
    assert store.statistics() == alone.statistics()


def test_new_partitions_are_read(cluster: Cluster) -> None:
    cluster.ensure(partitions=1)
    cluster.send((None, person(ADA)))
    cluster.process()
    cluster.admin.create_partitions([NewPartitions(cluster.name, 2)])[cluster.name].result()
    until(lambda: cluster.topics.describe(cluster.name).partitions == 2, cluster.stop)
    cluster.send((None, person(BEA)), partition=1)

    cluster.process()

    assert [profile.id for profile, _ in cluster.store.profiles()] == [ADA, BEA]


def test_a_message_that_kafka_refuses_counts_as_failed(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.ensure()
    refused = NewTopic(f"{cluster.name}-small", 1, config={"max.message.bytes": "100"})
    cluster.admin.create_topics([refused])[refused.topic].result()
    cluster._made.add(refused.topic)  # noqa: SLF001 - to be dropped with the others

    with closing(KafkaPublisher(cluster.address, refused.topic, stop=Event())) as publisher:
        publisher.publish(b"k", bytes(range(256)) * 2)
        assert publisher.flush(within_s=PATIENCE_S) == 0

    assert (publisher.acknowledged, publisher.failed) == (0, 1)
    assert caplog.text.count("A message was not delivered") == 1
    assert "(MSG_SIZE_TOO_LARGE). Set the topic's max.message.bytes to 10485760" in caplog.text


def test_a_message_as_large_as_any_that_is_published_is_read(cluster: Cluster) -> None:
    topic = cluster.ensure(partitions=1)
    largest = random.Random(1).randbytes(MESSAGE_BYTES - 51)  # no compression makes it smaller

    with closing(KafkaPublisher(cluster.address, cluster.name, stop=Event())) as publisher:
        publisher.publish(b"k", largest)
        publisher.publish(b"k", largest + bytes(50))
        publisher.publish(b"k", person(ADA))
        assert publisher.flush(within_s=PATIENCE_S) == 0

    assert (publisher.acknowledged, publisher.failed) == (2, 1)
    tally = cluster.process()
    assert (tally.read, tally.rejected, tally.stored) == (2, 1, 1)
    with closing(KafkaLogLookup(cluster.address, cluster.name)) as lookup:
        assert lookup.holds_records(topic.partition(0), 0, 1)
    probe = KafkaProbe(cluster.address, [TopicSettings(name=cluster.name)])
    newest = probe.newest(cluster.name, limit=10)
    assert [record.value for record in newest[0]] == [largest, person(ADA)]


def test_a_cluster_that_does_not_answer_is_an_error_after_the_time_limit(nobody: str) -> None:
    with pytest.raises(LogError, match="refused or did not answer"):
        Topics(nobody, request_s=0.2).ensure(TopicSettings(), stop=Event(), within_s=0.2)


class SetAtLast(Event):
    """Set when it has been waited for three times; it is waited for without a pause."""

    def __init__(self) -> None:
        super().__init__()
        self._waits = 0

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout
        self._waits += 1
        if self._waits == 3:
            self.set()
        return self.is_set()


def test_a_cluster_that_does_not_answer_is_waited_for_with_one_word_until_the_stop(
    nobody: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(LogError, match="refused or did not answer"):
        Topics(nobody, request_s=0.1).ensure(TopicSettings(), stop=SetAtLast(), within_s=PATIENCE_S)

    assert caplog.text.count(f"Waiting for Kafka at {nobody}") == 1


class StopWhenTold(logging.Handler):
    """Asks a job to stop once there is something in a log."""

    def __init__(self, stop: Event) -> None:
        super().__init__()
        self._stop = stop

    def emit(self, _record: logging.LogRecord) -> None:
        self._stop.set()


@contextmanager
def stopped_once_an_outage_is_told() -> Iterator[Event]:
    stop = Event()
    too_late = threading.Timer(PATIENCE_S, stop.set)
    too_late.start()
    logger, handler = logging.getLogger(connection.__name__), StopWhenTold(stop)
    logger.addHandler(handler)
    try:
        yield stop
    finally:
        logger.removeHandler(handler)
        too_late.cancel()


def test_a_full_queue_waits_until_the_job_is_asked_to_stop(
    nobody: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    small = {"queue.buffering.max.messages": 10}
    with (
        stopped_once_an_outage_is_told() as stop,
        closing(KafkaPublisher(nobody, "t", stop=stop, grace_s=0.1, settings=small)) as publisher,
    ):
        for _ in range(10):
            publisher.publish(b"k", b"v")

        with pytest.raises(LogError, match=r"took nothing for 0\.1 s, and the queue is full"):
            publisher.publish(b"k", b"v")

        assert stop.is_set()
        assert publisher.flush(within_s=0.1) == 10
        assert (publisher.acknowledged, publisher.failed) == (0, 10)
    assert f"Kafka at {nobody} does not answer" in caplog.text


@pytest.mark.parametrize("address", ["", "localhost", "kafka://h:9092", "u:p@h:9092", "h:x"])
def test_an_address_of_another_form_is_wrong_usage(address: str) -> None:
    with pytest.raises(UsageError, match="HOST:PORT"):
        Topics(address)
