"""What is MongoDB's own about the deciding store; what every store promises is a contract."""

from __future__ import annotations

import logging
import subprocess
import traceback
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier
from time import monotonic
from typing import Any
from uuid import UUID

import pymongo
import pytest
from bson.int64 import Int64
from bson.timestamp import Timestamp
from pymongo.errors import ServerSelectionTimeoutError

from profiles.adapters.memory import MemoryDecidingStore, MemoryLedger
from profiles.adapters.mongo import MongoDecidingStore, connection, snapshots
from profiles.adapters.mongo.unit_of_work import CHUNKS_OF_NEW_PERSONS
from profiles.application.errors import SnapshotTooOldError, StoreError
from profiles.application.log.deciding import Chunk
from profiles.application.log.records import LogPartition
from profiles.application.ports.stores import DecidingStore
from profiles.application.transaction import enforcing, removal
from profiles.domain.errors import UsageError
from profiles.domain.ledger_entry import START, LedgerHead
from profiles.domain.ledger_view import LedgerView
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.statistics import NATIONALITIES, Statistics
from profiles.domain.tally import Tally
from tests.support.histories import (
    ADA,
    BEA,
    BROKEN,
    CLEO,
    DAN,
    ERASED,
    MINOR,
    NOW,
    OTHER_TOPIC,
    TOPIC,
    About,
    chunk,
    chunk_of,
    profile,
    state,
    stored,
    version,
)
from tests.support.mongo_stores import database
from tests.support.patience import PATIENCE_S
from tests.support.refused_address import refused_address
from tests.support.services.free_ports import free_port
from tests.support.services.recipes import find_mongod, lacking

Client = pymongo.MongoClient[dict[str, Any]]
Database = pymongo.database.Database[dict[str, Any]]

HALVES = [LogPartition("halves", number, 2) for number in (0, 1)]


@pytest.fixture
def name(mongo_url: str) -> Generator[str]:
    """Name a database of the test's own."""
    with database(mongo_url) as made:
        yield made


@pytest.fixture
def base(mongo_url: str, name: str) -> Generator[Database]:
    """Give the store's database as anyone else sees it."""
    with Client(mongo_url, uuidRepresentation="standard", tz_aware=True) as client:
        yield client[name]


@pytest.fixture
def store(mongo_url: str, name: str) -> Generator[MongoDecidingStore]:
    with closing(MongoDecidingStore.open(mongo_url, name)) as opened:
        yield opened


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


def contents(base: Database) -> dict[str, list[dict[str, Any]]]:
    return {name: list(base[name].find()) for name in sorted(base.list_collection_names())}


def crowd(count: int, *, first: int = 0, **changes: Any) -> list[About]:  # noqa: ANN401 - any field
    """Make profiles of many nationalities and months."""
    nationalities = sorted(NATIONALITIES)
    return [
        stored(
            PersonId(f"{number:08x}-0000-4000-8000-{number * 7919 % 2**40:012x}"),
            nationality=nationalities[number % 21],
            birth_month=f"{1945 + number % 60}-{1 + number % 12:02}",
            email_domain=f"d{number % 7}.example",
            **changes,
        )
        for number in range(first, first + count)
    ]


# --- Optimistic insert -----------------------------------------------------------------------


@pytest.fixture
def new_persons() -> list[list[About]]:
    """Make chunks of new persons, one more than it takes to insert them unseen."""
    return [crowd(10, first=10 * n) for n in range(CHUNKS_OF_NEW_PERSONS + 1)]


def apply_all(store: DecidingStore, chunks: list[list[About]], ledger: MemoryLedger) -> None:
    start = 0
    for abouts in chunks:
        store.apply(chunk(*abouts, start=start), ledger)
        start += len(abouts)


def looked_up(base: Database) -> int:
    asked = base["system.profile"].find({"ns": f"{base.name}.users", "op": "query"})
    return sum(len(entry["command"]["filter"]["_id"]["$in"]) for entry in asked)


def test_after_chunks_of_new_persons_only_who_may_have_to_go_is_looked_up(
    store: MongoDecidingStore,
    base: Database,
    ledger: MemoryLedger,
    new_persons: list[list[About]],
) -> None:
    new_persons[-1].append((ADA, MINOR))
    base.command("profile", 2)

    apply_all(store, new_persons, ledger)

    base.command("profile", 0)
    assert looked_up(base) == 10 * CHUNKS_OF_NEW_PERSONS + 1


