"""A log that an earlier release has written is brought forward, whole, when a run opens it."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from profiles.adapters import codec
from profiles.adapters.sqlite import SqliteLog
from profiles.application.log.records import Notice
from profiles.domain.errors import UsageError
from tests.frozen.log import FOLDER, NOW
from tests.frozen.make_log import PERSONS, SOURCE

RECORDS = 100
"""Minors and broken records are a number in a notice."""


@pytest.fixture
def frozen(tmp_path: Path) -> Path:
    """Give a log of schema 1: one of its appends was logged ten years ahead."""
    path = tmp_path / "log.sqlite"
    path.write_bytes(gzip.decompress((FOLDER / "log.sqlite.gz").read_bytes()))
    return path


def asked(path: Path, question: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(question).fetchall()


def test_a_log_of_schema_1_holds_what_it_held_and_its_source_goes_on(frozen: Path) -> None:
    assert asked(frozen, "PRAGMA user_version") == [(1,)]
    before = asked(frozen, "SELECT offset, key, value, notice FROM records ORDER BY offset")

    with closing(SqliteLog.open(frozen, encode=codec.encode)) as log:
        assert log.bounds() == (0, RECORDS)
        assert sum(isinstance(r.value, Notice) for r in log.read(0, limit=RECORDS)) == 6
        assert log.source_position(SOURCE) == PERSONS
        assert log.fingerprint(SOURCE) is None
        log.append(
            [], Notice(), logged_at=NOW, source=SOURCE, expected=PERSONS, position=PERSONS + 1
        )

    after = asked(frozen, "SELECT offset, key, value, notice FROM records ORDER BY offset")
    assert before == after
    assert asked(frozen, "SELECT from_version, to_version, added FROM migrations") == [(1, 2, "")]


def test_what_was_logged_with_a_clock_ahead_takes_the_time_of_what_came_next(frozen: Path) -> None:
    with closing(SqliteLog.open(frozen, encode=codec.encode)) as log:
        times = [record.logged_at for record in log.read(0, limit=RECORDS)]

        assert all(earlier <= later for earlier, later in pairwise(times))
        assert sorted(set(times)) == [NOW + timedelta(minutes=number) for number in (0, 1, 3, 4, 5)]
        assert log.purge(before=NOW + timedelta(days=1)) == RECORDS


def test_what_was_brought_forward_has_the_columns_of_a_new_log(
    frozen: Path, tmp_path: Path
) -> None:
    columns = (
        'SELECT t.name, c.name, c.type, c."notnull", c.pk FROM sqlite_schema AS t,'
        " pragma_table_info(t.name) AS c WHERE t.type = 'table' ORDER BY 1, 2"
    )
    for path in (frozen, tmp_path / "new.sqlite"):
        SqliteLog.open(path, encode=codec.encode).close()

    assert asked(frozen, columns) == asked(tmp_path / "new.sqlite", columns)


def test_who_may_not_make_a_log_is_told_what_brings_it_forward(frozen: Path) -> None:
    before = frozen.read_bytes()

    with pytest.raises(UsageError, match=r"log of schema version 1, .* start `profiles run` once"):
        SqliteLog.open(frozen, encode=codec.encode, create=False)

    assert frozen.read_bytes() == before
