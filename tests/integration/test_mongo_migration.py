"""A store in MongoDB that an earlier release has written is brought forward in bounded steps."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Generator
from contextlib import closing
from typing import Any

import pymongo
import pytest
from pymongo import monitoring

from profiles.adapters.memory import MemoryLedger
from profiles.adapters.mongo import MongoDecidingStore, migration
from profiles.domain.columns import COLUMNS, NAMES
from profiles.domain.errors import UsageError
from tests.frozen.log import frozen_rows
from tests.frozen.stores import MONGO_FOLDERS, assert_holds_what_was_frozen, put_back_mongo
from tests.support.histories import ADA, BEA, chunk, profile, stored, version
from tests.support.mongo_stores import database
from tests.support.patience import PATIENCE_S

FEW = 50
"""Documents in one step, where a test wants several steps."""

Database = pymongo.database.Database[dict[str, Any]]
NULLABLE = [column.name for column in COLUMNS if column.nullable]
MISSING = {"$or": [{field: {"$exists": False}} for field in NULLABLE]}
"""Finds the documents in which a field is missing."""


@pytest.fixture
def name(mongo_url: str) -> Generator[str]:
    """Name a database of the test's own."""
    with database(mongo_url) as made:
        yield made


@pytest.fixture
def base(mongo_url: str, name: str) -> Generator[Database]:
    """Give the store's database as anyone else sees it."""
    with pymongo.MongoClient[dict[str, Any]](mongo_url, w="majority") as client:
        yield client[name]


@pytest.fixture
def frozen(base: Database) -> Database:
    """Give a database with a store of schema 1, in which nulls are left out."""
    put_back_mongo(base, schema=1)
    for field in NULLABLE:
        base["users"].update_many({field: None}, {"$unset": {field: 1}})
    return base


def registry(base: Database) -> dict[str, Any]:
    found = base["users_writers"].find_one({"_id": "registry"})
    assert found is not None
    return found


def everything(base: Database) -> dict[str, list[dict[str, Any]]]:
    return {name: list(base[name].find()) for name in sorted(base.list_collection_names())}


def test_a_store_of_schema_1_is_brought_forward_and_holds_what_it_held(
    frozen: Database, mongo_url: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "AT_ONCE", FEW)
    assert registry(frozen)["schema_version"] == 1
    indexes = frozen["users"].index_information()

    with closing(MongoDecidingStore.open(mongo_url, name)) as store:
        assert_holds_what_was_frozen(store)

    assert frozen["users"].count_documents(MISSING) == 0
    assert frozen["users"].count_documents({}) == len(frozen_rows())
    assert frozen["users"].index_information() == indexes
    with closing(MongoDecidingStore.open(mongo_url, name, create=False)) as store:
        assert_holds_what_was_frozen(store)


@pytest.mark.parametrize("earlier", [2, 3])
def test_a_store_of_each_later_schema_gets_what_is_new_and_holds_what_it_held(
    base: Database, mongo_url: str, name: str, earlier: int
) -> None:
    put_back_mongo(base, schema=earlier)
    before = set(base.list_collection_names())

    with closing(MongoDecidingStore.open(mongo_url, name)) as store:
        assert_holds_what_was_frozen(store)
        assert store.outbox(limit=1) == {}

    assert set(base.list_collection_names()) == {
        *before,
        *("users_outbox", "users_policies", "users_restricted"),
    }
    assert registry(base)["schema_version"] == 4


def test_every_earlier_schema_that_can_be_brought_forward_is_frozen() -> None:
    assert MONGO_FOLDERS.keys() == migration.STEPS.keys()


def test_what_was_brought_forward_has_the_registry_of_a_new_store(
    frozen: Database, mongo_url: str, name: str
) -> None:
    for collection in ("users", "new"):
        MongoDecidingStore.open(mongo_url, name, collection=collection).close()

    new = frozen["new_writers"].find_one({"_id": "registry"})
    assert new is not None
    assert registry(frozen).keys() == new.keys()
    assert (new["schema_version"], new["fields"], new["migrations"]) == (4, list(NAMES), [])
    assert registry(frozen)["fields"] == list(NAMES)


def test_it_is_noted_once_when_and_from_which_schema(
    frozen: Database, mongo_url: str, name: str
) -> None:
    for _ in range(2):
        MongoDecidingStore.open(mongo_url, name).close()

    (noted,) = registry(frozen)["migrations"]
    assert noted.pop("at").year >= 2026
    assert noted == {"from_version": 1, "to_version": 4, "added": []}


def test_a_store_that_was_brought_forward_is_worked_on(
    frozen: Database, mongo_url: str, name: str
) -> None:
    ledger = MemoryLedger()
    for person in (ADA, BEA):
        ledger.suppress(person)
    with closing(MongoDecidingStore.open(mongo_url, name)) as store:
        before = store.counts().read

        assert store.apply(chunk(stored(ADA), stored(BEA)), ledger).tally.suppressed == 2

        assert store.ledger().head.number == 2
        assert store.counts().read == before + 2
    assert registry(frozen)["schema_version"] == 4