@pytest.mark.parametrize("suppressed", [False, True])
def test_who_is_held_after_all_is_found_out_among_new_persons(
    store: MongoDecidingStore,
    ledger: MemoryLedger,
    new_persons: list[list[About]],
    *,
    suppressed: bool,
) -> None:
    first, second, third = (person for person, _ in new_persons[0][:3] if person)
    newer, gone = stored(first, full_name="Ada Lovelace"), (second, MINOR)
    history = [*new_persons, [*crowd(5, first=1_000), newer, gone], crowd(5, first=2_000)]
    if suppressed:
        ledger.suppress(third)
    other = MemoryDecidingStore()

    apply_all(store, history, ledger)
    apply_all(other, history, ledger)

    assert state(store) == state(other)


def test_a_chunk_of_new_persons_that_comes_again_changes_nothing(
    store: MongoDecidingStore, ledger: MemoryLedger, new_persons: list[list[About]]
) -> None:
    apply_all(store, new_persons, ledger)
    before = list(store.profiles())

    applied = store.apply(chunk(*new_persons[-1], start=10 * len(new_persons) - 10), ledger)

    assert applied.tally == Tally(read=10, stored=10)
    assert list(store.profiles()) == before


# --- How it lies there ---------------------------------------------------------------------


def test_a_profile_is_a_document_with_the_types_of_the_design(
    store: MongoDecidingStore, base: Database, ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA, city=None), start=41), ledger)

    assert base["users"].find_one() == {
        "_id": UUID(ADA),
        "username": "orangefrog42",
        "gender": "female",
        "title": "Ms",
        "full_name": "Ada Byron",
        "full_address": "12 Strandvejen, 2900 Hellerup, Hovedstaden, Denmark",
        "city": None,
        "country": "Denmark",
        "nationality": "DK",
        "email": "ada.byron@example.com",
        "email_domain": "example.com",
        "age": 41,
        "birth_month": "1985-03",
        "registered_on": "2015-02-28",
        "as_of": "2026-11-23",
        "expires_at": datetime(2027, 11, 23, tzinfo=UTC),
        "version": Int64(version(41)),
    }
    types = {"_id": "binData", "age": "int", "version": "long", "expires_at": "date"}
    wanted = {field: {"$type": kind} for field, kind in types.items()}
    assert base["users"].count_documents(wanted) == 1


def test_the_collections_are_named_after_that_of_the_profiles(
    mongo_url: str, name: str, base: Database, ledger: MemoryLedger
) -> None:
    with closing(MongoDecidingStore.open(mongo_url, name, collection="people")) as store:
        store.apply(chunk(stored(ADA)), ledger)

    assert set(base.list_collection_names()) == {
        "people",
        "people_outbox",
        "people_policies",
        "people_restricted",
        "people_quarantine",
        "people_statistics",
        "people_writers",
    }


def test_who_is_gone_leaves_no_trace_in_the_statistics(
    store: MongoDecidingStore, base: Database, ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(BEA)), ledger)
    before = base["users_statistics"].find().to_list()
    store.apply(chunk(stored(ADA, email_domain="ada.example"), start=1), ledger)
    assert base["users_statistics"].find().to_list() != before

    store.apply(chunk((ADA, MINOR), start=2), ledger)

    assert base["users_statistics"].find().to_list() == before


def test_e_mail_domains_are_read_again_only_where_somebody_else_has_counted(
    mongo_url: str, store: MongoDecidingStore, base: Database, name: str, ledger: MemoryLedger
) -> None:
    """Another job's sweeper, or a command, changes what this job has counted."""

    def read() -> int:
        return len(
            base["system.profile"].find({"ns": f"{name}.users_statistics", "op": "query"}).to_list()
        )

    store.apply(chunk(stored(ADA, email_domain="ada.example")), ledger)
    store.apply(chunk(stored(BEA), start=1), ledger)
    base.command("profile", 2)
    store.apply(chunk(stored(DAN), start=2), ledger)
    assert read() == 0
    with closing(MongoDecidingStore.open(mongo_url, name)) as other:
        ledger.suppress(ADA)
        other.apply_ledger(ledger)
    by_the_other = read()
    store.apply(chunk(stored(CLEO, email_domain="cleo.example"), start=3), ledger)
    base.command("profile", 0)

    assert read() == by_the_other + 1
    assert store.statistics() == Statistics.recount(pair[0] for pair in store.profiles())


