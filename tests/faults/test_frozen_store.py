"""A deciding store that answers nothing for longer than Kafka lets a reader be silent."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from threading import Event
from uuid import UUID, uuid4

import pytest
from confluent_kafka.admin import AdminClient

from profiles.adapters import codec
from profiles.adapters.kafka import (
    KafkaLog,
    KafkaPublisher,
    KafkaRejectedSink,
    Topic,
    Topics,
    TopicSettings,
    rejected_topic,
)
from profiles.adapters.memory import MemoryLedger
from profiles.adapters.mongo import MongoDecidingStore
from profiles.adapters.retrying import PatientRetry
from profiles.application.ingest.consume import Consumer
from profiles.application.log.deciding import Rules
from profiles.application.log.records import LogPartition
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.tally import Tally
from tests.support.cluster_site import until
from tests.support.patience import PATIENCE_S
from tests.support.services import Service

SILENT_S = 10.0
"""How long Kafka lets a reader go without asking for records: 5 minutes, if nobody says so."""

SETTINGS = {"max.poll.interval.ms": int(SILENT_S * 1_000), "session.timeout.ms": 10_000}
TOLD = re.compile("No primary of MongoDB|answers again")
PERSONS = 20_000
"""More than are read ahead while the store is busy."""


def now() -> datetime:
    return datetime.now(UTC)


class Site:
    """A topic, a database, and one reader that is run in a thread."""

    def __init__(self, kafka: str, topic: Topic, store: MongoDecidingStore) -> None:
        self.kafka, self.topic, self.store = kafka, topic, store
        self.group = f"{topic.name}-a"
        self.stop = Event()
        self.read = 0
        self._admin = AdminClient({"bootstrap.servers": kafka})

    def publish(self) -> None:
        with closing(KafkaPublisher(self.kafka, self.topic.name, stop=self.stop)) as publisher:
            for _ in range(PERSONS):
                identity = f"{UUID(int=uuid4().int)}"
                person = {"login": {"uuid": identity}, "dob": {"date": "1985-03-01"}}
                publisher.publish(identity.encode(), json.dumps(person).encode())
            assert publisher.flush(within_s=PATIENCE_S) == 0

    def member(self) -> str:
        """The name that Kafka gave the reader when it joined; another one if it joins again."""
        group = self._admin.describe_consumer_groups([self.group])[self.group].result()
        return ",".join(str(member.member_id) for member in group.members)

    def _count(self, tally: Tally) -> None:
        self.read += tally.read

    @contextmanager
    def reading(self) -> Iterator[threading.Thread]:
        def run() -> None:
            with (
                closing(
                    KafkaLog(self.kafka, self.topic, group=self.group, settings=SETTINGS)
                ) as log,
                closing(KafkaRejectedSink(self.kafka, self.topic.name)) as rejected,
            ):
                reader = Consumer(
                    log=log,
                    store=self.store,
                    ledger=MemoryLedger(),
                    rejected=rejected,
                    rules=Rules(policy=DEFAULT_POLICY, decode=codec.decode),
                    clock=now,
                    retry=PatientRetry(longest_s=1.0),
                    progress=self._count,
                )
                reader.run(stop=self.stop)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield thread
        finally:
            self.stop.set()
            thread.join(PATIENCE_S)


@pytest.fixture
def site(kafka_service: Service, mongo_service: Service) -> Iterator[Site]:
    name = f"frozen-{uuid4().hex[:8]}"
    topics = Topics(kafka_service.address)
    with ExitStack() as stack:
        topic = topics.ensure(TopicSettings(name=name, partitions=2), stop=Event())
        rejected = topics.ensure(rejected_topic(name), stop=Event())
        stack.callback(topics.delete, name, rejected.name)
        # The database goes with its server: dropped, it would wait for a minute for the transaction
        # that was under way when the server was frozen.
        store = MongoDecidingStore.open(mongo_service.address, name, timeout_s=3.0)
        stack.enter_context(closing(store))
        yield Site(kafka_service.address, topic, store)


def test_a_reader_of_a_frozen_store_stays_in_the_group_says_that_it_waits_and_goes_on(
    site: Site, mongo_service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    site.publish()
    with site.reading() as reader:
        until(lambda: site.read == PERSONS)
        member = site.member()

        mongo_service.freeze()
        try:
            site.publish()
            frozen_until = time.monotonic() + 2.5 * SILENT_S
            until(lambda: time.monotonic() > frozen_until)
            until(lambda: "The batch waits; trying again" in caplog.text)
            until(lambda: "No primary of MongoDB" in caplog.text)  # at its own pace
            assert reader.is_alive()
            assert site.read == PERSONS
        finally:
            mongo_service.thaw()

        until(lambda: site.read == 2 * PERSONS)
        assert site.member() == member != ""
    assert "MAX_POLL_EXCEEDED" not in caplog.text


def test_a_reader_that_begins_with_a_frozen_store_waits_in_the_group(
    site: Site, mongo_service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    site.publish()
    mongo_service.freeze()
    with site.reading() as reader:
        try:
            until(lambda: bool(site.member()))
            member = site.member()
            frozen_until = time.monotonic() + 2.5 * SILENT_S
            until(lambda: time.monotonic() > frozen_until)
            until(lambda: "Reading waits for it; trying again" in caplog.text)
            assert reader.is_alive()
        finally:
            mongo_service.thaw()

        until(lambda: site.read == PERSONS)
        assert site.member() == member
    assert "MAX_POLL_EXCEEDED" not in caplog.text


def test_that_a_store_hangs_is_said_long_before_what_waits_for_it_fails(
    mongo_service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    # The driver's shortest; ours are ten times as long.
    often = "heartbeatFrequencyMS=500&connectTimeoutMS=500"
    url = f"{mongo_service.address}&{often}"
    with (
        closing(MongoDecidingStore.open(url, f"frozen-{uuid4().hex[:8]}")) as store,
        ThreadPoolExecutor(1) as other,
    ):
        mongo_service.freeze()
        try:
            asked = other.submit(lambda: store.position(LogPartition("topic")))
            until(lambda: "No primary of MongoDB" in caplog.text)
            assert not asked.done()
        finally:
            mongo_service.thaw()

        assert asked.result() is None
        until(lambda: "answers again" in caplog.text)
    # Once until it answers again; on a busy machine it may miss another of the driver's looks.
    told = TOLD.findall(caplog.text)
    assert all(before != after for before, after in pairwise(told))
