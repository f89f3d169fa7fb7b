"""Opening a SQLite file of ours: how it is written, what it is, and what can be wrong with it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from profiles.adapters.sqlite.kind import Kind
from profiles.adapters.sqlite.migration import bring_forward, execute_all, is_behind
from profiles.adapters.sqlite.unwritable import (
    ChangedMeanwhileError,
    UnchangedConnection,
    read_unwritable,
)
from profiles.domain.errors import ProfilesError, UsageError

_BUSY_S = 30.0
"""How long a transaction of another process is waited for."""
_SHORT_READ_S = 1.0
"""How long a reader is waited for when the write-ahead file is emptied."""
_AGAIN_S = 0.02
_MAY_NOT_WRITE = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})
_PAGE_BYTES = 8_192
_CACHE_KIB = 65_536


def connect(path: Path, kind: Kind, *, create: bool = True) -> sqlite3.Connection:
    """Open a file of a kind; make it if it is missing or empty.

    create: also bring a file forward that an earlier release has written. Without it, a file where
        nothing may be written is opened all the same, and whoever writes to it fails then.

    Deleted content is overwritten with zeros (`secure_delete`) and every commit is on the disk
    before it counts (`synchronous=FULL`), in write-ahead mode, so that readers never wait.

    Raises:
        UsageError: the file is something else, or in no folder, or of a schema version that is not
            this release's and can't or may not be brought forward.
        sqlite3.Error: the file can't be opened or written.
    """
    if path.is_dir():
        message = f"{path} is a folder; name a file in it for the {kind.name}."
        raise UsageError(message)
    if not path.parent.is_dir():
        message = f"There is no folder {path.parent} for the {kind.name}; make it, or name another."
        raise UsageError(message)
    connection = sqlite3.connect(
        path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
    )
    try:
        _prepare(connection, path, kind, create=create)
    except sqlite3.OperationalError as failure:
        connection.close()
        if create or failure.sqlite_errorcode & 0xFF not in _MAY_NOT_WRITE:
            raise
    except BaseException:
        connection.close()
        raise
    else:
        return connection
    return _connect_unwritable(path, kind)


def _connect_unwritable(path: Path, kind: Kind) -> sqlite3.Connection:
    connection = read_unwritable(path, isolation_level=None, check_same_thread=False)
    try:
        _check_kind(connection, path, kind, create=False)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, kind: Kind, *, create: bool) -> None:
    """Check a file, or make it; try again while others are doing so at the same time.

    SQLite waits for a lock by itself, but not for the one that changes the journal mode. This is a
    loop of our own (see decision 0004), because a store in a file needs nothing but Python.
    """
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            _check(connection, path, kind, create=create)
        except sqlite3.OperationalError as failure:
            if failure.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_AGAIN_S)
        else:
            return


def _check_kind(
    connection: sqlite3.Connection, path: Path, kind: Kind, *, create: bool
) -> tuple[bool, bool]:
    """Refuse a file of another kind; tell whether it has tables, and is of an earlier release."""
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    if tables and mark != kind.application_id:
        message = f"{path} is a SQLite file, but no {kind.name} of profiles; name another file."
        raise UsageError(message)
    return bool(tables), bool(tables) and is_behind(connection, path, kind, create=create)


def _check(connection: sqlite3.Connection, path: Path, kind: Kind, *, create: bool) -> None:
    tables, behind = _check_kind(connection, path, kind, create=create)
    # Ids lie at random, so a chunk touches nearly all of their index: in pages of twice the usual
    # size, all of them at hand, it takes two thirds of the time. Counts for a file yet to be made.
    connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")
    connection.execute(f"PRAGMA cache_size={-_CACHE_KIB}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute("PRAGMA foreign_keys=OFF")  # a step may put a table in another's place
    connection.execute("PRAGMA temp_store=MEMORY")  # no person in a temporary file elsewhere
    if not tables:
        with transaction(connection):
            (raced,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if not raced:
                execute_all(connection, kind.schema)
                connection.execute(f"PRAGMA application_id={kind.application_id}")
                connection.execute(f"PRAGMA user_version={kind.version}")
    if behind:
        with transaction(connection):
            bring_forward(connection, kind)
    connection.execute("PRAGMA foreign_keys=ON")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None]:
    """Write all or nothing; the lock is taken at once, so what is read before writing holds."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A commit can fail, too, and leaves its transaction open; a full disk has ended it already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def map_exceptions(error: Callable[[str, str], ProfilesError]) -> Generator[None]:
    """Turn SQLite's errors into ours, without their text: it can quote what was to be written.

    error: builds our error from what happened and what to do.
    """
    try:
        yield
    except ChangedMeanwhileError:
        raise error(
            "somebody changed it while it was read where nothing may be written, so what was read"
            " is not shown",
            "Run the same command again, or where it may write.",
        ) from None
    except sqlite3.Error as failure:
        code = getattr(failure, "sqlite_errorname", None) or type(failure).__name__
        raise error(*_explained(code)) from None


def _explained(code: str) -> tuple[str, str]:
    """Say what an error of SQLite means to its user, and what to do."""
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return (
            f"another process kept it locked for {_BUSY_S:g} s ({code})",
            "Stop the other process, or wait, and run the same command again.",
        )
    if code == "SQLITE_FULL":
        return "the disk is full", "Make room and run the same command again: nothing is doubled."
    if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        what = "written" if code.startswith("SQLITE_READONLY") else "opened"
        return f"it can't be {what} ({code})", "Check the owner and mode of file and folder."
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return f"it is no sound SQLite file ({code})", "Restore it from a copy, or name another."
    return f"SQLite failed ({code})", "Run the same command again: nothing is doubled."


def empty_write_ahead_file(connection: sqlite3.Connection) -> None:
    """Move what was committed into the file itself, so that nothing deleted stays beside it.

    Until then the write-ahead file still has the pages as they were before a deletion. Where it
    can't be done now, because somebody is reading or the disk is broken, nothing that was
    committed is lost, and the next call or the next to close the file does it.

    Writers wait as long as this waits for a reader, so it waits for short ones only.
    """
    with suppress(sqlite3.Error):
        connection.execute(f"PRAGMA busy_timeout={_SHORT_READ_S * 1_000:.0f}")
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.execute(f"PRAGMA busy_timeout={_BUSY_S * 1_000:.0f}")


def close(connection: sqlite3.Connection) -> None:
    """Close, and leave no content in the write-ahead file if that can be had.

    Raises:
        ChangedMeanwhileError: the file is not what it was when it was opened for reading.
    """
    try:
        if isinstance(connection, UnchangedConnection):
            connection.check()
        else:
            empty_write_ahead_file(connection)
    finally:
        connection.close()
