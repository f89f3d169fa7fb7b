"""The embedded engine's deciding store: profiles, statistics, position and counts in one file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from threading import RLock

from profiles.adapters.sqlite import counting, snapshots, unit_of_work
from profiles.adapters.sqlite.database import (
    close,
    connect,
    empty_write_ahead_file,
    map_exceptions,
    transaction,
)
from profiles.adapters.sqlite.rejections import SqliteRejections
from profiles.adapters.sqlite.rows import QUARANTINED, SELECT, profile_of, quarantined_of
from profiles.adapters.sqlite.schema import KIND
from profiles.adapters.sqlite.unit_of_work import SqliteTransactions
from profiles.application.errors import StoreError
from profiles.application.log.deciding import Chunk
from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogPartition
from profiles.application.ports.ledger import AppliedLedger, Ledger
from profiles.application.ports.stores import Applied, Overview, StoreProgress, StoreSnapshot
from profiles.application.transaction import enforcing, removal
from profiles.application.transaction.commit import apply_chunk, apply_together
from profiles.domain.errors import UsageError
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.statistics import Statistics
from profiles.domain.tally import Tally


class SqliteDecidingStore:
    """A deciding store in a SQLite file; each method is one transaction.

    Threads may share it: they take turns.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Take over an open connection; see `open`."""
        self._path = path
        self._connection = connection
        self._turn = RLock()
        self.transactions = SqliteTransactions(connection, self._exceptions_mapped)
        self.rejections = SqliteRejections(connection, self._exceptions_mapped)

    @classmethod
    def open(cls, path: Path, *, create: bool = True) -> SqliteDecidingStore:
        """Open the store at a path.

        create: make it if it is missing, and bring it forward if an earlier release wrote it.

        Raises:
            UsageError: the file is missing, something else, or of a schema version that is not
                this release's and can't or may not be brought forward.
            StoreError: it can't be opened.
        """
        if not create and not path.is_file():
            message = f"There is no profile store at {path}; make one with `profiles run`."
            raise UsageError(message)
        with map_exceptions(lambda happened, remedy: StoreError(str(path), happened, remedy)):
            return cls(path, connect(path, KIND, create=create))

    def close(self) -> None:
        """Close the file.

        Raises:
            StoreError: it was changed where that should not have been possible; see `unwritable`.
        """
        with self._exceptions_mapped():
            close(self._connection)

    def position(self, partition: LogPartition) -> int | None:
        """Return the first offset of a partition not yet decided."""
        with self._exceptions_mapped():
            return unit_of_work.position(self._connection, partition.writer)

    def ledger(self) -> AppliedLedger:
        """Return how far the erasure ledger is applied."""
        with self._exceptions_mapped():
            return unit_of_work.ledger(self._connection)

    def progress(self) -> StoreProgress:
        """Return how far the store is."""
        with self._exceptions_mapped(), self._as_of_one_moment():
            return snapshots.progress(self._connection)

    def apply(self, chunk: Chunk, ledger: Ledger, *, followed: bool = False) -> Applied:
        """Write what a chunk changes, in one transaction; see the port."""
        with self._exceptions_mapped():
            return apply_chunk(self.transactions, chunk, ledger, followed=followed)

    def apply_together(
        self, chunks: Sequence[Chunk], ledger: Ledger, *, followed: bool = False
    ) -> Applied:
        """Write what chunks of several partitions change, in one transaction; see the port."""
        with self._exceptions_mapped():
            return apply_together(self.transactions, chunks, ledger, followed=followed)

    def apply_ledger(self, ledger: Ledger, *, followed: bool = False) -> int:
        """Delete whom the ledger suppresses; see the port."""
        with self._exceptions_mapped():
            erased = enforcing.catch_up(self.transactions, ledger, followed=followed)
        if erased:
            empty_write_ahead_file(self._connection)
        return erased

    def sweep(self, *, read_on: date, quarantined_before: datetime, followed: bool = False) -> int:
        """Delete what has expired; see the port."""
        with self._exceptions_mapped():
            expired = removal.sweep(
                self.transactions,
                read_on=read_on,
                quarantined_before=quarantined_before,
                followed=followed,
            )
        empty_write_ahead_file(self._connection)
        return expired

    def outbox(self, *, limit: int) -> Mapping[PersonId, int]:
        """Return some deletions that the following store has still to make."""
        with self._exceptions_mapped():
            rows = self._connection.execute("SELECT id, version FROM outbox LIMIT ?", (limit,))
            return dict(rows.fetchall())

    def remove_from_outbox(self, deletions: Mapping[PersonId, int]) -> None:
        """Forget deletions that the following store has made."""
        with self._exceptions_mapped(), transaction(self._connection):
            self._connection.executemany(
                "DELETE FROM outbox WHERE id = ? AND version <= ?", deletions.items()
            )

    @contextmanager
    def snapshot(self) -> Generator[StoreSnapshot]:
        """Open the store as of this moment, by a connection of its own; see the port."""
        with snapshots.snapshot(self._path, self._exceptions_mapped) as opened:
            yield opened

    def profile(self, person: PersonId) -> tuple[Profile, int] | None:
        """Return what is held of a person."""
        return self.held([person]).get(person)

    def held(self, persons: Collection[PersonId]) -> Mapping[PersonId, tuple[Profile, int]]:
        """Return what is held of some persons."""
        with self._exceptions_mapped():
            rows = self._connection.execute(
                f"{SELECT} WHERE id IN (SELECT value FROM json_each(?))",  # noqa: S608 - own words
                (json.dumps(list(persons)),),
            ).fetchall()
        return {profile.id: (profile, version) for profile, version in map(profile_of, rows)}

    def profiles(self) -> Iterator[tuple[Profile, int]]:
        """Yield all that is held, in the order of ids."""
        return snapshots.profiles(self._connection, self._exceptions_mapped)

    def statistics(self) -> Statistics:
        """Return the sum over all writers, as of one moment."""
        with self._exceptions_mapped(), self._as_of_one_moment():
            return counting.statistics(self._connection)

    def overview(self) -> Overview:
        """Return all that the page is made of, as of one moment."""
        with self._exceptions_mapped(), self._as_of_one_moment():
            policies = tuple(unit_of_work.policies(self._connection))
            return counting.overview(self._connection, policies)

    def counts(self) -> Tally:
        """Return the sum of all tallies."""
        with self._exceptions_mapped():
            return counting.tally(self._connection)

    def arrivals(self) -> dict[datetime, int]:
        """Return newly held persons by minute of log time."""
        with self._exceptions_mapped():
            return counting.arrivals(self._connection)

    def quarantine(self) -> Sequence[Quarantined]:
        """Return the rejected records, oldest first."""
        with self._exceptions_mapped():
            rows = self._connection.execute(
                f"{QUARANTINED} ORDER BY logged_at, topic_id, partition, offset, ordinal"
            ).fetchall()
        return list(map(quarantined_of, rows))

    @contextmanager
    def _exceptions_mapped(self) -> Generator[None]:
        """Take a turn; errors leave as ours."""
        with (
            self._turn,
            map_exceptions(lambda happened, remedy: StoreError(str(self._path), happened, remedy)),
        ):
            yield

    @contextmanager
    def _as_of_one_moment(self) -> Generator[None]:
        """Read as of one moment."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")
