"""How fast the embedded engine takes a file into SQLite, beside SQLite alone."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from figures import Figure
from people import write_lines

AIM = 45_000


def measure(count: int) -> Iterator[Figure]:
    """Run the command over a file of `count` persons; write the same rows by SQLite alone."""
    with tempfile.TemporaryDirectory() as folder:
        source, store = Path(folder) / "people.jsonl", Path(folder) / "profiles.db"
        write_lines(source, count)
        begin = time.perf_counter()
        done = subprocess.run(
            [
                *(sys.executable, "-m", "profiles", "run", "--once", "--as-of", "2026-11-23"),
                *("--source", str(source), "--store", f"sqlite:///{store}"),
            ],
            check=True,
            capture_output=True,
        )
        seconds = time.perf_counter() - begin
        assert json.loads(done.stdout.splitlines()[-1])["stored"] == count
        yield Figure(
            what="file → SQLite, the whole command",
            value=count / seconds,
            unit="persons/s",
            aim=AIM,
        )
        alone = _rows_alone(store, Path(folder) / "alone.db")
        yield Figure(what="SQLite alone, ready-made rows", value=count / alone, unit="rows/s")


def _rows_alone(store: Path, target: Path) -> float:
    """Return the seconds that the driver takes for the same rows in the same transactions."""
    origin = sqlite3.connect(store)
    rows = origin.execute("SELECT * FROM users").fetchall()
    (schema,) = origin.execute("SELECT sql FROM sqlite_schema WHERE name = 'users'").fetchone()
    origin.close()
    alone = sqlite3.connect(target, isolation_level=None)
    alone.execute("PRAGMA journal_mode=WAL")
    alone.execute("PRAGMA synchronous=FULL")
    alone.execute(schema)
    marks = ", ".join("?" * len(rows[0]))
    begin = time.perf_counter()
    for start in range(0, len(rows), 2_000):
        alone.execute("BEGIN IMMEDIATE")
        alone.executemany(
            f"INSERT OR REPLACE INTO users VALUES ({marks})",  # noqa: S608 - marks only
            rows[start : start + 2_000],
        )
        alone.execute("COMMIT")
    seconds = time.perf_counter() - begin
    alone.close()
    return seconds
