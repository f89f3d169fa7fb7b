"""Asks a topic where it ends, lets go before the answer has come, and prints what came of it.

A process of its own: where the driver dies of it, a test can tell.

Usage: python -m tests.support.offsets_in_flight TIMES
"""

from __future__ import annotations

import sys
from contextlib import closing

from profiles.adapters.kafka.tail import TopicTail
from profiles.application.errors import LogError
from tests.support.kafka_mock import MockCluster, mock_cluster

TOPIC = "a-topic"
LATE_MS = 200


def ask(cluster: MockCluster, *, within_s: float) -> str:
    with closing(TopicTail(cluster.address, TOPIC, name="test", request_s=within_s)) as tail:
        try:
            return f"{tail.bounds([0, 1])}"
        except LogError as failure:
            return type(failure).__name__


def main(times: int) -> None:
    """Give up later and later, until the answer is waited for."""
    with mock_cluster() as cluster:
        cluster.make(TOPIC, partitions=2)
        cluster.answer_after(LATE_MS)
        for turn in range(times):
            sys.stdout.write(ask(cluster, within_s=LATE_MS / 1_000 * turn / times) + "\n")
        cluster.answer_after(0)
        sys.stdout.write(ask(cluster, within_s=60))


if __name__ == "__main__":
    main(int(sys.argv[1]))
