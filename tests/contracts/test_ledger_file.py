"""The erasure ledger in a SQLite file: what is wrong with it stops everything."""

from __future__ import annotations

import multiprocessing
import shutil
import signal
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from profiles.adapters.memory.ledger import MemoryKeyring
from profiles.adapters.sqlite import SqliteLedger, database, migration
from profiles.application.errors import LedgerError
from profiles.domain.errors import UsageError
from profiles.domain.ledger_entry import START, Action, Draft, LedgerHead
from profiles.domain.ledger_view import Named
from profiles.domain.person import PersonId
from profiles.domain.pseudonym import PseudonymKey
from tests.support.histories import ADA, BEA, CLEO, DAN, IDS, NOW
from tests.support.patience import PATIENCE_S

KEY = PseudonymKey(id="k1", secret=b"a key of these tests, 32 bytes at least")
OTHER_KEY = PseudonymKey(id="k1", secret=b"another one of the same id, and as long")
EARLIER_TABLE = """
    CREATE TABLE ledger (
        position INTEGER PRIMARY KEY CHECK (position > 0),
        action TEXT NOT NULL CHECK (action IN ('suppress', 'restrict', 'unrestrict')),
        person TEXT NOT NULL,
        entered_at TEXT NOT NULL
    ) STRICT
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def opened(
    path: Path, *keys: PseudonymKey, applied: int = 0, create: bool = True
) -> closing[SqliteLedger]:
    keyring = MemoryKeyring(*(keys or [KEY]))
    return closing(SqliteLedger.open(path, keyring, applied=applied, create=create))


def suppress(path: Path, *persons: PersonId, key: PseudonymKey = KEY) -> LedgerHead:
    """Enter persons one by one, as another process does; return how far the ledger goes then."""
    with opened(path, key) as ledger:
        for person in persons:
            ledger.enter([Draft(action=Action.SUPPRESS, person=person)], at=NOW)
        return ledger.view().head


def changed(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


def rows(path: Path) -> list[tuple[int, str]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT number, entry FROM entries ORDER BY number").fetchall()


def suppressed(ledger: SqliteLedger) -> frozenset[PersonId]:
    return ledger.view().named(IDS).suppressed


# --- Whether it is there -------------------------------------------------------------------


def test_a_missing_ledger_is_made_where_none_was_applied(path: Path) -> None:
    with opened(path) as ledger:
        assert ledger.view().head == START


def test_a_missing_ledger_stops_a_store_that_has_applied_one(path: Path) -> None:
    with pytest.raises(LedgerError, match="is missing, though the store has applied it"):
        opened(path, applied=3)

    assert not path.exists()


def test_a_missing_ledger_stops_a_store_that_was_used_with_one_without_an_entry(path: Path) -> None:
    with pytest.raises(LedgerError, match="is missing, though the store was used with one"):
        SqliteLedger.open(path, MemoryKeyring(KEY), applied=0, known=True)

    assert not path.exists()


def test_an_empty_file_in_its_place_is_not_believed(path: Path) -> None:
    path.touch()

    with (
        opened(path, applied=3) as ledger,
        pytest.raises(LedgerError, match="ends at entry 0, before 3"),
    ):
        ledger.view(at_least=LedgerHead(3, "ab" * 32))


def test_a_ledger_in_no_folder_is_wrong_usage(path: Path) -> None:
    with pytest.raises(UsageError, match="There is no folder"):
        opened(path / "ledger.sqlite")


def test_another_sqlite_file_is_wrong_usage(path: Path) -> None:
    changed(path, "CREATE TABLE notes (text TEXT)")

    with pytest.raises(UsageError, match="is a SQLite file, but no erasure ledger"):
        opened(path)


def test_entries_are_there_after_opening_again(path: Path) -> None:
    head = suppress(path, ADA)

    with opened(path, applied=1) as ledger:
        assert ledger.view(at_least=head).head == head
        assert suppressed(ledger) == {ADA}


def test_another_process_learns_of_an_entry_when_it_looks_again(path: Path) -> None:
    with opened(path) as ledger:
        assert suppressed(ledger) == frozenset()

        suppress(path, ADA)
        suppress(path, BEA)

        assert suppressed(ledger) == {ADA, BEA}


def test_it_is_itself_and_no_other(path: Path, tmp_path: Path) -> None:
    with opened(path) as ledger, opened(tmp_path / "other.sqlite") as other:
        assert ledger.identity != other.identity
        identity = ledger.identity
    shutil.copy(path, tmp_path / "copy.sqlite")

    with opened(path) as again, opened(tmp_path / "copy.sqlite") as copy:
        assert again.identity == copy.identity == identity


# --- Whether it is whole -------------------------------------------------------------------


@pytest.mark.parametrize("missing", [1, 2])
def test_a_ledger_with_a_hole_is_not_believed_however_often_it_is_asked(
    path: Path, missing: int
) -> None:
    suppress(path, ADA, BEA, CLEO)
    changed(path, "DELETE FROM entries WHERE number = ?", missing)

    with opened(path) as ledger:
        for _ in range(2):
            with pytest.raises(LedgerError, match=f"an entry {missing} that can't be trusted"):
                ledger.view()


def test_a_ledger_without_its_last_entries_is_not_believed_by_a_store_that_has_them(
    path: Path,
) -> None:
    head = suppress(path, ADA, BEA)
    changed(path, "DELETE FROM entries WHERE number = 2")

    with opened(path) as ledger, pytest.raises(LedgerError, match="ends at entry 1, before 2"):
        ledger.view(at_least=head)


def test_an_entry_that_was_changed_is_not_believed(path: Path) -> None:
    suppress(path, ADA, BEA, CLEO)
    changed(
        path,
        "UPDATE entries SET entry = replace(entry, 'suppress', 'readmit') WHERE number = 2",
    )

    with opened(path) as ledger, pytest.raises(LedgerError, match=r"an entry 2 .* its seal"):
        ledger.view()


def test_entries_that_changed_places_are_not_believed(path: Path) -> None:
    suppress(path, ADA, BEA, CLEO)
    for before, after in ((2, 9), (3, 2), (9, 3)):
        changed(path, "UPDATE entries SET number = ? WHERE number = ?", after, before)

    with opened(path) as ledger, pytest.raises(LedgerError, match=r"an entry 2 .* its number"):
        ledger.view()


def test_an_entry_of_another_ledger_is_not_believed(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    suppress(path, ADA, BEA)
    suppress(other, CLEO, BEA)
    ((_, foreign),) = rows(other)[1:]
    changed(path, "UPDATE entries SET entry = ? WHERE number = 2", foreign)

    with opened(path) as ledger, pytest.raises(LedgerError, match=r"an entry 2 .* its seal"):
        ledger.view()


def test_an_entry_that_somebody_wrote_without_the_key_is_not_believed(path: Path) -> None:
    suppress(path, ADA, key=OTHER_KEY)

    with opened(path) as ledger, pytest.raises(LedgerError, match=r"an entry 1 .* its seal"):
        ledger.view()


@pytest.mark.parametrize("written", ["", "Ada Byron", '{"schema":2}', ADA])
def test_what_is_no_entry_is_not_believed_and_not_repeated(path: Path, written: str) -> None:
    suppress(path, ADA)
    changed(path, "INSERT INTO entries VALUES (2, ?)", written)

    with (
        opened(path) as ledger,
        pytest.raises(LedgerError, match="an entry 2 that can't be trusted") as raised,
    ):
        ledger.view()

    assert not written or written not in str(raised.value)


def test_a_ledger_that_cannot_be_read_any_more_stops_everything(path: Path) -> None:
    suppress(path, ADA)
    with opened(path) as ledger:
        changed(path, "DROP TABLE entries")

        with pytest.raises(LedgerError, match="can't be read") as raised:
            ledger.view()

    assert raised.value.__cause__ is None


def test_another_ledger_in_its_place_is_noticed_by_the_store_that_applied_it(path: Path) -> None:
    head = suppress(path, ADA, BEA)
    path.unlink()
    suppress(path, BEA, ADA, CLEO)

    with opened(path) as ledger, pytest.raises(LedgerError, match="its entry 2 is different"):
        ledger.view(at_least=head)


@pytest.mark.parametrize("replaced", [True, False])
def test_a_file_that_is_deleted_or_exchanged_while_it_is_read_stops_everything(
    path: Path, *, replaced: bool
) -> None:
    suppress(path, ADA)
    with opened(path) as ledger:
        ledger.view()
        path.rename(path.with_name("kept.sqlite"))
        if replaced:
            shutil.copy(path.with_name("kept.sqlite"), path)

        for _ in range(2):
            with pytest.raises(LedgerError, match="exchanged" if replaced else "was deleted"):
                ledger.view()


@pytest.mark.parametrize("statement", ["DELETE FROM entries", "UPDATE entries SET entry = 'x'"])
def test_an_entry_that_is_lost_after_it_was_read_stops_everything(
    path: Path, statement: str
) -> None:
    suppress(path, ADA, BEA)
    with opened(path) as ledger:
        ledger.view()
        changed(path, f"{statement} WHERE number = 2")

        for _ in range(2):
            with pytest.raises(LedgerError, match="had an entry 2 that it has no more"):
                ledger.view()


def test_all_entries_are_checked_for_an_audit(path: Path) -> None:
    suppress(path, ADA, BEA)
    with opened(path) as ledger:
        assert [entry.number for entry in ledger.entries()] == [1, 2]
        changed(path, "DELETE FROM entries WHERE number = 1")

        with pytest.raises(LedgerError, match="an entry 1 that can't be trusted"):
            ledger.entries()


def test_a_file_holds_no_id_of_a_person(path: Path, tmp_path: Path) -> None:
    suppress(path, ADA, BEA)

    assert not traces(tmp_path, ADA, BEA)


# --- Several processes ---------------------------------------------------------------------


def enter_some(path: str, persons: Sequence[PersonId], start: Any) -> None:  # noqa: ANN401 - a barrier of multiprocessing
    start.wait(PATIENCE_S)
    with opened(Path(path)) as ledger:
        for person in persons:
            ledger.enter([Draft(action=Action.SUPPRESS, person=person)] * 3, at=NOW)


def test_processes_that_enter_at_once_make_one_chain(path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(2)
    processes = [
        spawn.Process(target=enter_some, args=(str(path), persons, barrier))
        for persons in (IDS[:3], IDS[3:])
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE_S)

    assert [process.exitcode for process in processes] == [0, 0]
    with opened(path) as ledger:
        entries = ledger.entries()
        assert len(entries) == 3 * len(IDS)
        assert all(
            len({entry.person for entry in entries[n : n + 3]}) == 1
            for n in range(0, len(entries), 3)
        )
        assert suppressed(ledger) == set(IDS)


# --- The form of an earlier release --------------------------------------------------------


def earlier(path: Path, *entries: tuple[int, str, str, str]) -> None:
    """Write a ledger as releases did whose entries named persons."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(EARLIER_TABLE)
        connection.executemany("INSERT INTO ledger VALUES (?, ?, ?, ?)", entries)
        connection.execute("PRAGMA application_id=0x50524F4C")
        connection.execute("PRAGMA user_version=1")


