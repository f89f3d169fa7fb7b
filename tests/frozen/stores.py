"""Putting frozen stores back, and proving that one holds what was frozen."""

from __future__ import annotations

import gzip
import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from profiles.application.assurance.verify import Verification, Verifier
from profiles.application.ports.ledger import KnownLedger
from profiles.application.ports.stores import DecidingStore, FollowingStore
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.statistics import Statistics
from tests.frozen.log import (
    FOLDER,
    LATER_FOLDER,
    NOW,
    THIRD_FOLDER,
    FrozenLog,
    as_rows,
    frozen_rows,
    read_lines,
)

if TYPE_CHECKING:  # not every session has the drivers
    from cassandra.cluster import Session
    from pymongo.database import Database


SQLITE_FOLDERS = {2: FOLDER, 3: LATER_FOLDER, 4: THIRD_FOLDER}
MONGO_FOLDERS = {1: FOLDER, 2: LATER_FOLDER, 3: THIRD_FOLDER}


def put_back_sqlite(path: Path, *, schema: int) -> None:
    """Write the SQLite file of a schema."""
    path.write_bytes(gzip.decompress((SQLITE_FOLDERS[schema] / "sqlite.db.gz").read_bytes()))


def put_back_mongo(base: Database[dict[str, Any]], *, schema: int) -> None:
    """Write MongoDB's collections of a schema, with their indexes."""
    from bson import json_util  # noqa: PLC0415 - not every session has the driver

    documents: dict[str, list[dict[str, Any]]] = {}
    with gzip.open(MONGO_FOLDERS[schema] / "mongo.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            name, document = json_util.loads(line)
            documents.setdefault(name, []).extend([] if document is None else [document])
    for name, some in documents.items():
        base.create_collection(name)
        if some:
            base[name].insert_many(some)
    base["users"].create_index("expires_at")
    base["users_quarantine"].create_index([("logged_at", 1), ("_id", 1)])


def put_back_cassandra(session: Session, keyspace: str) -> None:
    """Make Cassandra's keyspace and table, of schema 1, and write its rows, each at its version."""
    keyspace_statement, table_statement, *rows = read_lines("cassandra.jsonl")
    for statement in (keyspace_statement, table_statement):
        session.execute(statement.replace('"frozen"', f'"{keyspace}"'), timeout=30)
    for row in rows:
        session.execute(
            f'INSERT INTO "{keyspace}".users JSON %s USING TIMESTAMP %s',
            (json.dumps(row), row["version"]),
        )


def verified(store: DecidingStore, following: FollowingStore | None = None) -> Verification:
    """Verify a store that has taken in the frozen log."""
    ledger = FrozenLog().ledger()

    @contextmanager
    def opened(applied: int) -> Generator[KnownLedger]:
        assert applied == 1
        yield ledger

    return Verifier(
        store=store,
        following=following,
        ledger=opened,
        policy=DEFAULT_POLICY,
        clock=lambda: NOW,
        pause=lambda _seconds: None,
    ).run(repair=False)


def assert_holds_what_was_frozen(
    store: DecidingStore, following: FollowingStore | None = None
) -> None:
    """Prove that rows, statistics, counts and position are those that were frozen."""
    assert as_rows(store.profiles()) == frozen_rows()
    assert store.statistics() == Statistics.recount(profile for profile, _ in store.profiles())
    assert [check for check in verified(store, following).checks if not check.ok] == []
    counts = store.counts()
    assert (counts.read, counts.stored, counts.withheld, counts.rejected) == (248, 203, 28, 6)
    assert len(store.quarantine()) == 6
    assert store.ledger().head.number == 1
    assert store.progress().positions == FrozenLog().ends()
