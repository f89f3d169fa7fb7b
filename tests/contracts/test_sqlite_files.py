"""What is asked of the files of the embedded engine beyond the ports: what can be wrong with a
file, what stays in it of who is gone, and several processes on one file."""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from profiles.adapters import codec
from profiles.adapters.memory import MemoryKeyring, MemoryLedger
from profiles.adapters.sqlite import SqliteDecidingStore, SqliteLedger, SqliteLog
from profiles.application.errors import LedgerError, LogError, StoreError
from profiles.application.log.records import LogPartition
from profiles.domain.errors import ProfilesError, UsageError
from profiles.domain.person import PersonId
from profiles.domain.statistics import Statistics
from tests.support.histories import (
    ADA,
    BEA,
    BROKEN,
    CLEO,
    ERASED,
    MINOR,
    NOW,
    TOPIC,
    chunk,
    profile,
    state,
    stored,
)
from tests.support.patience import PATIENCE_S

NOBODY = 65_534

Opened = SqliteDecidingStore | SqliteLog | SqliteLedger
Open = Callable[[Path], Opened]


def open_log(path: Path) -> SqliteLog:
    return SqliteLog.open(path, encode=codec.encode)


def open_ledger(path: Path) -> SqliteLedger:
    return SqliteLedger.open(path, MemoryKeyring(), applied=0)


each_kind = pytest.mark.parametrize(
    ("opener", "kind", "error"),
    [
        (SqliteDecidingStore.open, "profile store", StoreError),
        (open_log, "log", LogError),
        (open_ledger, "erasure ledger", LedgerError),
    ],
    ids=["store", "log", "ledger"],
)


# --- What can be wrong with a file ---------------------------------------------------------


def assert_one_clear_sentence(error: ProfilesError, path: Path) -> None:
    text = str(error)
    assert "\n" not in text
    assert str(path) in text or str(path.parent) in text
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


@each_kind
def test_a_file_is_made_and_opened_again(
    tmp_path: Path, opener: Open, kind: str, error: type[ProfilesError]
) -> None:
    path = tmp_path / "new.db"
    for _ in range(2):
        opener(path).close()

    assert [each.name for each in tmp_path.iterdir()] == ["new.db"], (kind, error)


@each_kind
def test_a_file_of_another_schema_version_is_refused(
    tmp_path: Path, opener: Open, kind: str, error: type[ProfilesError]
) -> None:
    path = tmp_path / "newer.db"
    opener(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")

    with pytest.raises(UsageError, match=f"{kind} of schema version 99") as raised:
        opener(path)

    assert error
    assert_one_clear_sentence(raised.value, path)


@each_kind
def test_a_sqlite_file_of_another_kind_is_refused_and_left_alone(
    tmp_path: Path, opener: Open, kind: str, error: type[ProfilesError]
) -> None:
    path = tmp_path / "foreign.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE users (secret TEXT)")
    before = path.read_bytes()

    with pytest.raises(UsageError, match=f"no {kind} of profiles") as raised:
        opener(path)

    assert error
    assert_one_clear_sentence(raised.value, path)
    assert path.read_bytes() == before


def test_a_lock_file_is_there_while_it_claims_and_one_that_was_left_claims_nothing(
    tmp_path: Path,
) -> None:
    lock = tmp_path / "log.sqlite-lock"
    lock.touch()
    with closing(open_log(tmp_path / "log.sqlite")) as log:
        with log.claim():
            assert lock.stat().st_size == 0
        assert not lock.exists()

        with (
            log.claim(),
            closing(open_log(tmp_path / "log.sqlite")) as second,
            pytest.raises(LogError, match="works with it"),
            second.claim(),
        ):
            pytest.fail("It has the claim.")


def test_a_log_beside_which_no_lock_file_can_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "log.sqlite-lock").mkdir()
    path = tmp_path / "log.sqlite"

    with (
        closing(open_log(path)) as log,
        pytest.raises(
            LogError, match=r"the lock file beside it can't be opened \(Is a directory\)"
        ),
        log.claim(),
    ):
        pytest.fail("It has the claim.")


def test_the_engines_own_files_are_not_mistaken_for_each_other(tmp_path: Path) -> None:
    openers: list[Open] = [SqliteDecidingStore.open, open_log, open_ledger]
    for number, opener in enumerate(openers):
        path = tmp_path / f"{number}.db"
        opener(path).close()
        for other in openers:
            if other is not opener:
                with pytest.raises(UsageError):
                    other(path)