ENTERED = "2026-11-23T12:00:00+00:00"
THREE = (
    (1, "suppress", ADA.upper(), ENTERED),
    (2, "restrict", BEA, "2026-11-23T14:00:00+01:00"),
    (3, "suppress", CLEO, "2026-11-24"),
)


def traces(folder: Path, *persons: PersonId) -> set[str]:
    """Name the files in which a person's id is, in whatever case."""
    ids = [person.encode() for person in persons]
    return {
        file.name
        for file in folder.iterdir()
        if any(each in file.read_bytes().lower() for each in ids)
    }


def test_the_earlier_form_is_brought_forward_with_its_numbers_and_times(path: Path) -> None:
    earlier(path, *THREE)

    with opened(path, applied=2) as ledger:
        assert ledger.view(at_least=LedgerHead(2)).named(IDS) == Named(
            frozenset({ADA, CLEO}), frozenset({BEA})
        )
        entries = ledger.entries()

    assert [(entry.number, entry.action) for entry in entries] == [
        (1, Action.SUPPRESS),
        (2, Action.RESTRICT),
        (3, Action.SUPPRESS),
    ]
    assert [entry.at for entry in entries] == [
        datetime(2026, 11, 23, 12, tzinfo=UTC),
        datetime(2026, 11, 23, 13, tzinfo=UTC),
        datetime(2026, 11, 24, tzinfo=UTC),
    ]


