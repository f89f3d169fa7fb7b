"""A file of ours that may only be read, in a folder in which nothing may be written.

SQLite needs a file beside it to share what is written between processes. Where it can't make that,
it reads a file only if it is told that nobody changes it (`immutable`): true as long as nothing
stands beside it, which is checked before each statement, and once more when all is read.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from profiles.domain.errors import UsageError


class ChangedMeanwhileError(sqlite3.OperationalError):
    """Somebody has changed the file, so what was read may be of two moments."""


class UnchangedConnection(sqlite3.Connection):
    """A connection to a file that nobody may change meanwhile."""

    path: Path
    before: tuple[int, int] | None

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:  # noqa: ANN401 - sqlite3's own
        """Execute a statement.

        Raises:
            ChangedMeanwhileError: the file is not what it was.
        """
        self.check()
        return super().execute(sql, parameters)

    def check(self) -> None:
        """Make sure that nobody has changed the file.

        Raises:
            ChangedMeanwhileError: somebody has.
        """
        if _waits_beside(self.path) or _last_change(self.path) != self.before:
            raise ChangedMeanwhileError


def read_unwritable(path: Path, **settings: Any) -> UnchangedConnection:  # noqa: ANN401 - sqlite3's own
    """Open a file for reading.

    Raises:
        UsageError: something that was written is not in the file itself yet.
        sqlite3.Error: the file can't be read either.
    """
    if _waits_beside(path):
        raise UsageError(
            f"{path} can't be read here: what was written last is still in {path.name}-wal, which"
            " SQLite reads only where it may write. Give this user write access to the folder, or"
            f" copy {path.name} and {path.name}-wal into another and name the copy."
        )
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro&immutable=1",
        uri=True,
        factory=UnchangedConnection,
        **settings,
    )
    connection.path, connection.before = path, _last_change(path)
    return connection


def _waits_beside(path: Path) -> bool:
    """Tell whether the write-ahead file holds anything."""
    beside = path.with_name(f"{path.name}-wal")
    return beside.is_file() and beside.stat().st_size > 0


def _last_change(path: Path) -> tuple[int, int] | None:
    """Return when a file was changed last, and its size; None where it is gone."""
    try:
        now = path.stat()
    except FileNotFoundError:
        return None
    return now.st_mtime_ns, now.st_size
