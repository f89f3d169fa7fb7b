"""A deciding store in a SQLite file as of one moment: a read transaction of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from profiles.adapters.sqlite import counting, unit_of_work
from profiles.adapters.sqlite.database import close, connect
from profiles.adapters.sqlite.rows import SELECT, profile_of
from profiles.adapters.sqlite.schema import KIND
from profiles.application.ports.stores import StoreProgress
from profiles.domain.profile import Profile
from profiles.domain.statistics import Statistics
from profiles.domain.tally import Tally

ExceptionsMapped = Callable[[], AbstractContextManager[None]]

_READ_AT_ONCE: Final = 5_000
_NEXT: Final = f"{SELECT} WHERE id > ? ORDER BY id LIMIT ?"


class SqliteSnapshot:
    """Reads within one transaction; see `snapshot`."""

    def __init__(self, connection: sqlite3.Connection, exceptions_mapped: ExceptionsMapped) -> None:
        """Read by a connection in whose transaction something was read already."""
        self._connection = connection
        self._exceptions_mapped = exceptions_mapped

    def progress(self) -> StoreProgress:
        """Return how far the store was."""
        with self._exceptions_mapped():
            return progress(self._connection)

    def profiles(self) -> Iterator[tuple[Profile, int]]:
        """Yield all that was held, in the order of ids."""
        return profiles(self._connection, self._exceptions_mapped)

    def statistics(self) -> Statistics:
        """Return the sum over all writers."""
        with self._exceptions_mapped():
            return counting.statistics(self._connection)

    def counts(self) -> Tally:
        """Return the sum of all tallies."""
        with self._exceptions_mapped():
            return counting.tally(self._connection)


@contextmanager
def snapshot(path: Path, exceptions_mapped: ExceptionsMapped) -> Generator[SqliteSnapshot]:
    """Open the store as of this moment, by a connection of its own; see the port.

    Until it is closed the write-ahead file keeps all that is written, so it is emptied then.
    """
    with exceptions_mapped():
        connection = connect(path, KIND, create=False)
    try:
        with exceptions_mapped():
            connection.execute("BEGIN")
            progress(connection)  # the first read sets the moment
        yield SqliteSnapshot(connection, exceptions_mapped)
    finally:
        with exceptions_mapped():
            connection.rollback()
            close(connection)


def progress(connection: sqlite3.Connection) -> StoreProgress:
    """Return how far the store is; as of one moment inside a transaction."""
    topics = connection.execute("SELECT topic_id, partitions FROM epochs ORDER BY epoch").fetchall()
    writers = connection.execute(
        "SELECT topic_id, partition, position FROM writers WHERE position IS NOT NULL"
    ).fetchall()
    (outbox,) = connection.execute("SELECT count(*) FROM outbox").fetchone()
    return StoreProgress(
        ledger=unit_of_work.ledger(connection),
        topics=tuple(topics),
        positions={(topic_id, number): position for topic_id, number, position in writers},
        policies=tuple(unit_of_work.policies(connection)),
        outbox=outbox,
    )


def profiles(
    connection: sqlite3.Connection, exceptions_mapped: ExceptionsMapped
) -> Iterator[tuple[Profile, int]]:
    """Yield all that is held, in the order of ids.

    Some are read at a time: a cursor left open would keep the whole connection at its moment.
    """
    last = ""
    while True:
        with exceptions_mapped():
            rows = connection.execute(_NEXT, (last, _READ_AT_ONCE)).fetchall()
        pairs = list(map(profile_of, rows))
        yield from pairs
        if len(pairs) < _READ_AT_ONCE:
            return
        last = pairs[-1][0].id
