"""The erasure ledger in a SQLite file of its own, so that it outlives a restored store."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock

from profiles.adapters.sqlite.database import close, connect, map_exceptions, transaction
from profiles.adapters.sqlite.kind import Kind
from profiles.adapters.sqlite.rows import timestamp
from profiles.application.errors import LedgerError
from profiles.application.ports.ledger import Action, LedgerView
from profiles.application.rights.ledger import view_after
from profiles.domain.person import PersonId
from profiles.domain.reading import canonical_id

_KIND = Kind(
    name="erasure ledger",
    application_id=0x50524F4C,
    version=1,
    schema="""
    CREATE TABLE ledger (
        position INTEGER PRIMARY KEY CHECK (position > 0),
        action TEXT NOT NULL CHECK (action IN ('suppress', 'restrict', 'unrestrict')),
        person TEXT NOT NULL,
        entered_at TEXT NOT NULL
    ) STRICT
    """,
)


class SqliteLedger:
    """An erasure ledger in a file, read again whenever it has grown; threads take turns."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Take over an open connection; see `open`."""
        self._path = path
        self._connection = connection
        self._seen = LedgerView()
        self._turn = Lock()

    @classmethod
    def open(cls, path: Path, *, applied: int) -> SqliteLedger:
        """Open the ledger at a path; make it only where no store has applied any of it.

        applied: the highest ledger position of the stores it is used with.

        Raises:
            LedgerError: it is missing though it was applied, or can't be read.
            UsageError: the file is something else.
        """
        if applied > 0 and not path.is_file():
            happened = f"is missing, though the store has applied it up to entry {applied}"
            raise LedgerError(str(path), happened, "Restore it, or name it with --ledger.")
        with map_exceptions(lambda happened, remedy: _unreadable(path, happened, remedy)):
            return cls(path, connect(path, _KIND))

    def view(self, *, at_least: int) -> LedgerView:
        """Return what the ledger says now; see the port."""
        with self._turn:
            return self._view(at_least)

    def _view(self, at_least: int) -> LedgerView:
        with map_exceptions(lambda happened, remedy: _unreadable(self._path, happened, remedy)):
            rows = self._connection.execute(
                "SELECT position, action, person FROM ledger WHERE position > ? ORDER BY position",
                (self._seen.position,),
            ).fetchall()
        if rows:
            self._seen = self._after(rows)
        if self._seen.position < at_least:
            happened = f"ends at entry {self._seen.position}, before {at_least}"
            remedy = "Use the ledger that the store was used with."
            raise LedgerError(str(self._path), happened, remedy)
        return self._seen

    def _after(self, rows: Sequence[tuple[int, str, str]]) -> LedgerView:
        """Return what the ledger says with the entries that follow those seen."""
        entries: list[tuple[Action, PersonId]] = []
        for expected, (position, action, person) in enumerate(rows, self._seen.position + 1):
            if position != expected:
                happened = f"has no entry {expected}"
                raise LedgerError(str(self._path), happened, "Restore it from a copy.")
            named = canonical_id(person)  # written by hand it may be in capitals
            if named is None:
                happened = f"names nobody in entry {position}: that is no UUID of 36 characters"
                raise LedgerError(str(self._path), happened, "Correct the entry.")
            entries.append((Action(action), named))
        return view_after(self._seen, entries)

    def enter(self, action: Action, person: PersonId, *, entered_at: datetime) -> int:
        """Enter what is said of a person; see the port."""
        with (
            self._turn,
            map_exceptions(lambda happened, remedy: _unreadable(self._path, happened, remedy)),
            transaction(self._connection),
        ):
            (number,) = self._connection.execute(
                "INSERT INTO ledger SELECT coalesce(max(position), 0) + 1, ?, ?, ? FROM ledger"
                " RETURNING position",
                (action.value, person, timestamp(entered_at)),
            ).fetchone()
        return int(number)

    def close(self) -> None:
        """Close the file."""
        close(self._connection)


def _unreadable(path: Path, happened: str, remedy: str) -> LedgerError:
    return LedgerError(str(path), f"can't be read: {happened}", remedy)