def test_a_store_is_opened_again_as_it_was_left(
    mongo_url: str, name: str, ledger: MemoryLedger
) -> None:
    ledger.suppress(CLEO)
    with closing(MongoDecidingStore.open(mongo_url, name)) as store:
        store.apply(chunk(stored(ADA)), ledger)

    with closing(MongoDecidingStore.open(mongo_url, name, create=False)) as store:
        assert store.position(TOPIC) == 1
        assert store.ledger().head.number == 1
        assert store.profile(ADA) == (profile(ADA), version(0))


def test_what_is_held_of_many_persons_is_read_together(
    store: MongoDecidingStore, ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA), stored(BEA)), ledger)

    assert store.held([ADA, CLEO, BEA]) == {
        ADA: (profile(ADA), version(0)),
        BEA: (profile(BEA), version(1)),
    }
    assert store.held([]) == {}


def test_more_profiles_than_one_answer_holds_come_in_the_order_of_ids(
    store: MongoDecidingStore, ledger: MemoryLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "_READ_AT_ONCE", 10)
    abouts = crowd(30)
    store.apply(chunk(*reversed(abouts)), ledger)

    assert [pair[0].id for pair in store.profiles()] == [person for person, _ in abouts]
    with store.snapshot() as snapshot:
        assert list(snapshot.profiles()) == list(store.profiles())


def test_a_snapshot_that_the_server_no_longer_keeps_says_so(
    store: MongoDecidingStore, ledger: MemoryLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.apply(chunk(stored(ADA)), ledger)
    with store.snapshot() as snapshot:
        since_long_ago = Timestamp(1, 1)
        monkeypatch.setattr(vars(snapshot)["_session"], "_snapshot_time", since_long_ago)

        with pytest.raises(SnapshotTooOldError, match="minSnapshotHistoryWindowInSeconds"):
            list(snapshot.profiles())

    assert store.counts().read == 1


def test_a_growing_topic_is_entered_with_where_each_partition_had_got_to(
    store: MongoDecidingStore, base: Database, ledger: MemoryLedger
) -> None:
    first, second = HALVES
    store.apply(chunk(stored(ADA), start=10, partition=first), ledger)
    store.apply(chunk(stored(BEA), start=20, partition=second), ledger)

    store.apply(chunk(stored(CLEO), start=21, partition=second._replace(partitions=3)), ledger)
    store.apply(chunk(stored(ADA), start=11, partition=first), ledger)  # knows only of two yet

    registry = base["users_writers"].find_one({"_id": "registry"})
    assert registry is not None
    assert registry["epochs"] == [
        {"epoch": 1, "topic_id": "halves", "partitions": 2, "firsts": {}},
        {"epoch": 2, "topic_id": "halves", "partitions": 3, "firsts": {"0": 11, "1": 21}},
    ]
    assert store.held([ADA, CLEO]) == {
        ADA: (profile(ADA), version(11, epoch=2)),
        CLEO: (profile(CLEO), version(21, epoch=2, partition=1)),
    }


# --- All or nothing ------------------------------------------------------------------------


def test_a_chunk_that_fails_between_its_writes_leaves_nothing(
    store: MongoDecidingStore, base: Database, ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(ADA), stored(BEA)), ledger)
    base["users_statistics"].delete_one({"_id": "a-topic 0 cells-DK"})
    before = contents(base)

    with pytest.raises(StoreError, match="users_statistics: has lost documents"):
        store.apply(
            chunk(stored(CLEO, nationality="NO"), (BEA, ERASED), (None, BROKEN), start=2), ledger
        )

    assert contents(base) == before


@dataclass
class LedgerReadInBetween:
    """A ledger that tells what it said before something happened in the middle of a chunk."""

    ledger: MemoryLedger
    happening: Any
    asked: list[int] = field(default_factory=list)

    def view(self, *, at_least: LedgerHead = START) -> LedgerView:
        self.asked.append(at_least.number)
        view = self.ledger.view(at_least=at_least)
        if len(self.asked) == 1:
            self.happening()
        return view