@each_kind
@pytest.mark.parametrize(
    "content",
    [b"Ada Byron\n", b"Ada Byron\n" * 1_000, b"SQLite format 3\0" + b"Ada Byron\n" * 1_000],
    ids=["short", "long", "almost"],
)
def test_what_is_no_sqlite_file_is_refused_and_left_alone(
    tmp_path: Path, opener: Open, kind: str, error: type[ProfilesError], content: bytes
) -> None:
    path = tmp_path / "people.txt"
    path.write_bytes(content)

    with pytest.raises(error, match="no sound SQLite file") as raised:
        opener(path)

    assert kind
    assert_one_clear_sentence(raised.value, path)
    assert "Ada" not in str(raised.value)
    assert path.read_bytes() == content


@each_kind
def test_a_folder_is_refused(
    tmp_path: Path, opener: Open, kind: str, error: type[ProfilesError]
) -> None:
    with pytest.raises(
        UsageError, match=f"is a folder; name a file in it for the {kind}"
    ) as raised:
        opener(tmp_path)

    assert error
    assert_one_clear_sentence(raised.value, tmp_path)


@each_kind
def test_a_file_in_no_folder_is_refused(
    tmp_path: Path, opener: Open, kind: str, error: type[ProfilesError]
) -> None:
    with pytest.raises(UsageError, match=f"There is no folder .* for the {kind}") as raised:
        opener(tmp_path / "missing" / "new.db")

    assert error
    assert_one_clear_sentence(raised.value, tmp_path / "missing" / "new.db")


def give_up_rights() -> None:
    if os.geteuid() == 0:
        os.seteuid(NOBODY)


def take_rights_back(user: int) -> None:
    if os.geteuid() != user:
        os.seteuid(user)


def open_store_to_read(path: Path) -> SqliteDecidingStore:
    return SqliteDecidingStore.open(path, create=False)


def open_log_to_read(path: Path) -> SqliteLog:
    return SqliteLog.open(path, encode=codec.encode, create=False)


def open_ledger_to_read(path: Path) -> SqliteLedger:
    return SqliteLedger.open(path, MemoryKeyring(), applied=0, create=False)


def read_something(opened: Opened) -> object:
    if isinstance(opened, SqliteDecidingStore):
        return opened.transactions.run(lambda unit: unit.held_after(None, limit=1))
    return opened.bounds() if isinstance(opened, SqliteLog) else opened.view().position


