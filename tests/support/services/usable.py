"""Whether a server does its work: one short attempt each, through its own protocol."""

from __future__ import annotations

import socket
from collections.abc import Callable

from tests.support.services.service import Name

ATTEMPT_S = 2.0

# A request of CQL's native protocol, version 4: OPTIONS, without a body. Its answer is SUPPORTED.
OPTIONS = bytes([4, 0, 0, 0, 5, 0, 0, 0, 0])
SUPPORTED = 6
OPCODE_AT = 4
HEADER = 9


def listens(address: str) -> bool:
    """Say whether anything does; the drivers log and wait where nothing does."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=ATTEMPT_S):
            return True
    except OSError:
        return False


def kafka_is_usable(address: str) -> bool:
    """Say whether there is a broker and a leader for every partition of every topic."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    if not listens(address):
        return False
    try:
        cluster = AdminClient({"bootstrap.servers": address, "log_level": 0}).list_topics(
            timeout=ATTEMPT_S
        )
    except KafkaException:
        return False
    partitions = [part for topic in cluster.topics.values() for part in topic.partitions.values()]
    return bool(cluster.brokers) and all(part.leader in cluster.brokers for part in partitions)


def cassandra_is_usable(address: str) -> bool:
    """Say whether the node answers CQL: it opens that port last."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=ATTEMPT_S) as node:
            node.sendall(OPTIONS)
            with node.makefile("rb") as answers:
                answer = answers.read(HEADER)
    except OSError:
        return False
    return len(answer) == HEADER and answer[OPCODE_AT] == SUPPORTED


def mongo_is_usable(address: str) -> bool:
    """Say whether the server takes writes; make a new one a replica set of itself."""
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    member = address.removeprefix("mongodb://").partition("/")[0]
    if not listens(member):
        return False
    try:
        with MongoClient[dict[str, object]](
            f"mongodb://{member}/?directConnection=true",
            serverSelectionTimeoutMS=int(ATTEMPT_S * 1000),
        ) as client:
            hello = client.admin.command("hello")
            if hello.get("isreplicaset"):  # told to be one, and never initiated
                only = {"_id": "rs0", "members": [{"_id": 0, "host": member}]}
                client.admin.command("replSetInitiate", only)
                hello = client.admin.command("hello")
            return bool(hello["isWritablePrimary"])
    except PyMongoError:
        return False


USABLE: dict[Name, Callable[[str], bool]] = {
    "kafka": kafka_is_usable,
    "cassandra": cassandra_is_usable,
    "mongo": mongo_is_usable,
}