def test_a_chunk_in_flight_meets_an_erasure_and_does_not_store(
    store: MongoDecidingStore, base: Database, ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(BEA)), ledger)

    def erase() -> None:
        ledger.suppress(ADA)
        head = {"ledger_position": 1, "ledger_seal": ledger.view().head.seal}
        with base.client.start_session() as session, session.start_transaction():
            base["users_writers"].update_many({}, {"$set": head}, session=session)

    reading = LedgerReadInBetween(ledger, erase)

    tally = store.apply(chunk(stored(ADA), stored(CLEO), start=1), reading).tally

    assert tally == Tally(read=2, stored=1, suppressed=1)
    assert reading.asked == [0, 1]
    assert store.held([ADA, CLEO]).keys() == {CLEO}
    assert store.statistics() == Statistics.recount([profile(BEA), profile(CLEO)])


def test_an_erasure_met_by_one_partition_reaches_the_chunk_in_flight_of_another(
    store: MongoDecidingStore, mongo_url: str, name: str, ledger: MemoryLedger
) -> None:
    first, second = HALVES
    store.apply(chunk(stored(BEA), partition=first), ledger)
    store.apply(chunk(stored(ADA), partition=second), ledger)

    def erase() -> None:
        ledger.suppress(ADA)
        with closing(MongoDecidingStore.open(mongo_url, name)) as other:
            other.apply(chunk(stored(CLEO), start=1, partition=second), ledger)

    tally = store.apply(
        chunk(stored(ADA), start=1, partition=first), LedgerReadInBetween(ledger, erase)
    ).tally

    assert tally == Tally(read=1, suppressed=1)
    assert [pair[0] for pair in store.profiles()] == [profile(BEA), profile(CLEO)]
    assert store.statistics() == Statistics.recount([profile(BEA), profile(CLEO)])


def test_a_first_chunk_in_flight_meets_an_erasure(
    store: MongoDecidingStore, mongo_url: str, name: str, ledger: MemoryLedger
) -> None:
    def erase() -> None:
        ledger.suppress(ADA)
        with closing(MongoDecidingStore.open(mongo_url, name)) as other:
            other.apply(chunk(stored(CLEO), partition=OTHER_TOPIC), ledger)

    tally = store.apply(chunk(stored(ADA)), LedgerReadInBetween(ledger, erase)).tally

    assert tally == Tally(read=1, suppressed=1)
    assert [pair[0] for pair in store.profiles()] == [profile(CLEO)]


def test_many_erasures_are_made_up_for(
    store: MongoDecidingStore, ledger: MemoryLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enforcing, "REMOVED_AT_ONCE", 4)
    monkeypatch.setattr(enforcing, "LOOKED_THROUGH_AT_ONCE", 6)
    abouts = crowd(20)
    store.apply(chunk(*abouts), ledger)
    for person, _ in abouts[:13]:
        assert person is not None
        ledger.suppress(person)

    store.apply(chunk(start=20), ledger)

    left = [outcome for _, outcome in abouts[13:] if isinstance(outcome, Profile)]
    assert [pair[0] for pair in store.profiles()] == left
    assert store.statistics() == Statistics.recount(left)
    assert store.ledger().head.number == 13


def test_more_than_one_transaction_is_swept(
    store: MongoDecidingStore, ledger: MemoryLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "REMOVED_AT_ONCE", 10)
    store.apply(chunk(*crowd(35, expires_at=date(2027, 1, 1)), stored(ADA)), ledger)

    assert store.sweep(read_on=date(2027, 1, 1), quarantined_before=NOW) == 35

    assert store.statistics() == Statistics.recount([profile(ADA)])


# --- Large and refused ---------------------------------------------------------------------


def test_a_message_of_10_mb_is_one_transaction(
    store: MongoDecidingStore, ledger: MemoryLedger
) -> None:
    """5,000 persons with long texts, each with an e-mail domain of her own."""
    long = "\N{GRINNING FACE}" * 50
    names = "username gender title full_name full_address city country nationality email".split()
    message = [
        stored(
            PersonId(f"{number:08x}-0000-4000-8000-000000000000"),
            **dict.fromkeys(names, long),
            email_domain=f"{number:05}{long}",
        )
        for number in range(5_000)
    ]

    applied = store.apply(chunk_of([message]), ledger)

    assert applied.tally.stored == 5_000
    assert not applied.refused
    assert store.statistics().total == 5_000