def test_who_may_not_make_a_store_is_told_what_brings_it_forward(
    frozen: Database, mongo_url: str, name: str
) -> None:
    before = everything(frozen)

    with pytest.raises(
        UsageError,
        match=r"is of schema version 1, and this release's is 4; nothing was changed. Stop what"
        " works on it and start `profiles process` or `profiles spark` once",
    ):
        MongoDecidingStore.open(mongo_url, name, create=False)

    assert everything(frozen) == before


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"schema_version": 5}, "is of schema version 5, and this release knows none later than 4"),
        ({"fields": [*NAMES, "shoe_size"]}, r"fields that this release does not know \(shoe_size"),
        ({"schema_version": 0}, "is of schema version 0, .* which it can't be brought to"),
    ],
)
def test_a_store_that_this_release_can_not_know_is_refused_and_left_alone(  # noqa: PLR0913 - fixtures
    base: Database,
    mongo_url: str,
    name: str,
    entry: dict[str, Any],
    sentence: str,
    *,
    create: bool,
) -> None:
    MongoDecidingStore.open(mongo_url, name).close()
    base["users_writers"].update_one({"_id": "registry"}, {"$set": entry})
    before = everything(base)

    with pytest.raises(UsageError, match=sentence):
        MongoDecidingStore.open(mongo_url, name, create=create)

    assert everything(base) == before


# --- A field more than there were ------------------------------------------------------------


def test_fields_that_documents_lack_are_added_and_null(
    base: Database, mongo_url: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "AT_ONCE", 1)
    with closing(MongoDecidingStore.open(mongo_url, name)) as store:
        store.apply(chunk(stored(ADA), stored(BEA)), MemoryLedger())
    known = [field for field in NAMES if field not in {"title", "registered_on"}]
    base["users_writers"].update_one({"_id": "registry"}, {"$set": {"fields": known}})
    base["users"].update_many({}, {"$unset": {"title": 1, "registered_on": 1}})
    with pytest.raises(UsageError, match="lacks the fields title, registered_on; nothing was"):
        MongoDecidingStore.open(mongo_url, name, create=False)

    with closing(MongoDecidingStore.open(mongo_url, name)) as store:
        changes: dict[str, Any] = {"title": None, "registered_on": None}
        assert list(store.profiles()) == [
            (profile(ADA, **changes), version(0)),
            (profile(BEA, **changes), version(1)),
        ]

    assert base["users"].count_documents({"title": {"$exists": True}}) == 2
    (noted,) = registry(base)["migrations"]
    assert noted["added"] == ["title", "registered_on"]
    assert (noted["from_version"], noted["to_version"]) == (4, 4)


# --- Killed, and at the same time ------------------------------------------------------------


class KilledAtTheSecondUpdate(monitoring.CommandListener):
    """Kills its process when the server has done the second update of documents."""

    def __init__(self) -> None:
        self.updates = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Let it begin."""

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        self.updates += event.command_name == "update"
        if self.updates == 2:
            signal.raise_signal(signal.SIGKILL)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Let it fail."""


def open_and_be_killed(url: str, name: str) -> None:
    migration.AT_ONCE = FEW  # type: ignore[misc]  # final: in this process only
    monitoring.register(KilledAtTheSecondUpdate())
    MongoDecidingStore.open(url, name)


def open_and_look(url: str, name: str, start: Any) -> None:  # noqa: ANN401 - a barrier of multiprocessing
    migration.AT_ONCE = FEW  # type: ignore[misc]  # final: in this process only
    start.wait(PATIENCE_S)
    with closing(MongoDecidingStore.open(url, name)) as store:
        assert store.ledger().head.number == 1


def test_killed_in_the_middle_it_goes_on_next_time(
    frozen: Database, mongo_url: str, name: str
) -> None:
    all_of_them = frozen["users"].count_documents(MISSING)

    process = multiprocessing.get_context("spawn").Process(
        target=open_and_be_killed, args=(mongo_url, name)
    )
    process.start()
    process.join(PATIENCE_S)

    assert process.exitcode == -signal.SIGKILL
    assert registry(frozen)["schema_version"] == 1
    assert 0 < frozen["users"].count_documents(MISSING) < all_of_them
    with closing(MongoDecidingStore.open(mongo_url, name)) as store:
        assert_holds_what_was_frozen(store)
    assert frozen["users"].count_documents(MISSING) == 0
    assert len(registry(frozen)["migrations"]) == 1


def test_processes_that_bring_one_store_forward_at_once_note_it_once(
    frozen: Database, mongo_url: str, name: str
) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(2)
    processes = [
        spawn.Process(target=open_and_look, args=(mongo_url, name, barrier)) for _ in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE_S)

    assert [process.exitcode for process in processes] == [0, 0]
    assert len(registry(frozen)["migrations"]) == 1
    with closing(MongoDecidingStore.open(mongo_url, name)) as store:
        assert_holds_what_was_frozen(store)