def test_afterwards_no_file_has_an_id_in_it(path: Path, tmp_path: Path) -> None:
    earlier(path, *THREE)
    assert traces(tmp_path, ADA, BEA, CLEO)

    with opened(path) as ledger:
        assert not traces(tmp_path, ADA, BEA, CLEO)
        ledger.view()

    assert not traces(tmp_path, ADA, BEA, CLEO)


def test_an_id_that_a_reader_kept_in_the_write_ahead_file_goes_at_the_next_opening(
    path: Path, tmp_path: Path
) -> None:
    earlier(path, *THREE)
    with (
        closing(sqlite3.connect(path)) as reading,
        patch.object(database, "_BUSY_S", 0.01),
    ):
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM ledger").fetchall()
        ledger = SqliteLedger.open(path, MemoryKeyring(KEY), applied=0)
        assert traces(tmp_path, ADA)
        reading.execute("COMMIT")

    with closing(ledger), opened(path):
        assert not traces(tmp_path, ADA, BEA, CLEO)


def test_an_empty_ledger_of_the_earlier_form_needs_no_key(path: Path) -> None:
    earlier(path)
    keyring = MemoryKeyring()
    keyring.keys.clear()

    with closing(SqliteLedger.open(path, keyring, applied=0)) as ledger:
        assert ledger.view().head == START
        assert ledger.identity