def test_what_is_too_large_for_one_transaction_is_written_in_several(
    store: MongoDecidingStore, ledger: MemoryLedger
) -> None:
    long = "\N{GRINNING FACE}" * 256
    names = "username gender title full_name full_address city country nationality email".split()
    abouts = [
        stored(
            PersonId(f"{number:08x}-0000-4000-8000-000000000000"),
            **dict.fromkeys(names, long),
        )
        for number in range(20_000)
    ]

    applied = store.apply(chunk(*abouts), ledger)

    assert applied.tally.stored == 20_000
    assert not applied.refused


def test_ten_thousand_rejections_are_one_transaction(
    store: MongoDecidingStore, ledger: MemoryLedger
) -> None:
    rejected = [(None, BROKEN)] * 100

    applied = store.apply(chunk_of([rejected] * 100), ledger)

    assert applied.tally.rejected == 10_000
    assert not applied.refused


def test_a_message_that_the_server_refuses_is_rejected_and_the_others_are_stored(
    store: MongoDecidingStore, base: Database, ledger: MemoryLedger
) -> None:
    base.command("collMod", "users", validator={"username": {"$ne": "refused"}})

    applied = store.apply(chunk(stored(ADA), stored(BEA, username="refused"), stored(CLEO)), ledger)

    assert applied.tally == Tally(read=3, stored=2, rejected=1, reasons={"store": 1})
    assert [each.offset for each in store.quarantine()] == [1]
    assert [pair[0].id for pair in store.profiles()] == [ADA, CLEO]
    assert store.position(TOPIC) == 3


# --- Writers side by side ------------------------------------------------------------------


def test_two_partitions_side_by_side_add_up(
    store: MongoDecidingStore, mongo_url: str, name: str, ledger: MemoryLedger
) -> None:
    """Each partition has persons of its own, some of the other's, and a sweep in between."""
    begin = Barrier(3, timeout=PATIENCE_S)

    def write(partition: LogPartition) -> Tally:
        tally = Tally()
        with closing(MongoDecidingStore.open(mongo_url, name)) as own:
            begin.wait()
            for number in range(12):
                abouts = crowd(
                    40,
                    first=30 * number + 300 * partition.number,
                    expires_at=date(2027, 1, 1 + number),
                )
                minors: list[About] = [(person, MINOR) for person, _ in abouts[:5]]
                some = chunk(*abouts, *minors, start=45 * number, partition=partition)
                tally += own.apply(some, ledger).tally
        return tally

    def sweep() -> None:
        begin.wait()
        for day in range(10):
            store.sweep(read_on=date(2027, 1, day + 1), quarantined_before=NOW)

    with ThreadPoolExecutor(3) as pool:
        writing = [pool.submit(write, partition) for partition in HALVES]
        sweeping = pool.submit(sweep)
        tallies = [writer.result() for writer in writing]
        sweeping.result()

    tallies_sum = tallies[0] + tallies[1]
    assert tallies_sum.read == 2 * 12 * 45
    assert store.counts() == tallies_sum
    assert [store.position(partition) for partition in HALVES] == [540, 540]
    held = [pair[0] for pair in store.profiles()]
    assert held
    assert store.statistics() == Statistics.recount(held)
    assert sum(store.arrivals().values()) >= len(held)


def test_two_that_open_a_new_store_at_once_find_the_same(mongo_url: str, name: str) -> None:
    begin = Barrier(4, timeout=PATIENCE_S)

    def apply(number: int) -> int | None:
        begin.wait()
        partition = LogPartition("shared", number, 4)
        with closing(MongoDecidingStore.open(mongo_url, name)) as store:
            store.apply(chunk(*crowd(10, first=10 * number), partition=partition), MemoryLedger())
            return store.position(partition)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(apply, range(4))) == [10] * 4

    with closing(MongoDecidingStore.open(mongo_url, name)) as store:
        held = list(store.profiles())
        assert store.statistics() == Statistics.recount(pair[0] for pair in held)
        assert {found >> 53 for _, found in held} == {1}


# --- What it refuses -----------------------------------------------------------------------


