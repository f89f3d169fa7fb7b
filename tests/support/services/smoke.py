"""One value through each server, by its plain driver, under a name of its own."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Generator
from typing import Any

from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, Session
from cassandra.policies import WhiteListRoundRobinPolicy
from confluent_kafka import Consumer, Producer
from pymongo import MongoClient

from tests.support.patience import PATIENCE_S
from tests.support.waiting import until

LOOK_AGAIN_S = 0.1


def unique(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex}"


def write_message(address: str, value: bytes) -> str:
    """Send one message and return the topic once the broker has acknowledged it."""
    topic = unique("smoke")
    producer = Producer({"bootstrap.servers": address, "acks": "all"})
    producer.produce(topic, value, key=b"key")
    if producer.flush(PATIENCE_S):
        raise TimeoutError(f"{address} has not acknowledged a message.")
    return topic


def read_message(address: str, topic: str) -> bytes | None:
    consumer = Consumer(
        {
            "bootstrap.servers": address,
            "group.id": unique("smoke"),
            "auto.offset.reset": "earliest",
        }
    )
    try:
        consumer.subscribe([topic])
        found: list[bytes | None] = []

        def has_come() -> bool:
            message = consumer.poll(LOOK_AGAIN_S)
            if message is not None and message.error() is None:  # else the driver tries again
                found.append(message.value())
            return bool(found)

        until(has_come)
    finally:
        consumer.close()
    return found[0]


@contextlib.contextmanager
def cassandra_session(address: str) -> Generator[Session]:
    host, _, port = address.rpartition(":")
    profile = ExecutionProfile(WhiteListRoundRobinPolicy([host]), request_timeout=PATIENCE_S)
    cluster = Cluster(
        [host],
        int(port),
        protocol_version=4,
        connect_timeout=PATIENCE_S,
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
    )
    try:
        yield cluster.connect()
    finally:
        cluster.shutdown()


def write_row(address: str, value: str) -> str:
    """Write one row and return its keyspace."""
    keyspace = unique("smoke")
    with cassandra_session(address) as session:
        session.execute(
            f"CREATE KEYSPACE {keyspace} WITH replication ="
            " {'class': 'SimpleStrategy', 'replication_factor': 1}"
        )
        session.set_keyspace(keyspace)
        session.execute("CREATE TABLE things (id int PRIMARY KEY, value text)")
        session.execute("INSERT INTO things (id, value) VALUES (1, %s)", [value])
    return keyspace


def read_row(address: str, keyspace: str) -> str | None:
    with cassandra_session(address) as session:
        session.set_keyspace(keyspace)
        row = session.execute("SELECT value FROM things WHERE id = 1").one()
        session.execute(f"DROP KEYSPACE {keyspace}")
    return row.value if row else None


def write_transaction(url: str, value: str) -> str:
    """Write two documents in one transaction and return their database."""
    database = unique("smoke")
    with MongoClient[dict[str, Any]](url) as client:
        things = client[database].create_collection("things")
        with client.start_session() as session, session.start_transaction():
            things.insert_one({"_id": 1, "half": value[:3]}, session=session)
            things.insert_one({"_id": 2, "half": value[3:]}, session=session)
    return database


def read_transaction(url: str, database: str) -> str:
    with MongoClient[dict[str, Any]](url) as client:
        halves = [thing["half"] for thing in client[database].things.find(sort=[("_id", 1)])]
        client.drop_database(database)
    return "".join(halves)
