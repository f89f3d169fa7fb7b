"""A SQLite file that an earlier release has written is brought forward, whole or not at all."""

from __future__ import annotations

import multiprocessing
import signal
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from profiles.adapters.memory import MemoryLedger
from profiles.adapters.sqlite import SqliteDecidingStore, SqliteProbe, database, migration, schema
from profiles.application.ports.probes import Migration, SchemaFacts
from profiles.domain.columns import NAMES
from profiles.domain.errors import UsageError
from profiles.domain.statistics import Statistics
from tests.frozen.log import added_since
from tests.frozen.stores import SQLITE_FOLDERS, assert_holds_what_was_frozen, put_back_sqlite
from tests.support.histories import ADA, BEA, NOW, chunk, profile, stored, version
from tests.support.patience import PATIENCE_S


@pytest.fixture
def frozen(tmp_path: Path) -> Path:
    """Give a file of schema 2."""
    path = tmp_path / "frozen.db"
    put_back_sqlite(path, schema=2)
    return path


def asked(path: Path, question: str, *values: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(question, values).fetchall()


def schema_version(path: Path) -> int:
    ((found,),) = asked(path, "PRAGMA user_version")
    return int(found)


def shape(path: Path) -> dict[str, list[Any]]:
    """Tell of each table what its columns are, in any order."""
    tables = asked(path, "SELECT name FROM sqlite_schema WHERE type = 'table'")
    return {
        name: sorted(
            asked(path, 'SELECT name, type, "notnull", pk FROM pragma_table_info(?)', name)
        )
        for (name,) in tables
    }


def without(path: Path, *names: str) -> None:
    """Leave columns out, as a release had done that did not know them."""
    with closing(sqlite3.connect(path)) as connection:
        for name in names:
            connection.execute(f"ALTER TABLE users DROP COLUMN {name}")


@pytest.mark.parametrize("earlier", SQLITE_FOLDERS)
def test_a_file_of_each_earlier_schema_is_brought_forward_and_holds_what_it_held(
    tmp_path: Path, earlier: int
) -> None:
    frozen = tmp_path / "frozen.db"
    put_back_sqlite(frozen, schema=earlier)
    assert schema_version(frozen) == earlier

    with closing(SqliteDecidingStore.open(frozen)) as store:
        assert_holds_what_was_frozen(store)

    assert schema_version(frozen) == schema.KIND.version
    with closing(SqliteDecidingStore.open(frozen, create=False)) as store:
        assert_holds_what_was_frozen(store)


def test_every_earlier_schema_that_can_be_brought_forward_is_frozen() -> None:
    assert SQLITE_FOLDERS.keys() == schema.KIND.steps.keys()


@pytest.mark.parametrize("earlier", SQLITE_FOLDERS)
def test_what_was_brought_forward_has_the_tables_of_a_new_file(
    tmp_path: Path, earlier: int
) -> None:
    frozen = tmp_path / "frozen.db"
    put_back_sqlite(frozen, schema=earlier)
    for path in (frozen, tmp_path / "new.db"):
        SqliteDecidingStore.open(path).close()

    assert shape(frozen) == shape(tmp_path / "new.db")
    assert asked(frozen, "SELECT * FROM store") == [(1, 1, None, 1, None)]
    assert asked(tmp_path / "new.db", "SELECT * FROM store") == [(1, 0, None, 0, None)]


def test_a_file_that_was_brought_forward_is_worked_on(frozen: Path) -> None:
    ledger = MemoryLedger()
    for person in (ADA, BEA):
        ledger.suppress(person)
    with closing(SqliteDecidingStore.open(frozen)) as store:
        before = store.counts().read

        tally = store.apply(chunk(stored(ADA), stored(profile(BEA).id)), ledger).tally

        assert tally.suppressed == 2
        assert store.ledger().head.number == 2
        assert store.outbox(limit=1) == {}
        assert store.counts().read == before + 2
        assert store.statistics() == Statistics.recount(p for p, _ in store.profiles())


def test_it_is_noted_once_when_and_from_which_schema(frozen: Path, tmp_path: Path) -> None:
    for _ in range(2):
        SqliteDecidingStore.open(frozen).close()
    SqliteDecidingStore.open(tmp_path / "new.db").close()

    ((before, after, added, at),) = asked(frozen, "SELECT * FROM migrations")
    assert (before, after, added.split()) == (2, 5, [*added_since(), schema.CORRECTIONS])
    assert SqliteProbe(frozen, name="the store").schema() == SchemaFacts(
        version=5,
        migrations=[
            Migration(2, datetime.fromisoformat(at).date(), (*added_since(), schema.CORRECTIONS))
        ],
    )
    assert asked(tmp_path / "new.db", "SELECT * FROM migrations") == []


def test_who_may_not_make_a_store_is_told_what_brings_it_forward(frozen: Path) -> None:
    before = frozen.read_bytes()

    with pytest.raises(UsageError) as raised:
        SqliteDecidingStore.open(frozen, create=False)

    assert str(raised.value) == (
        f"{frozen} is a profile store of schema version 2, and this release's is 5; nothing was"
        " changed. Stop what works on it and start `profiles run` or `profiles process` once: that"
        " brings it forward."
    )
    assert frozen.read_bytes() == before


@pytest.mark.parametrize("create", [True, False])
def test_a_file_of_a_later_release_is_refused_and_left_alone(
    tmp_path: Path, *, create: bool
) -> None:
    path = tmp_path / "newer.db"
    SqliteDecidingStore.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 6")
    before = path.read_bytes()

    with pytest.raises(UsageError, match="of schema version 6, and this release knows none later"):
        SqliteDecidingStore.open(path, create=create)

    assert path.read_bytes() == before


@pytest.mark.parametrize("create", [True, False])
def test_a_file_with_columns_of_a_later_release_is_refused_and_left_alone(
    tmp_path: Path, *, create: bool
) -> None:
    path = tmp_path / "newer.db"
    SqliteDecidingStore.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE users ADD COLUMN shoe_size TEXT")
    before = path.read_bytes()

    with pytest.raises(UsageError, match=r"columns that this release does not know \(shoe_size\)"):
        SqliteDecidingStore.open(path, create=create)

    assert path.read_bytes() == before


def test_a_file_that_is_too_old_is_refused_and_left_alone(frozen: Path) -> None:
    with closing(sqlite3.connect(frozen)) as connection:
        connection.execute("PRAGMA user_version = 1")
    before = frozen.read_bytes()

    with pytest.raises(UsageError, match=r"of schema version 1, .* which it can't be brought to"):
        SqliteDecidingStore.open(frozen)

    assert frozen.read_bytes() == before


# --- A column more than there were ----------------------------------------------------------


def test_columns_that_a_file_lacks_are_added_and_null(tmp_path: Path) -> None:
    path = tmp_path / "profiles.db"
    with closing(SqliteDecidingStore.open(path)) as store:
        store.apply(chunk(stored(ADA)), MemoryLedger())
    without(path, "title", "registered_on")
    with pytest.raises(UsageError, match="without the columns title, registered_on; nothing was"):
        SqliteDecidingStore.open(path, create=False)

    with closing(SqliteDecidingStore.open(path)) as store:
        held = profile(ADA, title=None, registered_on=None)
        assert store.profile(ADA) == (held, version(0))
        store.apply(chunk(stored(BEA), start=1), MemoryLedger())
        assert list(store.profiles()) == [(held, version(0)), (profile(BEA), version(1))]
        assert store.sweep(read_on=held.expires_at, quarantined_before=NOW) == 2

    added = [name for (name,) in asked(path, "SELECT name FROM pragma_table_info('users')")]
    assert added[-2:] == ["title", "registered_on"]
    assert sorted(added) == sorted([*NAMES, schema.CORRECTIONS])
    assert asked(path, "SELECT from_version, to_version, added FROM migrations") == [
        (5, 5, "title registered_on")
    ]


def test_a_file_of_schema_2_that_lacks_a_column_as_well_gets_both(frozen: Path) -> None:
    without(frozen, "title")

    with closing(SqliteDecidingStore.open(frozen)) as store:
        assert {held.title for held, _ in store.profiles()} == {None}

    ((*versions, added),) = asked(frozen, "SELECT from_version, to_version, added FROM migrations")
    assert versions == [2, 5]
    assert set(added.split()) == {"title", *added_since(), schema.CORRECTIONS}


# --- Killed, and at the same time -----------------------------------------------------------


def open_and_be_killed(path: str) -> None:
    """Die when all steps are done and nothing is committed yet."""

    def killed(*arguments: Any) -> None:  # noqa: ANN401 - whatever it takes
        migration.bring_forward(*arguments)
        signal.raise_signal(signal.SIGKILL)

    with patch.object(database, "bring_forward", killed):
        SqliteDecidingStore.open(Path(path))


def open_and_look(path: str, start: Any) -> None:  # noqa: ANN401 - a barrier of multiprocessing
    start.wait(PATIENCE_S)
    with closing(SqliteDecidingStore.open(Path(path))) as store:
        assert store.ledger().head.number == 1


def test_killed_in_the_middle_it_is_as_before_and_goes_on_next_time(frozen: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=open_and_be_killed, args=(str(frozen),)
    )
    process.start()
    process.join(PATIENCE_S)
    assert process.exitcode == -signal.SIGKILL
    assert schema_version(frozen) == 2

    with closing(SqliteDecidingStore.open(frozen)) as store:
        assert_holds_what_was_frozen(store)


def test_processes_that_bring_one_file_forward_at_once_do_it_once(frozen: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(3)
    processes = [spawn.Process(target=open_and_look, args=(str(frozen), barrier)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE_S)

    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert len(asked(frozen, "SELECT * FROM migrations")) == 1
    with closing(SqliteDecidingStore.open(frozen)) as store:
        assert_holds_what_was_frozen(store)
