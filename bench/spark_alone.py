"""Spark over a topic with a work that does nothing: what Spark itself takes.

Prints how many records it has read, as JSON. It has the same session as `profiles spark`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from threading import Event
from typing import Any

import pyarrow as pa
from pyspark.sql import functions as F  # noqa: N812 - as Spark's own documentation calls it

from profiles.adapters.kafka import KafkaLogLookup, Topics
from profiles.adapters.spark import SessionSettings, SparkStream, StreamSettings, spark_session
from profiles.application.ingest.partition_task import OffsetRange
from profiles.domain.tally import Tally

BATCH = 200_000
DAEMON = "profiles.entrypoints.spark_daemon"


@dataclass(frozen=True)
class Counting:
    """In place of a partition task: reads what it is told to, and counts it."""

    kafka: str
    topic: str

    def __call__(self) -> Any:  # noqa: ANN401 - see above
        """Open nothing that would be worth keeping."""
        return self

    def process_ranges(self, ranges: Sequence[OffsetRange]) -> Tally:
        """Read ranges of the topic."""
        with closing(KafkaLogLookup(self.kafka, self.topic)) as log:
            read = sum(
                sum(1 for _ in log.records(partition, start or 0, end))
                for partition, start, end in ranges
            )
        return Tally(read=read, stored=read)


def by_offsets(spark: Any, kafka: str, topic: str, checkpoint: str) -> int:  # noqa: ANN401 - no types
    """Have the workers read it, as `profiles spark` does."""
    topics = Topics(kafka)

    def partitions() -> Sequence[Any]:
        found = topics.describe(topic)
        return [found.partition(number) for number in range(found.partitions)]

    stream = SparkStream(
        spark=spark,
        settings=StreamSettings(
            kafka=kafka, topic=topic, checkpoint=checkpoint, batch_records=BATCH
        ),
        open_task=Counting(kafka, topic),
        describe=partitions,
    )
    stream.run(once=True, stop=Event())
    return stream.tally.read


def counted(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Count what Spark hands over."""
    read = sum(batch.num_rows for batch in batches)
    yield pa.RecordBatch.from_pydict({"read": [read]})


def by_arrow(spark: Any, kafka: str, topic: str, checkpoint: str) -> int:  # noqa: ANN401 - no types
    """Have Spark's source read it, and hand it over to the workers in Arrow."""
    read = 0

    def batch(frame: Any, _number: int) -> None:  # noqa: ANN401 - no types
        nonlocal read
        read += sum(row.read for row in frame.mapInArrow(counted, "read long").collect())

    written(source(spark, kafka, topic).writeStream.foreachBatch(batch), checkpoint)
    return read


def by_java(spark: Any, kafka: str, topic: str, checkpoint: str) -> int:  # noqa: ANN401 - no types
    """Have Spark's source read it, and nobody take it."""
    query = written(source(spark, kafka, topic).writeStream.format("noop"), checkpoint)
    return sum(each.numInputRows for each in query.recentProgress)


def source(spark: Any, kafka: str, topic: str) -> Any:  # noqa: ANN401 - no types
    """Read what a record is decided by."""
    return (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", kafka)
        .option("kafka.isolation.level", "read_committed")
        .option("subscribe", topic)
        .option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", BATCH)
        .load()
        .select(
            *("partition", "offset", "key", "value"),
            F.unix_millis("timestamp").alias("logged_ms"),
        )
    )


def written(writer: Any, checkpoint: str) -> Any:  # noqa: ANN401 - no types
    """Run a query to the topic's end."""
    query = writer.option("checkpointLocation", checkpoint).trigger(availableNow=True).start()
    query.awaitTermination()
    return query


WAYS: Mapping[str, Callable[[Any, str, str, str], int]] = {
    "offsets": by_offsets,
    "arrow": by_arrow,
    "java": by_java,
}


def main() -> None:
    """Read the topic in one way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", choices=WAYS)
    for name in ("kafka", "topic", "checkpoint"):
        parser.add_argument(name)
    given = parser.parse_args()
    with spark_session(SessionSettings(daemon=DAEMON)) as spark:
        read = WAYS[given.way](spark, given.kafka, given.topic, given.checkpoint)
    print(json.dumps({"read": read}))


if __name__ == "__main__":
    main()
