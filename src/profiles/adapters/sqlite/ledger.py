"""The erasure ledger in a SQLite file of its own, so that it outlives a restored store."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Final

from profiles.adapters.sqlite.database import (
    close,
    connect,
    empty_write_ahead_file,
    map_exceptions,
    transaction,
)
from profiles.adapters.sqlite.kind import Kind
from profiles.application.errors import LedgerError
from profiles.application.ledger.chain import Chain
from profiles.application.ledger.missing import RESTORE_OR_NAME, missing_ledger
from profiles.application.ports.ledger import Keyring
from profiles.domain.ledger_entry import START, Action, Draft, Entry, LedgerHead
from profiles.domain.ledger_view import LedgerView
from profiles.domain.reading import canonical_id

_TABLES: Final = """
    CREATE TABLE identity (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        id TEXT NOT NULL
    ) STRICT;
    INSERT INTO identity VALUES (1, lower(hex(randomblob(16))));
    CREATE TABLE entries (
        number INTEGER PRIMARY KEY CHECK (number > 0),
        entry TEXT NOT NULL
    ) STRICT;
    CREATE TABLE migrations (
        from_version INTEGER NOT NULL,
        to_version INTEGER NOT NULL,
        added TEXT NOT NULL,
        at TEXT NOT NULL
    ) STRICT
"""
_KIND: Final = Kind(
    name="erasure ledger",
    application_id=0x50524F4C,
    version=2,
    schema=_TABLES,
    steps={1: _TABLES},
    opened_by="`profiles run` or `profiles process`",
)
_RESTORE: Final = "Restore it from a copy, and start again."


class SqliteLedger:
    """An erasure ledger in a file, read on whenever it has grown; threads take turns."""

    def __init__(self, path: Path, keyring: Keyring, *, create: bool) -> None:
        """Open the file; see `open`."""
        self._path = path
        self.name = str(path)
        self._chain = Chain(self.name, keyring)
        self._turn = Lock()
        kind = replace(_KIND, rewrite=self._bring_forward)
        self._connection = connect(path, kind, create=create)
        try:
            empty_write_ahead_file(self._connection)  # persons were named in it before
            self._file = _file_at(path)
            ((self.identity,),) = self._connection.execute("SELECT id FROM identity")
        except BaseException:
            self._connection.close()
            raise

    @classmethod
    def open(
        cls,
        path: Path,
        keyring: Keyring,
        *,
        applied: int,
        known: bool = False,
        create: bool = True,
    ) -> SqliteLedger:
        """Open the ledger at a path; make it only where no store has applied any of it.

        applied: the highest ledger position of the stores it is used with.
        known: whether they were used with a ledger before, so that it is not made.
        create: also bring it forward if an earlier release wrote it.

        Raises:
            LedgerError: it is missing though it was used, or can't be read, or was written by an
                earlier release and there is no key to seal its entries with.
            UsageError: the file is something else, or has to be brought forward and may not be.
        """
        if (applied > 0 or known) and not path.is_file():
            raise LedgerError(str(path), missing_ledger(applied), RESTORE_OR_NAME)
        with map_exceptions(lambda happened, remedy: _unreadable(path, happened, remedy)):
            return cls(path, keyring, create=create)

    def view(self, *, at_least: LedgerHead = START) -> LedgerView:
        """Return what the ledger says now; see the port."""
        with self._turn:
            self._read_on()
            return self._chain.check(at_least)

    def _read_on(self) -> LedgerView:
        """Read what follows the last entry, which has to be there still."""
        if (found := _file_at(self._path)) != self._file:
            gone = "deleted" if found is None else "exchanged for another file"
            raise self._error(f"was {gone} while it was read", _RESTORE)
        number, seal = self._chain.view.head
        with self._exceptions_mapped(), closing(self._values(first=max(number, 1))) as values:
            if number and f'"{seal}"}}'.encode() not in next(values, b""):
                raise self._error(f"had an entry {number} that it has no more", _RESTORE)
            return self._chain.read(values)

    def _values(self, *, first: int = 1) -> Generator[bytes]:
        """Yield the entries from one on, as they are kept."""
        rows = self._connection.execute(
            "SELECT entry FROM entries WHERE number >= ? ORDER BY number", (first,)
        )
        with closing(rows):
            for (entry,) in rows:
                yield entry.encode()

    def entries(self) -> Sequence[Entry]:
        """Return all entries, each checked."""
        with self._turn:
            self._read_on()
            with self._exceptions_mapped(), closing(self._values()) as values:
                return self._chain.entries(values)

    def enter(self, drafts: Sequence[Draft], *, at: datetime) -> Sequence[Entry]:
        """Enter all of these; see the port."""
        with self._turn, self._exceptions_mapped(), transaction(self._connection):
            after = self._read_on().head
            values = self._chain.seal(drafts, at=at)
            _insert(self._connection, after.number, values)
            return self._chain.entries(values, after=after)

    def _bring_forward(self, connection: sqlite3.Connection) -> None:
        """Seal the entries of the earlier form, each with its number, and forget whom they named.

        Raises:
            LedgerError: one of them can't be read, or there is no key.
        """
        rows = connection.execute(
            "SELECT position, action, person, entered_at FROM ledger ORDER BY position"
        )
        drafts = [self._draft(number, *row) for number, row in enumerate(rows, 1)]
        if drafts:
            _insert(connection, 0, self._chain.seal(drafts, at=datetime.now(UTC)))
        connection.execute("DROP TABLE ledger")

    def _draft(
        self, expected: int, position: int, action: str, person: str, entered_at: str
    ) -> Draft:
        """Read an entry of the earlier form.

        Raises:
            LedgerError: it can't be read, or is not the expected one.
        """
        if position != expected:
            raise self._error(f"has no entry {expected}", _RESTORE)
        named = canonical_id(person)  # written by hand it may be in capitals
        if named is None:
            happened = f"has an entry {position} that names nobody by a UUID of 36 characters"
            raise self._error(happened, "Correct the entry.")
        try:
            at = datetime.fromisoformat(entered_at)
        except ValueError:
            happened = f"has an entry {position} without a time in the form of ISO 8601"
            raise self._error(happened, "Correct the entry.") from None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return Draft(action=Action(action), person=named, entered_at=at)

    def _exceptions_mapped(self) -> AbstractContextManager[None]:
        return map_exceptions(lambda happened, remedy: _unreadable(self._path, happened, remedy))

    def _error(self, happened: str, remedy: str) -> LedgerError:
        return LedgerError(str(self._path), happened, remedy)

    def close(self) -> None:
        """Close the file.

        Raises:
            LedgerError: it was changed where that should not have been possible; see `unwritable`.
        """
        with self._exceptions_mapped():
            close(self._connection)


def _insert(connection: sqlite3.Connection, after: int, values: Sequence[bytes]) -> None:
    connection.executemany(
        "INSERT INTO entries VALUES (?, ?)",
        [(number, value.decode("ascii")) for number, value in enumerate(values, after + 1)],
    )


def _file_at(path: Path) -> tuple[int, int] | None:
    """Return which file is at a path: an open one stays readable when another takes its name."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _unreadable(path: Path, happened: str, remedy: str) -> LedgerError:
    return LedgerError(str(path), f"can't be read: {happened}", remedy)