def test_another_schema_version_is_refused(mongo_url: str, name: str, base: Database) -> None:
    MongoDecidingStore.open(mongo_url, name).close()
    base["users_writers"].update_one({"_id": "registry"}, {"$set": {"schema_version": 99}})

    with pytest.raises(UsageError, match=r"of schema version 99, .* knows none later"):
        MongoDecidingStore.open(mongo_url, name)


def test_a_collection_of_something_else_is_refused(
    mongo_url: str, name: str, base: Database
) -> None:
    base["users"].insert_one({"full_name": "Ada Byron"})

    with pytest.raises(UsageError, match="was not made by profiles") as raised:
        MongoDecidingStore.open(mongo_url, name)

    assert "Byron" not in str(raised.value)
    assert base.list_collection_names() == ["users"]


def test_a_store_that_is_not_there_is_not_made_unasked(
    mongo_url: str, name: str, base: Database
) -> None:
    with pytest.raises(UsageError, match="There is no profile store at"):
        MongoDecidingStore.open(mongo_url, name, create=False)

    assert base.list_collection_names() == []


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://",
        "mongodb://user:secret@host:port",
        "mongodb://host/?w=nonsense&retryWrites=maybe",
        "http://host",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(UsageError, match="can't be read") as raised:
        MongoDecidingStore.open(url, "profiles")

    assert "secret" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    ("database", "collection"), [("a/b", "users"), ("", "users"), ("profiles", ".users")]
)
def test_a_name_that_mongodb_does_not_take_is_refused(
    mongo_url: str, database: str, collection: str
) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        MongoDecidingStore.open(mongo_url, database, collection=collection)


def test_a_server_that_is_away_is_named_without_credentials() -> None:
    with (
        refused_address() as address,
        pytest.raises(StoreError, match="profiles: no primary answered") as raised,
    ):
        MongoDecidingStore.open(
            f"mongodb://user:secret@{address}/?serverSelectionTimeoutMS=200", "profiles"
        )

    assert "secret" not in "".join(traceback.format_exception(raised.value))


@contextmanager
def mongod(folder: Path, *options: str) -> Iterator[str]:
    """Run a mongod of the test's own and say where it listens."""
    program = find_mongod()
    if program is None:
        pytest.fail(lacking("mongo"))
    port = free_port()
    command = [
        *(str(program), "--dbpath", str(folder), "--bind_ip", "127.0.0.1", "--port", str(port)),
        *("--nounixsocket", "--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "16", *options),
    ]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log) as process,
    ):
        try:
            wait_for(f"mongodb://127.0.0.1:{port}/?directConnection=true", process)
            yield f"127.0.0.1:{port}"
        finally:
            process.kill()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = monotonic() + PATIENCE_S
    with Client(url, serverSelectionTimeoutMS=1_000) as client:
        while process.poll() is None and monotonic() < deadline:
            try:
                client.admin.command("ping")
            except ServerSelectionTimeoutError:
                continue
            return
    pytest.fail("mongod did not start")


def test_a_standalone_server_is_refused_with_how_to_make_it_a_replica_set(tmp_path: Path) -> None:
    with mongod(tmp_path) as address:
        with pytest.raises(UsageError) as raised:
            MongoDecidingStore.open(f"mongodb://{address}", "profiles")

        port = address.partition(":")[2]
        assert str(raised.value) == (
            f"MongoDB at {address}/profiles is a standalone server, which has no transactions;"
            " nothing was changed. Make it a replica set, one member is enough: start mongod with"
            f" `--replSet rs0`, and then once `mongosh --host 127.0.0.1 --port {port} --eval"
            " 'rs.initiate()'`; then try again."
        )
        with Client(f"mongodb://{address}") as client:
            assert "profiles" not in client.list_database_names()


def test_an_uninitiated_replica_set_is_refused_with_how_to_initiate_it(tmp_path: Path) -> None:
    with (
        mongod(tmp_path, "--replSet", "rs0") as address,
        pytest.raises(UsageError, match=r"never initiated.*rs\.initiate\(\)"),
    ):
        MongoDecidingStore.open(f"mongodb://{address}/?serverSelectionTimeoutMS=3000", "profiles")