each_kind_to_read = pytest.mark.parametrize(
    ("opener", "reader", "error"),
    [
        (SqliteDecidingStore.open, open_store_to_read, StoreError),
        (open_log, open_log_to_read, LogError),
        (open_ledger, open_ledger_to_read, LedgerError),
    ],
    ids=["store", "log", "ledger"],
)


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Let nothing be written in a folder meanwhile, not even by root."""
    user = os.geteuid()
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)
    give_up_rights()
    try:
        yield
    finally:
        take_rights_back(user)
        folder.chmod(0o755)


@each_kind_to_read
def test_what_must_not_be_written_can_be_read(
    opener: Open, reader: Open, error: type[ProfilesError]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "read only?.db"
        with closing(opener(path)) as written:
            before = read_something(written)
        with unwritable(folder):
            with closing(reader(path)) as opened:
                assert read_something(opened) == before
            assert [file.name for file in folder.iterdir()] == [path.name]

    assert error


@each_kind_to_read
def test_what_is_not_in_the_file_itself_yet_is_not_passed_over_in_silence(
    opener: Open, reader: Open, error: type[ProfilesError]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "left.db"
        opener(path).close()
        (folder / "left.db-wal").write_bytes(b"what a killed process left")
        with unwritable(folder), pytest.raises(UsageError) as raised:
            reader(path)

    assert "left.db-wal" in str(raised.value)
    assert_one_clear_sentence(raised.value, path)
    assert error


@each_kind_to_read
@pytest.mark.parametrize("gone", [False, True])
def test_what_is_read_while_somebody_else_changes_it_is_not_told(
    opener: Open, reader: Open, error: type[ProfilesError], *, gone: bool
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "shared.db"
        opener(path).close()
        with unwritable(folder):
            opened = reader(path)
        path.unlink()
        if not gone:
            opener(path).close()
            path.chmod(0o644)

        with pytest.raises(error, match=r"changed|deleted|exchanged"):
            read_something(opened)
        with pytest.raises(error, match="somebody changed it while it was read"):
            opened.close()


@each_kind
@pytest.mark.parametrize("existing", [False, True])
def test_what_must_not_be_written_is_refused(
    opener: Open, kind: str, error: type[ProfilesError], *, existing: bool
) -> None:
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "read-only.db"
        if existing:
            opener(path).close()
            path.chmod(0o444)
        folder.chmod(0o555)
        give_up_rights()
        try:
            with pytest.raises(error, match=r"can't be (opened|written)") as raised:
                opener(path)
        finally:
            take_rights_back(user)
            folder.chmod(0o755)

    assert kind
    assert_one_clear_sentence(raised.value, path)


def test_a_store_that_is_to_be_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no profile store"):
        SqliteDecidingStore.open(tmp_path / "missing.db", create=False)

    assert list(tmp_path.iterdir()) == []


def test_a_damaged_store_says_so_and_shows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "profiles.db"
    with closing(SqliteDecidingStore.open(path)) as store:
        store.apply(chunk(*(stored(PersonId(f"{n:036}")) for n in range(500))), MemoryLedger())
    content = bytearray(path.read_bytes())
    for start in range(4096, len(content), 4096):
        content[start : start + 64] = b"Ada Byron" * 7 + b"!"
    path.write_bytes(content)

    with closing(SqliteDecidingStore.open(path)) as store:
        for ask in (store.statistics, store.counts, lambda: list(store.profiles())):
            with pytest.raises(StoreError, match="no sound SQLite file") as raised:
                ask()
            assert_one_clear_sentence(raised.value, path)
            assert "Ada" not in str(raised.value)


# --- All or nothing ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "write",
    [
        *("INSERT ON users", "DELETE ON users", "INSERT ON cells", "INSERT ON email_domains"),
        *("INSERT ON counts", "INSERT ON arrivals", "INSERT ON quarantine", "UPDATE ON writers"),
        "INSERT ON epochs",
    ],
)
def test_a_failure_at_any_write_leaves_everything_as_before(tmp_path: Path, write: str) -> None:
    path = tmp_path / "profiles.db"
    following = chunk(stored(ADA, city="Ribe"), (BEA, MINOR), (None, BROKEN), start=2)
    other_topic = LogPartition("another-topic")
    next_one = chunk(
        stored(ADA, city="Ribe"),
        stored(CLEO, nationality="FR", email_domain="example.org"),
        (BEA, ERASED),
        (None, BROKEN),
        partition=other_topic,
    )
    with closing(SqliteDecidingStore.open(path)) as store:
        store.apply(chunk(stored(ADA), stored(BEA)), MemoryLedger())
        before, counts = state(store), store.counts()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(
                f"CREATE TRIGGER failing BEFORE {write}"
                " BEGIN SELECT RAISE(ABORT, 'Ada Byron has no room'); END"
            )

        with pytest.raises(StoreError) as raised:
            store.apply(next_one, MemoryLedger())

        assert "Ada" not in str(raised.value)
        assert (state(store), store.counts()) == (before, counts)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("DROP TRIGGER failing")
        store.apply(next_one, MemoryLedger())
        store.apply(following, MemoryLedger())
        assert store.statistics() == Statistics.recount(p for p, _ in store.profiles())


@contextmanager
def no_room_beyond(size: int) -> Iterator[None]:
    """Let no file grow beyond a size, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_where_the_disk_has_no_room_everything_stays_and_goes_on_later(tmp_path: Path) -> None:
    path = tmp_path / "profiles.db"
    many = chunk(*(stored(PersonId(f"{n:036}")) for n in range(1_000)), start=1)
    with closing(SqliteDecidingStore.open(path)) as store:
        store.apply(chunk(stored(ADA)), MemoryLedger())
        before, counts = state(store), store.counts()

        with no_room_beyond(200_000), pytest.raises(StoreError):
            store.apply(many, MemoryLedger())

        assert (state(store), store.counts()) == (before, counts)
        assert store.apply(many, MemoryLedger()).tally.stored == 1_000
        assert store.statistics().total == 1_001


# --- What is gone is gone ------------------------------------------------------------------


def names_in(folder: Path) -> set[str]:
    """Find which of the names that the tests below give are in any byte of a folder."""
    content = b"".join(path.read_bytes() for path in folder.iterdir())
    return {name for name in ("Plantedname", "Keptname") if name.encode() in content}


@pytest.mark.parametrize("way", ["withheld", "erased", "suppressed", "replaced", "swept"])
def test_no_byte_of_a_deleted_profile_is_left_after_closing(tmp_path: Path, way: str) -> None:
    planted = {"full_name": "Plantedname", "email": "plantedname@example.com"}
    ledger = MemoryLedger()
    store = SqliteDecidingStore.open(tmp_path / "profiles.db")
    store.apply(
        chunk(stored(ADA, **planted, expires_at=NOW.date()), stored(BEA, full_name="Keptname")),
        ledger,
    )
    assert names_in(tmp_path) == {"Plantedname", "Keptname"}

    match way:
        case "withheld":
            store.apply(chunk((ADA, MINOR), start=2), ledger)
        case "erased":
            store.apply(chunk((ADA, ERASED), start=2), ledger)
        case "suppressed":
            ledger.suppress(ADA)
            store.apply(chunk(stored(ADA, **planted), start=2), ledger)
        case "replaced":
            store.apply(chunk(stored(ADA), start=2), ledger)
        case _:
            store.sweep(read_on=NOW.date(), quarantined_before=NOW)
    store.close()

    assert names_in(tmp_path) == {"Keptname"}


