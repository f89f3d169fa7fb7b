"""Looking through a topic: where a key belongs, and what a cluster does not answer."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from threading import Event

import pytest

from profiles.adapters.kafka import KafkaPublisher, KafkaSearch
from profiles.application.errors import LogError
from tests.support.kafka_mock import LIST_OFFSETS, MockCluster, mock_cluster
from tests.support.patience import PATIENCE_S

TOPIC = "a-topic"
NOT_LEADER = 6


@pytest.fixture
def cluster() -> Generator[MockCluster]:
    with mock_cluster() as made:
        made.make(TOPIC, partitions=4)
        yield made


@pytest.fixture
def search(cluster: MockCluster) -> Generator[KafkaSearch]:
    with closing(KafkaSearch(cluster.address, TOPIC, request_s=PATIENCE_S)) as opened:
        yield opened


def test_a_key_is_looked_for_where_the_producer_puts_it(
    cluster: MockCluster, search: KafkaSearch
) -> None:
    with closing(KafkaPublisher(cluster.address, TOPIC, stop=Event())) as publisher:
        publisher.publish(b"one key", b"value")
        assert publisher.flush(within_s=PATIENCE_S) == 0

    bounds = search.bounds()
    place = search.place(b"one key")

    assert {number for number, (first, end) in bounds.items() if first < end} == {place}
    assert [record.value for record in search.records(place, start=0, end=1)] == [b"value"]
    assert list(search.records(place, start=1, end=1)) == []


def test_a_partition_whose_leader_has_moved_is_an_error(
    cluster: MockCluster, search: KafkaSearch
) -> None:
    cluster.answer(LIST_OFFSETS, *[NOT_LEADER] * 1_000)

    with pytest.raises(LogError, match=r"Kafka at 127\.0\.0\.1:"):
        search.bounds()


def test_records_that_do_not_come_in_time_are_an_error(cluster: MockCluster) -> None:
    cluster.answer_after(5_000)

    with (
        closing(KafkaSearch(cluster.address, TOPIC, request_s=0.2)) as search,
        pytest.raises(LogError, match="_TIMED_OUT"),
    ):
        list(search.records(0, start=0, end=1))


def test_a_topic_that_is_not_there_is_no_empty_one(cluster: MockCluster) -> None:
    with (
        closing(KafkaSearch(cluster.address, "no-such-topic")) as search,
        pytest.raises(LogError, match="Name the topic of the log with --topic"),
    ):
        search.bounds()