@pytest.mark.parametrize("writer", [TOPIC, OTHER_TOPIC], ids=["known", "new"])
def test_a_store_whose_registry_is_gone_stops(
    store: MongoDecidingStore, base: Database, ledger: MemoryLedger, writer: LogPartition
) -> None:
    store.apply(chunk(stored(ADA)), ledger)
    base["users_writers"].delete_one({"_id": "registry"})
    before = contents(base)

    with pytest.raises(StoreError, match="users_writers: has lost documents"):
        store.apply(chunk(stored(BEA), start=1, partition=writer), ledger)
    with pytest.raises(StoreError, match="users_writers: has lost documents"):
        store.sweep(read_on=date(2030, 1, 1), quarantined_before=NOW)

    assert contents(base) == before


# --- What nobody gets to see ---------------------------------------------------------------


def test_no_error_shows_a_value_of_a_person(
    store: MongoDecidingStore, base: Database, ledger: MemoryLedger
) -> None:
    store.apply(chunk(stored(BEA)), ledger)
    base["users"].create_index("city", unique=True)

    with pytest.raises(StoreError) as raised:
        store.apply(chunk(stored(ADA), start=1), ledger)

    shown = "".join(traceback.format_exception(raised.value))
    assert str(raised.value).endswith("nothing is doubled.")
    for value in (*profile(ADA), ADA):
        if isinstance(value, str) and value not in {"DK", "Ms"}:
            assert value not in shown


def test_the_driver_logs_no_commands(
    store: MongoDecidingStore, ledger: MemoryLedger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="pymongo.command")

    store.apply(chunk(stored(ADA)), ledger)
    store.profile(ADA)

    assert "Hellerup" not in caplog.text
    assert "orangefrog42" not in caplog.text


def test_a_server_that_takes_too_long_is_given_up(
    store: MongoDecidingStore, base: Database, ledger: MemoryLedger
) -> None:
    """Another transaction keeps the writer's document: a chunk is tried again until its time."""
    store.apply(chunk(stored(ADA)), ledger)
    with base.client.start_session() as session, session.start_transaction():
        base["users_writers"].update_many({}, {"$inc": {"revision": 1}}, session=session)

        with pytest.MonkeyPatch.context() as impatient:
            impatient.setattr(store._connection, "_timeout_s", 0.6)  # noqa: SLF001 - for this chunk only
            with pytest.raises(StoreError, match="nothing is doubled"):
                store.apply(chunk(stored(BEA), start=1), ledger)
        session.abort_transaction()

    assert store.apply(chunk(stored(BEA), start=1), ledger).tally == Tally(read=1, stored=1)


def test_what_a_job_that_was_killed_has_left_open_is_waited_for(
    store: MongoDecidingStore,
    base: Database,
    ledger: MemoryLedger,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server ends it at its limit, or half as much later: a minute and half a one by default.

    The limit is a twelfth of that here.
    """
    monkeypatch.setattr(connection, "_UNUSUAL", 0.0)
    admin = base.client.admin
    limit = {"setParameter": 1, "transactionLifetimeLimitSeconds": 5}
    before = int(admin.command(limit)["was"])
    store.apply(chunk(stored(ADA)), ledger)
    try:
        with base.client.start_session() as session:
            session.start_transaction()
            base["users_writers"].update_many({}, {"$inc": {"revision": 1}}, session=session)

            applied = store.apply(chunk(stored(BEA), start=1), ledger)
    finally:
        admin.command({**limit, "transactionLifetimeLimitSeconds": before})

    assert connection.TIMEOUT_S * connection._OF_A_TRANSACTION > 60 + 30  # noqa: SLF001 - what it is for
    assert applied.tally == Tally(read=1, stored=1)
    assert "another transaction has what is to be changed" in caplog.text


def test_a_closed_store_says_so(mongo_url: str, name: str) -> None:
    store = MongoDecidingStore.open(mongo_url, name)
    store.close()

    with pytest.raises(StoreError, match="the connection was closed"):
        store.statistics()


def test_an_empty_chunk_of_a_new_partition_needs_no_person(
    store: MongoDecidingStore, ledger: MemoryLedger
) -> None:
    later = NOW + timedelta(hours=1)

    store.apply(Chunk(partition=TOPIC, start=5, end=9, entries=(), read=0), ledger)
    store.apply(chunk(stored(ADA), start=9, at=later), ledger)

    assert store.position(TOPIC) == 10
