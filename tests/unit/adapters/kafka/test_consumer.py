"""The reader of a topic, on a cluster inside the driver's library."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import closing, contextmanager
from threading import Event

import pytest

from profiles.adapters.kafka import KafkaLog, KafkaPublisher, Topics, consumer
from tests.support.kafka_mock import (
    OFFSET_COMMIT,
    REQUEST_TIMED_OUT,
    MockCluster,
    mock_cluster,
)
from tests.support.patience import PATIENCE_S
from tests.support.waiting import until

SLICE_S = 0.02
SOON_S = 0.2
"""How long a reader under test waits before it says so."""
BROUGHT_NOTHING = "has brought nothing"

TOPIC = "a-topic"
VALUES = [b"value-%02d" % number for number in range(40)]


@pytest.fixture
def cluster() -> Generator[MockCluster]:
    with mock_cluster() as made:
        made.make(TOPIC, partitions=2)
        yield made


def publish(cluster: MockCluster, values: Collection[bytes]) -> None:
    with closing(KafkaPublisher(cluster.address, TOPIC, stop=Event())) as publisher:
        for number, value in enumerate(values):
            publisher.publish(b"key-%d" % number, value)
        assert publisher.flush(within_s=PATIENCE_S) == 0
        assert publisher.acknowledged == len(values)


def revoked(_numbers: Collection[int], _lost: bool) -> None:  # noqa: FBT001 - a listener
    """Take note of nothing."""


@contextmanager
def joining(cluster: MockCluster) -> Iterator[KafkaLog]:
    topic = Topics(cluster.address).describe(TOPIC)
    with closing(KafkaLog(cluster.address, topic, group="a-group", patience_s=SOON_S)) as log:
        log.subscribe(revoked)
        yield log


@contextmanager
def reading(cluster: MockCluster) -> Iterator[KafkaLog]:
    """Join as the only reader, and begin at the beginning."""
    with joining(cluster) as log:
        until(lambda: not log.read(limit=1, timeout_s=SLICE_S) and len(log.waiting()) == 2)
        log.begin({partition.number: 0 for partition in log.waiting()})
        yield log


def read_all(log: KafkaLog, values: Collection[bytes]) -> None:
    """Read until these values have come, each of them once and nothing else."""
    found: Counter[object] = Counter()

    def complete() -> bool:
        for run in log.read(limit=1_000, timeout_s=SLICE_S):
            found.update(record.value for record in run.records)
        return found.total() >= len(values)

    until(complete)
    assert found == Counter(values)


def test_a_partition_that_delivers_nothing_is_logged_and_assigned_again(
    cluster: MockCluster, caplog: pytest.LogCaptureFixture
) -> None:
    publish(cluster, VALUES)
    with reading(cluster) as log:
        log._consumer.assign([])  # noqa: SLF001 - the driver fetches nothing, as if it had lost the order to

        read_all(log, VALUES)

    # On a busy machine more than once, before what is asked for anew has come.
    told = [message for message in caplog.messages if BROUGHT_NOTHING in message]
    assert f"of topic {TOPIC} has brought nothing" in told[0]
    assert "though it goes on from offset 0 to" in told[0]


def test_a_partition_that_has_nothing_more_to_bring_is_left_alone(
    cluster: MockCluster, caplog: pytest.LogCaptureFixture
) -> None:
    with reading(cluster) as log:
        for _ in range(round(3 * SOON_S / SLICE_S)):
            assert not log.read(limit=1, timeout_s=SLICE_S)

        assert BROUGHT_NOTHING not in caplog.text
        publish(cluster, VALUES)
        read_all(log, VALUES)


def test_a_reader_without_partitions_logs_what_it_waits_for(
    cluster: MockCluster, caplog: pytest.LogCaptureFixture
) -> None:
    publish(cluster, VALUES)
    cluster.wait_for_members(milliseconds=1_000)

    with reading(cluster) as log:
        read_all(log, VALUES)

    assert f"Waiting for a share of topic {TOPIC} as one of group a-group" in caplog.text


def test_what_comes_while_the_stores_are_busy_is_kept(cluster: MockCluster) -> None:
    publish(cluster, VALUES)
    with reading(cluster) as log:
        for _ in range(10):
            log.keep_alive()

        read_all(log, VALUES)


def test_no_more_is_kept_than_there_is_room_for(
    cluster: MockCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "_KEPT_BYTES", 3 * len(VALUES[0]))
    publish(cluster, VALUES)
    with reading(cluster) as log:
        kept = []

        def has_let_go() -> bool:
            log.keep_alive()
            kept.append(len(log._fetched))  # noqa: SLF001 - memory that nothing else shows
            return kept[-2:] == [3, 0]

        until(has_let_go)
        for _ in range(10):
            log.keep_alive()
            assert log._fetched == []  # noqa: SLF001 - see above

        read_all(log, VALUES)


def goes_on(log: KafkaLog) -> None:
    log.read(limit=1, timeout_s=SLICE_S)


@pytest.mark.parametrize("turn", [goes_on, KafkaLog.keep_alive])
def test_what_the_group_could_not_note_is_noted_later_though_nothing_more_comes(
    cluster: MockCluster, turn: Callable[[KafkaLog], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "_NOTE_AGAIN_S", SOON_S)
    with reading(cluster) as log:
        first, second = log.partitions()
        cluster.answer(OFFSET_COMMIT, *[REQUEST_TIMED_OUT] * 6)
        log.commit({0: 3}, wait=False)
        log.commit({0: 5, 1: 7}, wait=False)

        def is_noted() -> bool:
            turn(log)
            return (log.committed(first), log.committed(second)) == (5, 7)

        until(is_noted)


def test_what_was_given_up_with_its_partition_is_not_noted_any_more(
    cluster: MockCluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(consumer, "_NOTE_AGAIN_S", SOON_S)
    with reading(cluster) as log:
        cluster.answer(OFFSET_COMMIT, *[REQUEST_TIMED_OUT] * 3)
        log.commit({0: 5}, wait=False)

        def has_failed() -> bool:
            log.keep_alive()
            return "were not committed" in caplog.text

        until(has_failed)
        log._take(log._of({0: 0}), lost=True)  # noqa: SLF001 - as the driver tells
        over = time.monotonic() + 3 * SOON_S
        until(lambda: not log.read(limit=1, timeout_s=SLICE_S) and time.monotonic() > over)

        assert log.committed(log.partitions()[0]) is None
