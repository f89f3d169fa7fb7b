"""Where a topic ends and what is newest there, of a cluster that answers late or not at all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from profiles.adapters.kafka import KafkaPublisher
from profiles.adapters.kafka.tail import TopicTail
from profiles.application.errors import LogError
from tests.support.kafka_mock import LIST_OFFSETS, MockCluster, mock_cluster
from tests.support.patience import PATIENCE_S

ROOT = Path(__file__).parents[4]
TOPIC = "a-topic"
NOT_LEADER = 6
ANSWER = "{0: (0, 0), 1: (0, 0)}"


@pytest.fixture
def cluster() -> Generator[MockCluster]:
    with mock_cluster() as made:
        made.make(TOPIC, partitions=2)
        yield made


@pytest.fixture
def tail(cluster: MockCluster) -> Generator[TopicTail]:
    with closing(TopicTail(cluster.address, TOPIC, name="test", request_s=PATIENCE_S)) as opened:
        yield opened


def test_the_newest_records_of_each_partition_are_read(
    cluster: MockCluster, tail: TopicTail
) -> None:
    with closing(KafkaPublisher(cluster.address, TOPIC, stop=Event())) as publisher:
        for number in range(7):
            publisher.publish(b"one key", b"%d" % number)
        assert publisher.flush(within_s=PATIENCE_S) == 0

    bounds = tail.bounds([0, 1])
    newest = tail.newest(bounds, limit=2)

    assert sorted(bounds.values()) == [(0, 0), (0, 7)]
    assert [record.value for records in newest.values() for record in records] == [b"5", b"6"]


def test_a_partition_whose_leader_has_moved_is_an_error(
    cluster: MockCluster, tail: TopicTail
) -> None:
    cluster.answer(LIST_OFFSETS, *[NOT_LEADER] * 1_000)

    with pytest.raises(LogError, match=r"Kafka at 127\.0\.0\.1:"):
        tail.bounds([0])


def test_what_is_asked_can_be_given_up_at_any_moment() -> None:
    times = 10
    asked = subprocess.run(
        [sys.executable, "-m", "tests.support.offsets_in_flight", str(times)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert (asked.returncode, asked.stderr) == (0, "")
    first, *later, last = asked.stdout.splitlines()
    assert len(later) == times - 1
    assert (first, last) == ("LogAwayError", ANSWER)
    # One that is given up late may have come meanwhile, where the machine is busy.
    assert set(later) <= {"LogAwayError", ANSWER}
