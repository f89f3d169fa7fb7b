"""All bytes of a SQLite file, as they lie on the disk and table by table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

_BESIDE: Final = ("", "-wal", "-shm", "-journal")


def file_bytes(path: Path) -> Iterator[bytes]:
    """Yield a file, and those that SQLite keeps beside it, whole."""
    for suffix in _BESIDE:
        file = Path(f"{path}{suffix}")
        if file.is_file():
            yield file.read_bytes()


def rows(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the rows of all tables, each with the name of its table; nothing is changed."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        for (table,) in tables.fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - of our file
                values = (v if isinstance(v, bytes) else str(v).encode() for v in row)
                yield table, b"\n".join(values)