@pytest.mark.parametrize(
    ("entry", "happened"),
    [
        ((2, "suppress", "", ENTERED), "an entry 2 that names nobody"),
        ((2, "suppress", "Ada Byron", ENTERED), "an entry 2 that names nobody"),
        ((2, "suppress", DAN.replace("-", ""), ENTERED), "an entry 2 that names nobody"),
        ((2, "suppress", DAN, "yesterday"), "an entry 2 without a time"),
        ((3, "suppress", DAN, ENTERED), "no entry 2"),
    ],
)
def test_an_entry_of_the_earlier_form_that_cannot_be_read_changes_nothing(
    path: Path, entry: tuple[int, str, str, str], happened: str
) -> None:
    earlier(path, THREE[0], entry)

    for _ in range(2):
        with pytest.raises(LedgerError, match=happened) as raised:
            opened(path)
        assert not entry[2] or entry[2] not in str(raised.value)
        assert raised.value.__cause__ is None

    assert is_earlier(path)


def test_without_a_key_the_earlier_form_stays(path: Path) -> None:
    earlier(path, *THREE)
    keyring = MemoryKeyring()
    keyring.keys.clear()

    with pytest.raises(LedgerError, match="has no key to be written with"):
        SqliteLedger.open(path, keyring, applied=0)

    assert is_earlier(path)


def test_who_may_not_bring_it_forward_is_told_who_does(path: Path) -> None:
    earlier(path, *THREE)

    with pytest.raises(UsageError, match="start `profiles run` or `profiles process` once"):
        opened(path, create=False)

    assert is_earlier(path)


def test_who_may_not_bring_it_forward_reads_what_is(path: Path) -> None:
    suppress(path, ADA)

    with opened(path, create=False) as ledger:
        assert suppressed(ledger) == {ADA}


def is_earlier(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        ((version,),) = connection.execute("PRAGMA user_version")
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    return version == 1 and tables == {"ledger"}


def open_and_be_killed(path: str) -> None:
    """Die when all is written and nothing is committed yet."""

    def killed(*arguments: Any) -> None:  # noqa: ANN401 - whatever it takes
        migration.bring_forward(*arguments)
        signal.raise_signal(signal.SIGKILL)

    with patch.object(database, "bring_forward", killed):
        opened(Path(path))


def open_and_look(path: str, start: Any) -> None:  # noqa: ANN401 - a barrier of multiprocessing
    start.wait(PATIENCE_S)
    with opened(Path(path)) as ledger:
        assert suppressed(ledger) == {ADA, CLEO}


def test_killed_in_the_middle_it_is_as_before_and_goes_on_next_time(path: Path) -> None:
    earlier(path, *THREE)
    process = multiprocessing.get_context("spawn").Process(
        target=open_and_be_killed, args=(str(path),)
    )
    process.start()
    process.join(PATIENCE_S)
    assert process.exitcode == -signal.SIGKILL
    assert is_earlier(path)

    with opened(path) as ledger:
        assert suppressed(ledger) == {ADA, CLEO}


def test_processes_that_bring_one_ledger_forward_at_once_do_it_once(path: Path) -> None:
    earlier(path, *THREE)
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(3)
    processes = [spawn.Process(target=open_and_look, args=(str(path), barrier)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE_S)

    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert len(rows(path)) == 3
