"""How long the server works for one refresh of the page, beside reading the whole collection.

The statistics are filled by the stores' own ways of counting, without the persons: what a refresh
costs lies in the cells, and those are the same. The usual page, which reads all persons, gets
rows of them.
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import pymongo
from figures import Figure, best_of

from profiles.adapters.dashboard import content
from profiles.adapters.dashboard.app import create_app
from profiles.adapters.dashboard.numerals import Numerals
from profiles.adapters.dashboard.snapshots import Snapshots
from profiles.adapters.mongo import MongoDecidingStore
from profiles.adapters.mongo.connection import Connection
from profiles.adapters.mongo.schema import opened_collections
from profiles.adapters.mongo.unit_of_work import MongoTransactions
from profiles.adapters.sqlite import SqliteDecidingStore
from profiles.adapters.sqlite.database import transaction
from profiles.adapters.sqlite.unit_of_work import SqliteTransactions
from profiles.application.dashboard.disclosure import DEFAULT_K, disclose
from profiles.application.log.records import LogPartition
from profiles.application.ports.stores import Overview, OverviewReader
from profiles.application.ports.unit_of_work import Transactions, UnitOfWork
from profiles.domain.profile import Profile
from profiles.domain.statistics import NATIONALITIES, Cell, Statistics

sys.path.insert(0, str(Path(__file__).parent.parent))  # for the servers of the tests
from tests.support.services.pool import Pool, this_machine

AIM_MS = 50
AIM_RATIO = 120
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RUNS = 20

_NATIONALITIES = sorted(NATIONALITIES)
_MONTHS = [f"{year}-{month:02}" for year in range(1944, 2008) for month in range(1, 13)]
_DOMAINS = [f"mail{number}.example" for number in range(200)]


class Store(Protocol):
    """A store that can be filled."""

    def count(self, partition: LogPartition, counted: Statistics) -> None:
        """Add to the statistics of a partition's writer."""

    def hold(self, profiles: list[Profile]) -> None:
        """Write profiles as the store holds them."""

    def read_all(self) -> Counter[object]:
        """Read every profile and count what a page shows: as the usual page does."""

    @property
    def reader(self) -> OverviewReader:
        """What the page reads."""


def measure(*, quick: bool) -> Iterator[Figure]:
    """Measure with both stores, with 1 and 8 partitions, from a thousand to a million persons."""
    sizes = (1_000, 10_000, 100_000) if quick else (1_000, 100_000, 1_000_000)
    with ExitStack() as stack:
        pool = stack.enter_context(Pool(this_machine()))
        url = pool.address("mongo")
        for name, opened in (("SQLite", _sqlite), ("MongoDB", lambda: _mongo(url))):
            for partitions in (1, 8):
                yield from _refreshes(name, opened, partitions, sizes)
            for persons in sizes:
                with opened() as store:
                    store.hold(_profiles(persons))
                    yield Figure(
                        what=f"usual page reads all, {name}, {persons:,} users",
                        value=1000 * best_of(3, store.read_all),
                        unit="ms",
                    )
    yield _unchanged()


