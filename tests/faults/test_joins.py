"""A reader joins its group again and again: each time it is given all that there is."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event
from uuid import uuid4

import pytest

from profiles.adapters.kafka import KafkaLog, KafkaPublisher, Topic, Topics, TopicSettings
from tests.support.patience import PATIENCE_S
from tests.support.waiting import until

JOINS = 500
AT_ONCE = 4
RECORDS = 200


def revoked(_numbers: Collection[int], _lost: bool) -> None:  # noqa: FBT001 - a listener
    """Take note of nothing."""


def read_by_a_new_group(address: str, topic: Topic, number: int) -> int:
    """Join as the only reader of a group, and count what comes from the beginning."""
    found = 0
    group = f"{topic.name}-{number}"
    log = KafkaLog(address, topic, group=group, request_s=PATIENCE_S, patience_s=PATIENCE_S)
    with closing(log):
        log.subscribe(revoked)

        def have_come() -> bool:
            nonlocal found
            if waiting := log.waiting():
                assert [log.committed(partition) for partition in waiting] == [None] * 4
                log.begin({partition.number: 0 for partition in waiting})
            runs = log.read(limit=RECORDS, timeout_s=0.1)
            found += sum(len(run.records) for run in runs)
            return found >= RECORDS

        until(have_come)
    return found


def test_every_join_brings_what_there_is(
    kafka_address: str, caplog: pytest.LogCaptureFixture
) -> None:
    topics = Topics(kafka_address)
    name = f"joins-{uuid4().hex[:8]}"
    topic = topics.ensure(TopicSettings(name=name, partitions=4), stop=Event())
    with closing(KafkaPublisher(kafka_address, name, stop=Event())) as publisher:
        for number in range(RECORDS):
            publisher.publish(b"key-%d" % number, b"a value")
        assert publisher.flush(within_s=PATIENCE_S) == 0

    with ThreadPoolExecutor(AT_ONCE) as pool:
        joins = [
            pool.submit(read_by_a_new_group, kafka_address, topic, number)
            for number in range(JOINS)
        ]

    assert [join.result() for join in joins] == [RECORDS] * JOINS
    assert "Its reading begins anew" not in caplog.text
    topics.delete(name)
