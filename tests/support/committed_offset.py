"""Asks a cluster that answers with errors how far a group is, and prints what came of it.

A process of its own: where the driver dies of an answer, a test can tell.

Usage: python -m tests.support.committed_offset TIMES CODE SECONDS
"""

from __future__ import annotations

import sys
from contextlib import closing

from profiles.adapters.kafka import KafkaLog, Topic
from profiles.application.errors import LogError
from tests.support.kafka_mock import OFFSET_FETCH, mock_cluster

TOPIC = Topic("a-topic", "an-id", 2)


def main(times: int, code: int, seconds: float) -> None:
    """Have the first requests answered with an error."""
    with mock_cluster() as cluster:
        cluster.make(TOPIC.name, partitions=TOPIC.partitions)
        cluster.answer(OFFSET_FETCH, *[code] * times)
        with closing(KafkaLog(cluster.address, TOPIC, group="g", request_s=seconds)) as log:
            try:
                told = f"{[log.committed(partition) for partition in log.partitions()]}"
            except LogError as failure:
                told = f"{type(failure).__name__} {failure}"
    sys.stdout.write(told)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