def _refreshes(
    name: str,
    opened: Callable[[], AbstractContextManager[Store]],
    partitions: int,
    sizes: tuple[int, ...],
) -> Iterator[Figure]:
    """Measure all sizes in turn, again and again, and keep the best of each.

    Side by side, so that a busy machine does not favour one of them.
    """
    with ExitStack() as stack:
        stores = {persons: stack.enter_context(opened()) for persons in sizes}
        for persons, store in stores.items():
            for number in range(partitions):
                counted = _counted(random.Random(number), persons // partitions)
                store.count(LogPartition("bench", number, partitions), counted)
        times: dict[int, list[float]] = {persons: [] for persons in sizes}
        for _ in range(RUNS):
            for persons, store in stores.items():
                refresh = partial(_refresh, store.reader, persons)
                times[persons].append(1000 * best_of(1, refresh))
    for persons in sizes:
        yield Figure(
            what=f"page refresh, {name}, {partitions} partitions, {persons:,} users",
            value=min(times[persons]),
            unit="ms",
            aim=AIM_MS,
            lower_is_better=True,
        )
    *_, smaller, largest = sizes
    yield Figure(
        what=f"page refresh, {name}, {partitions} partitions, {largest:,} beside {smaller:,} users",
        value=100 * min(times[largest]) / min(times[smaller]),
        unit="%",
        aim=AIM_RATIO,
        lower_is_better=True,
    )


def _refresh(reader: OverviewReader, persons: int) -> None:
    """Do all that the server does for a page that shows nothing yet."""
    snapshots = Snapshots(reader, now=lambda: NOW, k=DEFAULT_K, keep_s=0, patience_s=1)
    snapshot = snapshots.latest().snapshot
    assert snapshot is not None
    seen = disclose(snapshot.tables, now=NOW, k=DEFAULT_K)
    written, _ = content.changed(seen, Numerals(), {})
    assert json.dumps([str(value) for value in written.values()])
    assert persons - 8 * DEFAULT_K <= seen.people.total <= persons


def _unchanged() -> Figure:
    """Measure a refresh that changes nothing, with all of Dash and Flask but without a network."""

    class Nobody:
        def overview(self) -> Overview:
            return Overview()

    server = create_app(Nobody(), now=lambda: NOW, refresh_s=3600).server.test_client()
    asked = callback_body(server.get("/_dash-dependencies").get_json())
    first = server.post("/_dash-update-component", json=asked).get_json()
    asked["state"][0]["value"] = first["response"]["shown"]["data"]
    taken = best_of(200, lambda: server.post("/_dash-update-component", json=asked))
    return Figure(what="refresh that changes nothing, whole server", value=1 / taken, unit="1/s")


def callback_body(dependencies: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a browser sends that shows nothing yet, from what Dash says of its callbacks."""
    callback = next(each for each in dependencies if not each["clientside_function"])
    outputs = [
        dict(zip(("id", "property"), output.rsplit(".", 1), strict=True))
        for output in callback["output"].strip(".").split("...")
    ]
    return {
        "output": callback["output"],
        "outputs": outputs,
        "inputs": [{**each, "value": None} for each in callback["inputs"]],
        "state": [{"id": "shown", "property": "data", "value": None}],
        "changedPropIds": ["interval.n_intervals"],
    }


def _counted(chosen: random.Random, persons: int) -> Statistics:
    nationalities = chosen.choices(_NATIONALITIES, k=persons)
    genders = chosen.choices(("female", "male"), k=persons)
    months = chosen.choices(_MONTHS, k=persons)
    domains = chosen.choices(_DOMAINS, k=persons)
    cells = Counter(map(Cell, nationalities, genders, months))
    return Statistics(
        cells=dict(cells),
        email_domains=dict(Counter(domains)),
    )


def _profiles(persons: int) -> list[Profile]:
    chosen = random.Random(1)
    return [
        Profile(
            id=str(UUID(int=number, version=4)),  # type: ignore[arg-type] # a PersonId
            username=f"user{number}",
            gender=chosen.choice(("female", "male")),
            title="Ms",
            full_name=f"Person {number}",
            full_address=f"{number} Strandvejen, 2900 Hellerup, Hovedstaden, Denmark",
            city="Hellerup",
            country="Denmark",
            nationality=chosen.choice(_NATIONALITIES),
            email=f"user{number}@mail.example",
            email_domain=chosen.choice(_DOMAINS),
            age=40,
            birth_month=chosen.choice(_MONTHS),
            registered_on=date(2020, 1, 1),
            as_of=NOW.date(),
            expires_at=date(2027, 11, 23),
        )
        for number in range(persons)
    ]


def _counts(rows: Iterator[tuple[str, str, int, str]]) -> Counter[object]:
    counts: Counter[object] = Counter()
    for gender, nationality, age, domain in rows:
        counts["total"] += 1
        counts["gender", gender] += 1
        counts["nationality", nationality] += 1
        counts["age", age // 5] += 1
        counts["domain", domain] += 1
    return counts


def _count(transactions: Transactions, partition: LogPartition, counted: Statistics) -> None:
    def work(unit: UnitOfWork) -> None:
        unit.add_writer(partition.writer)
        unit.add_statistics(partition.writer, counted)

    transactions.run(work)


class _Sqlite:
    def __init__(self, path: Path, store: SqliteDecidingStore) -> None:
        self.reader = store
        self._connection = sqlite3.connect(path, isolation_level=None)

    def count(self, partition: LogPartition, counted: Statistics) -> None:
        _count(SqliteTransactions(self._connection), partition, counted)

    def hold(self, profiles: list[Profile]) -> None:
        rows = ([*map(_plain, profile), 1] for profile in profiles)
        with transaction(self._connection):
            self._connection.executemany(
                f"INSERT INTO users VALUES ({', '.join('?' * 17)})",  # noqa: S608 - marks only
                rows,
            )

    def read_all(self) -> Counter[object]:
        self._connection.row_factory = sqlite3.Row
        found = [dict(row) for row in self._connection.execute("SELECT * FROM users")]
        return _counts(
            (each["gender"], each["nationality"], each["age"], each["email_domain"])
            for each in found
        )


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


@contextmanager
def _sqlite() -> Generator[_Sqlite]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "profiles.db"
        with closing(SqliteDecidingStore.open(path)) as store:
            yield _Sqlite(path, store)


class _Mongo:
    def __init__(self, url: str, database: str, store: MongoDecidingStore) -> None:
        self.reader = store
        self._connection = Connection.open(url, database)
        self._collections = opened_collections(self._connection, "users", create=False)
        self._users = pymongo.MongoClient[dict[str, Any]](url)[database]["users"]

    def count(self, partition: LogPartition, counted: Statistics) -> None:
        _count(MongoTransactions(self._connection, self._collections), partition, counted)

    def hold(self, profiles: list[Profile]) -> None:
        for start in range(0, len(profiles), 10_000):
            self._users.insert_many(
                {name: _plain(value) for name, value in profile._asdict().items()}
                for profile in profiles[start : start + 10_000]
            )

    def read_all(self) -> Counter[object]:
        found = list(self._users.find())
        return _counts(
            (each["gender"], each["nationality"], each["age"], each["email_domain"])
            for each in found
        )


@contextmanager
def _mongo(url: str) -> Generator[_Mongo]:
    database = f"bench_{time.time_ns()}"
    with closing(MongoDecidingStore.open(url, database)) as store:
        yield _Mongo(url, database, store)
    with pymongo.MongoClient[dict[str, Any]](url) as client:
        client.drop_database(database)
