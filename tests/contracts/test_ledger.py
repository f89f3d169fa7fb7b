"""What every erasure ledger promises (see the port `Ledger`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from profiles.adapters.memory import MemoryLedger
from profiles.adapters.sqlite import SqliteLedger
from profiles.application.errors import LedgerError
from profiles.application.ports.ledger import Action, LedgerView
from profiles.domain.errors import UsageError
from profiles.domain.person import PersonId
from tests.contracts.conftest import SqliteLedgerWrittenBeside, WritableLedger
from tests.support.histories import ADA, BEA, CLEO, IDS, NOW


@pytest.fixture(params=["memory", "file"])
def writer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MemoryLedger | SqliteLedger]:
    """Give a ledger that writes itself; that of Kafka has a writer of its own."""
    if request.param == "memory":
        yield MemoryLedger()
    else:
        with closing(SqliteLedger.open(tmp_path / "ledger.sqlite", applied=0)) as ledger:
            yield ledger


def test_an_empty_ledger_forbids_nothing(ledger: WritableLedger) -> None:
    assert ledger.view(at_least=0) == LedgerView()


def test_the_view_grows_with_the_entries(ledger: WritableLedger) -> None:
    ledger.suppress(ADA)
    assert ledger.view(at_least=0) == LedgerView(position=1, suppressed=frozenset({ADA}))

    ledger.restrict(BEA)
    ledger.suppress(CLEO)
    assert ledger.view(at_least=1) == LedgerView(
        position=3, suppressed=frozenset({ADA, CLEO}), restricted=frozenset({BEA})
    )
    assert ledger.view(at_least=3) == ledger.view(at_least=0)


def test_a_restriction_is_released_and_an_erasure_is_not(ledger: WritableLedger) -> None:
    ledger.restrict(ADA)
    ledger.suppress(BEA)
    ledger.unrestrict(ADA)
    ledger.unrestrict(BEA)

    assert ledger.view(at_least=4) == LedgerView(position=4, suppressed=frozenset({BEA}))


@pytest.mark.parametrize("action", Action)
def test_an_entry_has_the_next_number_and_takes_effect(
    writer: MemoryLedger | SqliteLedger, action: Action
) -> None:
    assert writer.enter(Action.RESTRICT, BEA, entered_at=NOW) == 1
    assert writer.enter(action, ADA, entered_at=NOW) == 2

    view = writer.view(at_least=2)
    assert view.position == 2
    assert (ADA in view.suppressed) == (action is Action.SUPPRESS)
    assert (ADA in view.restricted) == (action is Action.RESTRICT)
    assert BEA in view.restricted


def test_entering_twice_says_the_same_as_once(writer: MemoryLedger | SqliteLedger) -> None:
    writer.enter(Action.SUPPRESS, ADA, entered_at=NOW)
    writer.enter(Action.SUPPRESS, ADA, entered_at=NOW)

    assert writer.view(at_least=0).suppressed == {ADA}


def test_a_view_given_out_before_does_not_change(ledger: WritableLedger) -> None:
    before = ledger.view(at_least=0)

    ledger.suppress(ADA)
    ledger.view(at_least=0)

    assert before == LedgerView()


def test_threads_may_share_it(ledger: WritableLedger) -> None:
    writing = Event()

    def look() -> int:
        position = 0
        while writing.is_set() or position < len(IDS):
            position = ledger.view(at_least=position).position
        return position

    writing.set()
    with ThreadPoolExecutor(3) as threads:
        looking = [threads.submit(look) for _ in range(3)]
        for person in IDS:
            ledger.suppress(person)
        writing.clear()
        assert [each.result() for each in looking] == [len(IDS)] * 3


def test_a_ledger_that_ends_too_early_is_not_believed(ledger: WritableLedger) -> None:
    ledger.suppress(ADA)

    with pytest.raises(LedgerError, match="ends at entry 1, before 2") as raised:
        ledger.view(at_least=2)

    assert "Nothing was stored" in str(raised.value)
    assert ADA not in str(raised.value)


# --- The SQLite file -----------------------------------------------------------------------


def test_a_missing_ledger_is_made_where_none_was_applied(tmp_path: Path) -> None:
    with closing(SqliteLedger.open(tmp_path / "ledger.sqlite", applied=0)) as ledger:
        assert ledger.view(at_least=0) == LedgerView()


def test_a_missing_ledger_stops_a_store_that_has_applied_one(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="is missing, though the store has applied it"):
        SqliteLedger.open(tmp_path / "ledger.sqlite", applied=3)

    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_in_its_place_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.touch()

    with (
        closing(SqliteLedger.open(path, applied=3)) as ledger,
        pytest.raises(LedgerError, match="ends at entry 0, before 3"),
    ):
        ledger.view(at_least=3)


def test_entries_are_there_after_opening_again(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(SqliteLedger.open(path, applied=0)) as ledger:
        SqliteLedgerWrittenBeside(path, ledger).suppress(ADA)

    with closing(SqliteLedger.open(path, applied=1)) as ledger:
        assert ledger.view(at_least=1) == LedgerView(position=1, suppressed=frozenset({ADA}))


@pytest.mark.parametrize("missing", [1, 2])
def test_a_ledger_with_a_hole_is_not_believed_however_often_it_is_asked(
    tmp_path: Path, missing: int
) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(SqliteLedger.open(path, applied=0)) as ledger:
        writer = SqliteLedgerWrittenBeside(path, ledger)
        for person in (ADA, BEA, CLEO):
            writer.suppress(person)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("DELETE FROM ledger WHERE position = ?", (missing,))

        for _ in range(2):
            with pytest.raises(LedgerError, match=f"has no entry {missing}"):
                ledger.view(at_least=0)


def test_a_ledger_that_cannot_be_read_any_more_stops_everything(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(SqliteLedger.open(path, applied=0)) as ledger:
        SqliteLedgerWrittenBeside(path, ledger).suppress(ADA)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("DROP TABLE ledger")

        with pytest.raises(LedgerError, match="can't be read") as raised:
            ledger.view(at_least=0)

    assert raised.value.__cause__ is None


def test_a_ledger_in_no_folder_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        SqliteLedger.open(tmp_path / "missing" / "ledger.sqlite", applied=0)


def test_a_person_entered_in_capitals_is_suppressed(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(SqliteLedger.open(path, applied=0)) as ledger:
        SqliteLedgerWrittenBeside(path, ledger).suppress(PersonId(ADA.upper()))

        assert ledger.view(at_least=1).suppressed == {ADA}


@pytest.mark.parametrize("written", ["", "Ada Byron", ADA.replace("-", "")])
def test_an_entry_that_names_nobody_stops_everything(tmp_path: Path, written: str) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(SqliteLedger.open(path, applied=0)) as ledger:
        SqliteLedgerWrittenBeside(path, ledger).suppress(PersonId(written))

        with pytest.raises(LedgerError, match="names nobody in entry 1") as raised:
            ledger.view(at_least=0)

    assert not written or written not in str(raised.value)
