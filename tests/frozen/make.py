"""Freeze stores in the schema of the checkout that runs this. A script; see README.md."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pymongo
from bson import json_util

from profiles.adapters import codec
from profiles.adapters.cassandra import CassandraFollowingStore, CassandraSettings
from profiles.adapters.cassandra.connection import connect
from profiles.adapters.cassandra.schema import keyspace_statement, table_statement
from profiles.adapters.memory import MemoryDecidingStore
from profiles.adapters.mongo import MongoDecidingStore
from profiles.adapters.simulator import Simulator
from profiles.adapters.sqlite import SqliteDecidingStore
from profiles.application.ports.stores import Following
from profiles.domain.minimising import minimise
from profiles.domain.person import Person
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.reading import read_person
from tests.frozen.log import FOLDER, NOW, FrozenLog, as_rows
from tests.support.services.pool import Pool, this_machine

LOGGED = NOW - timedelta(hours=12)
PERSONS = 240
PARTITIONS = 2
ERASED = 1
"""The person whom the ledger suppresses, held until then and sent again later."""
SENT_AGAIN_AT = 200
TOMBSTONE_AT = 100
NULLED = ("email", "nat", "gender", "location", "name", "registered", "username")
BROKEN: tuple[dict[str, Any], ...] = (
    {"email": 42},
    {"dob": {"date": "30 February"}},
    {"name": {"first": ["a", "list"]}},
    {"login": {"uuid": "nobody"}},
    {"schema": 99},
    {"nat": "m" * 300},
)
Message = tuple[str, str | None]


def without(person: Person, name: str) -> Person:
    """Leave a field out."""
    if name == "username":
        return replace(person, login=replace(person.login, username=None))
    nothing: dict[str, Any] = {name: None}
    return replace(person, **nothing)


def messages() -> Iterable[Message]:
    """Yield messages with their keys: persons as `produce` sends them, and some that are broken."""
    source = Simulator(
        seed=2026, limit=PERSONS, minors=0.08, boundary=0.05, updates=0.1, today=LOGGED.date()
    )
    (delivery,) = source.deliveries()
    first: list[Message] = []
    for number, value in enumerate(delivery.values):
        person = read_person(json.loads(value))
        assert isinstance(person, Person)
        if number % 8 == 0:
            person = without(person, NULLED[number // 8 % len(NULLED)])
        message = codec.encode(minimise(person, DEFAULT_POLICY)).decode()
        first.append((person.login.uuid, message))
        yield first[-1]
        if number == SENT_AGAIN_AT:
            yield first[ERASED]
        if number % 40 == 20:
            broken = {**json.loads(message), **BROKEN[number // 40]}
            yield person.login.uuid, json.dumps(broken)
        if number == TOMBSTONE_AT:
            yield person.login.uuid, None


def log() -> FrozenLog:
    """Make the log: a topic that grows to two partitions, and an erasure in between."""
    all_of_them = list(messages())
    records = iter(
        (f"{(LOGGED + timedelta(seconds=7 * number)).isoformat()}", key, value)
        for number, (key, value) in enumerate(all_of_them)
    )
    lines: list[dict[str, Any]] = []
    ends = [0] * PARTITIONS

    def run(partition: int, partitions: int, some: list[tuple[str, str, str | None]]) -> None:
        start = ends[partition]
        ends[partition] += len(some)
        lines.append(
            {
                "topic_id": "frozen-topic",
                "partition": partition,
                "partitions": partitions,
                "start": start,
                "records": [(start + at, *record) for at, record in enumerate(some)],
            }
        )

    run(0, 1, list(islice(records, 40)))
    while some := list(islice(records, 80)):
        for partition in range(PARTITIONS):
            run(partition, 2, [r for r in some if int(r[1][-1], 16) % PARTITIONS == partition])
        if len(lines) == 3:
            lines.append({"suppress": all_of_them[ERASED][0]})
    return FrozenLog(lines)


def write(name: str, content: bytes) -> None:
    """Write a file, compressed, the same bytes each time."""
    (FOLDER / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))


def write_lines(name: str, lines: Iterable[str]) -> None:
    """Write lines of JSON."""
    write(name, "".join(f"{line}\n" for line in lines).encode())


def dumped(value: object) -> str:
    """Write JSON in one line."""
    return json.dumps(value, ensure_ascii=False)


def freeze_sqlite(frozen: FrozenLog) -> list[dict[str, Any]]:
    """Freeze a SQLite store as its file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "profiles.db"
        with closing(SqliteDecidingStore.open(path)) as store:
            frozen.apply_to(store)
            rows = as_rows(store.profiles())
        write("sqlite.db", path.read_bytes())
    return rows


def freeze_mongo(frozen: FrozenLog, url: str) -> list[dict[str, Any]]:
    """Freeze MongoDB's collections as extended JSON, each line a collection's name and document.

    A collection of none has a line with null.
    """
    with closing(MongoDecidingStore.open(url, "frozen")) as store:
        frozen.apply_to(store)
        rows = as_rows(store.profiles())
    options = json_util.CANONICAL_JSON_OPTIONS
    nothing: list[Any] = [None]
    with pymongo.MongoClient[dict[str, Any]](url) as client:
        base = client["frozen"]
        write_lines(
            "mongo.jsonl",
            (
                json_util.dumps([name, document], json_options=options, ensure_ascii=False)
                for name in sorted(base.list_collection_names())
                for document in (list(base[name].find().sort("_id", 1)) or nothing)
            ),
        )
        client.drop_database("frozen")
    return rows


def freeze_cassandra(frozen: FrozenLog, address: str) -> list[dict[str, Any]]:
    """Freeze Cassandra's table: the statements that made it, then its rows as JSON."""
    host, _, port = address.rpartition(":")
    settings = CassandraSettings(hosts=(host,), port=int(port), keyspace="frozen")
    memory = MemoryDecidingStore()
    frozen.apply_to(memory)
    held = {profile.id: (profile, version) for profile, version in memory.profiles()}
    with CassandraFollowingStore.open(settings, clock=lambda: datetime.now(NOW.tzinfo)) as store:
        store.follow(Following(held=held, absent={}))
        rows = as_rows(store.profiles())
    cluster, session = connect(settings)
    try:
        told = sorted(row[0] for row in session.execute("SELECT JSON * FROM frozen.users"))
        session.execute("DROP KEYSPACE frozen", timeout=30)
    finally:
        cluster.shutdown()
    statements = [keyspace_statement(settings), table_statement(settings)]
    write_lines("cassandra.jsonl", [*map(dumped, statements), *told])
    return rows


def main() -> None:
    """Freeze all of them."""
    FOLDER.mkdir(exist_ok=True)
    frozen = log()
    write_lines("log.jsonl", map(dumped, frozen.lines))
    rows = freeze_sqlite(frozen)
    with Pool(this_machine()) as pool:
        assert rows == freeze_mongo(frozen, pool.address("mongo"))
        assert rows == freeze_cassandra(frozen, pool.address("cassandra"))
    write_lines("rows.jsonl", map(dumped, rows))
    assert date.fromisoformat(rows[0]["expires_at"]) > NOW.date()


if __name__ == "__main__":
    main()