def test_a_sweep_leaves_nothing_beside_the_file_while_the_store_stays_open(tmp_path: Path) -> None:
    with closing(SqliteDecidingStore.open(tmp_path / "profiles.db")) as store:
        store.apply(chunk(stored(ADA, full_name="Plantedname")), MemoryLedger())
        store.apply(chunk((ADA, MINOR), start=1), MemoryLedger())

        store.sweep(read_on=NOW.date(), quarantined_before=NOW)

        assert names_in(tmp_path) == set()


def test_who_is_deleted_beside_a_snapshot_leaves_the_file_with_it(tmp_path: Path) -> None:
    with closing(SqliteDecidingStore.open(tmp_path / "profiles.db")) as store:
        store.apply(chunk(stored(ADA, full_name="Plantedname")), MemoryLedger())
        with store.snapshot():
            store.apply(chunk((ADA, ERASED), start=1), MemoryLedger())
            store.sweep(read_on=NOW.date(), quarantined_before=NOW)

        assert names_in(tmp_path) == set()


# --- Several processes ---------------------------------------------------------------------


def open_and_count(path: str, start: object) -> None:
    start.wait(PATIENCE_S)  # type: ignore[attr-defined]  # a barrier of multiprocessing
    with closing(SqliteDecidingStore.open(Path(path))) as store:
        store.counts()


def write_partition(path: str, number: int, start: object) -> None:
    start.wait(PATIENCE_S)  # type: ignore[attr-defined]  # a barrier of multiprocessing
    partition = LogPartition("shared", number, 2)
    with closing(SqliteDecidingStore.open(Path(path))) as store:
        for offset in range(0, 200, 10):
            people = [stored(person_of(number, offset + i)) for i in range(10)]
            store.apply(chunk(*people, start=offset, partition=partition), MemoryLedger())


def person_of(number: int, offset: int) -> PersonId:
    return PersonId(f"{number:08}-0000-4000-8000-{offset:012}")


def test_processes_that_make_the_same_file_at_once_all_get_it(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(4)
    arguments = (str(tmp_path / "profiles.db"), barrier)
    processes = [spawn.Process(target=open_and_count, args=arguments) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE_S)

    assert [process.exitcode for process in processes] == [0, 0, 0, 0]


def test_two_processes_write_one_store_and_a_third_reads(tmp_path: Path) -> None:
    path = tmp_path / "profiles.db"
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(3)
    processes = [
        spawn.Process(target=write_partition, args=(str(path), number, barrier))
        for number in range(2)
    ]
    with closing(SqliteDecidingStore.open(path)) as store:
        for process in processes:
            process.start()
        barrier.wait(PATIENCE_S)
        while any(process.is_alive() for process in processes):
            seen = store.statistics()
            assert seen.total % 10 == 0
            assert sum(seen.email_domains.values()) == seen.total
        for process in processes:
            process.join(PATIENCE_S)

        assert [process.exitcode for process in processes] == [0, 0]
        assert {p.id for p, _ in store.profiles()} == {
            person_of(number, offset) for number in range(2) for offset in range(200)
        }
        assert store.statistics() == Statistics.recount(p for p, _ in store.profiles())
        assert store.counts().read == store.counts().stored == 400
        assert [store.position(LogPartition("shared", n, 2)) for n in range(2)] == [200, 200]


def test_a_store_copied_back_goes_on_from_its_own_position(tmp_path: Path) -> None:
    path, copy = tmp_path / "profiles.db", tmp_path / "copy.db"
    with closing(SqliteDecidingStore.open(path)) as store:
        store.apply(chunk(stored(ADA)), MemoryLedger())
    shutil.copy(path, copy)
    with closing(SqliteDecidingStore.open(path)) as store:
        store.apply(chunk(stored(BEA), start=1), MemoryLedger())
        after = list(store.profiles())

    with closing(SqliteDecidingStore.open(copy)) as restored:
        assert restored.position(TOPIC) == 1
        restored.apply(chunk(stored(BEA), start=1), MemoryLedger())
        assert list(restored.profiles()) == after


def test_who_iterates_over_profiles_may_close_the_store(tmp_path: Path) -> None:
    store = SqliteDecidingStore.open(tmp_path / "profiles.db")
    store.apply(chunk(stored(ADA), stored(BEA)), MemoryLedger())
    assert next(store.profiles()) is not None
    under_way = store.profiles()
    assert next(under_way)[0] == profile(ADA)

    store.close()
