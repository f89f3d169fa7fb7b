"""The two drivers alone: ready-made rows into both stores, as fast as they go. A script of its own.

The rows are those that `profiles process` would write, in the drivers' own types, and lie in
memory before the clock starts. MongoDB gets a transaction for each 2,000 rows, with one
`insert_many` and one `$inc` of a statistics document, acknowledged by the majority's journal, as
the pipeline has to have it (`--plain`: without transactions). Cassandra gets unlogged batches of 64
prepared statements bound by the driver, 32 in flight. Both run at once, in two threads.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from bson.int64 import Int64
from cassandra.cluster import Cluster, Session
from cassandra.concurrent import execute_concurrent
from cassandra.query import BatchStatement, BatchType
from confluent_kafka import Consumer, TopicPartition
from pymongo import MongoClient
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from profiles.adapters import codec
from profiles.adapters.cassandra.columns import TYPES
from profiles.adapters.mongo.documents import field_of
from profiles.domain.assessing import decide
from profiles.domain.columns import COLUMNS, FIELDS, NAMES, ColumnKind
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.outcome import Rejected
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.profile import Profile

CHUNK_ROWS = 2_000
BATCH_ROWS = 64
IN_FLIGHT = 32
_COLUMNS = ", ".join(f"{column.name} {TYPES[column.kind]}" for column in COLUMNS)
_DURABLE = WriteConcern("majority", j=True)


def profiles_of(kafka: str, topic: str) -> list[Profile]:
    """Read and decide the whole topic."""
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "rows-alone"})
    parts = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    ends = {p: consumer.get_watermark_offsets(TopicPartition(topic, p))[1] for p in parts}
    consumer.assign([TopicPartition(topic, p, 0) for p in parts])
    now = datetime.now(UTC)
    times = DecisionDates.of(logged_at=now, read_at=now)
    found, left = [], sum(ends.values())
    while left:
        for message in consumer.consume(10_000, 1.0):
            left -= 1
            records = codec.decode(message.value() or b"")
            assert not isinstance(records, Rejected)
            outcomes = [decide(item, DEFAULT_POLICY, times) for item in records.items]
            found += [outcome for outcome in outcomes if isinstance(outcome, Profile)]
    consumer.close()
    return found


def documents_of(profiles: Sequence[Profile]) -> list[dict[str, Any]]:
    """Make MongoDB's rows."""
    kinds: dict[ColumnKind, Callable[[Any], Any]] = {
        ColumnKind.ID: UUID,
        ColumnKind.DAY: date.isoformat,
        ColumnKind.MIDNIGHT: _midnight,
    }
    return [
        {**dict(zip(map(field_of, FIELDS), row, strict=True)), "version": Int64(number)}
        for number, row in enumerate((_converted(profile, kinds) for profile in profiles), 1)
    ]


def rows_of(profiles: Sequence[Profile]) -> list[tuple[Any, ...]]:
    """Make Cassandra's rows, with timestamp and time to live."""
    ttl_s = 365 * 24 * 3600
    kinds: dict[ColumnKind, Callable[[Any], Any]] = {
        ColumnKind.ID: UUID,
        ColumnKind.MIDNIGHT: _midnight,
    }
    return [
        (*_converted(profile, kinds), number, number, ttl_s)
        for number, profile in enumerate(profiles, 1)
    ]


def _converted(profile: Profile, kinds: Mapping[ColumnKind, Callable[[Any], Any]]) -> list[Any]:
    """Give a profile's values in a driver's own types."""
    return [
        value if value is None or column.kind not in kinds else kinds[column.kind](value)
        for column, value in zip(FIELDS, profile, strict=True)
    ]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time())


def write_documents(
    mongo: MongoClient[dict[str, Any]], name: str, rows: list[dict[str, Any]], *, plain: bool
) -> None:
    """Write MongoDB's rows."""
    users, statistics = mongo[name]["users"], mongo[name]["statistics"]
    durable = users.with_options(write_concern=_DURABLE)
    for start in range(0, len(rows), CHUNK_ROWS):
        some = rows[start : start + CHUNK_ROWS]
        if plain:
            durable.insert_many(some, ordered=False)
            continue
        with (
            mongo.start_session() as session,
            session.start_transaction(ReadConcern("snapshot"), _DURABLE),
        ):
            users.insert_many(some, session=session)
            statistics.update_one({"_id": 1}, {"$inc": {"count": len(some)}}, session=session)


def write_rows(session: Session, name: str, rows: list[tuple[Any, ...]]) -> None:
    """Write Cassandra's rows."""
    names = ", ".join(NAMES)
    marks = ", ".join("?" * len(NAMES))
    insert = session.prepare(
        f"INSERT INTO {name}.users ({names}) VALUES ({marks}) USING TIMESTAMP ? AND TTL ?"  # noqa: S608 - names of our own
    )

    def batches() -> Any:  # noqa: ANN401 - the driver has no types
        for start in range(0, len(rows), BATCH_ROWS):
            batch = BatchStatement(BatchType.UNLOGGED)
            for row in rows[start : start + BATCH_ROWS]:
                batch.add(insert, row)
            yield batch, None

    execute_concurrent(session, batches(), concurrency=IN_FLIGHT, results_generator=False)


def main() -> None:
    """Prepare the rows, write them, print what that took."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("kafka", "topic", "cassandra", "mongo", "name"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("--plain", action="store_true")
    given = parser.parse_args()
    profiles = profiles_of(given.kafka, given.topic)
    documents, rows = documents_of(profiles), rows_of(profiles)
    host, _, port = given.cassandra.rpartition(":")
    cluster = Cluster([host], port=int(port), protocol_version=4)
    session = cluster.connect()
    session.execute(
        f"CREATE KEYSPACE {given.name} WITH replication ="
        " {'class': 'SimpleStrategy', 'replication_factor': 1}"
    )
    session.execute(f"CREATE TABLE {given.name}.users ({_COLUMNS}, PRIMARY KEY (id))")
    mongo = MongoClient[dict[str, Any]](given.mongo, uuidRepresentation="standard")
    mongo[given.name].create_collection("users")
    mongo[given.name]["statistics"].insert_one({"_id": 1, "count": 0})

    gc.collect()
    gc.freeze()  # the collector need not look at the rows again and again
    took: dict[str, float] = {}

    def timed(store: str, write: Any, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - any writer
        begin = time.perf_counter()
        write(*arguments, **options)
        took[store] = time.perf_counter() - begin

    before = resource.getrusage(resource.RUSAGE_SELF)
    begin = time.perf_counter()
    with ThreadPoolExecutor(2) as threads:
        writing = [
            threads.submit(
                timed, "mongo", write_documents, mongo, given.name, documents, plain=given.plain
            ),
            threads.submit(timed, "cassandra", write_rows, session, given.name, rows),
        ]
    for each in writing:
        each.result()  # raises what a store has refused
    seconds = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cluster.shutdown()
    mongo.close()
    print(json.dumps({"seconds": seconds, "cpu_s": cpu_s, **took}))


if __name__ == "__main__":
    main()
