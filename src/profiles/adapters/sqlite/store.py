"""The embedded engine's deciding store: profiles, statistics, position and counts in one file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from threading import RLock
from typing import Final, NamedTuple

from profiles.adapters.sqlite import counting, rows
from profiles.adapters.sqlite.database import (
    close,
    connect,
    empty_write_ahead_file,
    transaction,
    translated,
)
from profiles.adapters.sqlite.schema import PROFILE_STORE
from profiles.application.chunk import (
    Applied,
    Chunk,
    EarlierEpoch,
    LogPartition,
    Quarantined,
    Settlement,
    settle,
)
from profiles.application.errors import GapError, StoreError
from profiles.application.ports import ARRIVALS_KEPT, Ledger, Overview, Progress
from profiles.domain.errors import UsageError
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.resolving import Held
from profiles.domain.statistics import UNKNOWN, Statistics, cell_of
from profiles.domain.tally import Tally
from profiles.domain.version import Version

_HELD: Final = (
    "SELECT id, version, nationality, gender, birth_month, email_domain FROM users"
    " WHERE id IN (SELECT value FROM json_each(?))"
)
_OF_PERSONS: Final = "id IN (SELECT value FROM json_each(?))"
_ADD_COUNT: Final = """
    INSERT INTO counts VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET count = count + excluded.count
"""
_ADD_ARRIVALS: Final = """
    INSERT INTO arrivals VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET count = count + excluded.count
"""


class _Writer(NamedTuple):
    """A partition as the store knows it."""

    number: int
    position: int
    epoch: int
    earlier: Sequence[EarlierEpoch]


class SqliteDecidingStore:
    """A deciding store in a SQLite file; each method is one transaction.

    Threads may share it: they take turns.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Take over an open connection; see `open`."""
        self._path = path
        self._connection = connection
        self._turn = RLock()

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
        with translated(lambda happened, remedy: StoreError(str(path), happened, remedy)):
            return cls(path, connect(path, PROFILE_STORE, create=create))

    def close(self) -> None:
        """Close the file."""
        close(self._connection)

    def position(self, partition: LogPartition) -> int | None:
        """Return the first offset of a partition not yet decided."""
        with self._translated():
            row = self._connection.execute(
                "SELECT position FROM writers WHERE topic_id = ? AND partition = ?",
                (partition.topic_id, partition.number),
            ).fetchone()
        return row[0] if row else None

    def ledger_position(self) -> int:
        """Return the position of the erasure ledger that the store has applied."""
        with self._translated():
            (position,) = self._connection.execute("SELECT ledger_position FROM store").fetchone()
        return int(position)

    def progress(self) -> Progress:
        """Return how far the store is."""
        with self._translated(), self._snapshot():
            topics = self._connection.execute(
                "SELECT topic_id, partitions FROM epochs ORDER BY epoch"
            ).fetchall()
            writers = self._connection.execute(
                "SELECT topic_id, partition, position FROM writers"
            ).fetchall()
            ledger_position = self.ledger_position()
        return Progress(
            ledger_position=ledger_position,
            topics=tuple(topics),
            positions={(topic_id, number): position for topic_id, number, position in writers},
        )

    def apply(self, chunk: Chunk, ledger: Ledger) -> Applied:
        """Write what a chunk changes, in one transaction; see the port."""
        with self._translated(), transaction(self._connection):
            writer = self._writer(chunk)
            if chunk.start > writer.position:
                raise GapError(writer.position, chunk.start)
            applied = self.ledger_position()
            view = ledger.view(at_least=applied)
            if view.position > applied:
                # From here on the store says that it has applied every entry: so it must have.
                self._delete(_OF_PERSONS, json.dumps(list(view.suppressed)))
                self._connection.execute("UPDATE store SET ledger_position = ?", (view.position,))
            settlement = settle(
                chunk,
                self._held({entry.person for entry in chunk.entries if entry.person}),
                epoch=writer.epoch,
                position=writer.position,
                earlier=writer.earlier,
                suppressed=view.suppressed,
                restricted=view.restricted,
            )
            self._write(writer, settlement)
            self._connection.execute(
                "UPDATE writers SET position = max(position, ?) WHERE writer = ?",
                (chunk.end, writer.number),
            )
        return settlement.applied

    def _writer(self, chunk: Chunk) -> _Writer:
        """Look up the partition's writer and epochs; enter them at its first chunk."""
        partition = chunk.partition
        epochs = self._epochs(partition)
        self._connection.execute(
            "INSERT OR IGNORE INTO writers (topic_id, partition, position) VALUES (?, ?, ?)",
            (partition.topic_id, partition.number, chunk.start),
        )
        number, position = self._connection.execute(
            "SELECT writer, position FROM writers WHERE topic_id = ? AND partition = ?",
            (partition.topic_id, partition.number),
        ).fetchone()
        earlier = [
            EarlierEpoch(epoch, firsts.get(str(partition.number), 0))
            for (epoch, _), (_, firsts) in pairwise(epochs)
        ]
        return _Writer(number, position, epochs[-1][0], earlier)

    def _epochs(self, partition: LogPartition) -> Sequence[tuple[int, Mapping[str, int]]]:
        """List the epochs of a topic, each with the first offset of each partition in it.

        Enter another if the topic is new or has grown.
        """
        rows = self._connection.execute(
            "SELECT epoch, firsts, partitions FROM epochs WHERE topic_id = ? ORDER BY epoch",
            (partition.topic_id,),
        ).fetchall()
        epochs = [(epoch, json.loads(firsts)) for epoch, firsts, _ in rows]
        if rows and rows[-1][2] >= partition.partitions:
            return epochs
        firsts = dict(
            self._connection.execute(
                "SELECT partition, position FROM writers WHERE topic_id = ?", (partition.topic_id,)
            )
        )
        (epoch,) = self._connection.execute(
            "INSERT INTO epochs SELECT coalesce(max(epoch), 0) + 1, ?, ?, ? FROM epochs"
            " RETURNING epoch",
            (partition.topic_id, partition.partitions, json.dumps(firsts)),
        ).fetchone()
        return [*epochs, (epoch, {str(number): first for number, first in firsts.items()})]

    def _held(self, persons: Iterable[PersonId]) -> Mapping[PersonId, Held]:
        return {
            row[0]: Held(row[1], cell_of(row[2], row[3], row[4]), row[5] or UNKNOWN)
            for row in self._connection.execute(_HELD, (json.dumps(list(persons)),))
        }

    def _write(self, writer: _Writer, settlement: Settlement) -> None:
        many = self._connection.executemany
        changes = settlement.changes
        many("DELETE FROM users WHERE id = ?", [(person,) for person in changes.deletions])
        many(
            rows.UPSERT,
            [rows.row_of(profile, version) for profile, version in changes.upserts.values()],
        )
        counting.add(self._connection, writer.number, changes.difference)
        many(_ADD_COUNT, counting.tally_rows(writer.number, changes.tally))
        if settlement.arrivals:
            arrivals = settlement.arrivals.items()
            many(_ADD_ARRIVALS, [(m.isoformat(), writer.number, count) for m, count in arrivals])
            (newest,) = self._connection.execute("SELECT max(minute) FROM arrivals").fetchone()
            oldest = datetime.fromisoformat(newest) - ARRIVALS_KEPT
            self._connection.execute(
                "DELETE FROM arrivals WHERE minute <= ?", (oldest.isoformat(),)
            )
        many(
            "INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [rows.quarantine_row(writer.number, rejection) for rejection in settlement.quarantined],
        )

    def sweep(self, *, read_on: date, quarantined_before: datetime) -> int:
        """Delete what has expired, in one transaction; see the port."""
        with self._translated(), transaction(self._connection):
            expired = self._delete("expires_at <= ?", read_on.isoformat())
            self._connection.execute(
                "DELETE FROM quarantine WHERE logged_at < ?",
                (rows.moment(quarantined_before),),
            )
        empty_write_ahead_file(self._connection)
        return expired

    def _delete(self, condition: str, argument: str) -> int:
        """Delete profiles and their counts, each from the writer that its version names."""
        found = self._connection.execute(
            f"{rows.SELECT} WHERE {condition}",
            (argument,),
        ).fetchall()
        gone: dict[int, list[Profile]] = {}
        for profile, version in map(rows.profile_of, found):
            gone.setdefault(self._writer_of(version), []).append(profile)
        for writer, profiles in gone.items():
            counting.add(self._connection, writer, -Statistics.recount(profiles))
        self._connection.execute(
            f"DELETE FROM users WHERE {condition}",  # noqa: S608 - this module's own words
            (argument,),
        )
        return len(found)

    def _writer_of(self, version: int) -> int:
        place = Version.parts(version)
        row = self._connection.execute(
            "SELECT writer FROM writers JOIN epochs USING (topic_id)"
            " WHERE epoch = ? AND partition = ?",
            (place.epoch, place.partition),
        ).fetchone()
        return int(row[0])

    def profile(self, person: PersonId) -> tuple[Profile, int] | None:
        """Return what is held of a person."""
        return self.held([person]).get(person)

    def held(self, persons: Collection[PersonId]) -> Mapping[PersonId, tuple[Profile, int]]:
        """Return what is held of some persons."""
        with self._translated():
            found = self._connection.execute(
                f"{rows.SELECT} WHERE {_OF_PERSONS}",
                (json.dumps(list(persons)),),
            ).fetchall()
        return {profile.id: (profile, version) for profile, version in map(rows.profile_of, found)}

    def profiles(self) -> Iterator[tuple[Profile, int]]:
        """Yield all that is held, in the order of ids."""
        with translated(lambda happened, remedy: StoreError(str(self._path), happened, remedy)):
            for row in self._connection.execute(f"{rows.SELECT} ORDER BY id"):
                yield rows.profile_of(row)

    def statistics(self) -> Statistics:
        """Return the sum over all writers, as of one moment."""
        with self._translated(), self._snapshot():
            return counting.statistics(self._connection)

    def overview(self) -> Overview:
        """Return all that the page is made of, as of one moment."""
        with self._translated(), self._snapshot():
            return counting.overview(self._connection)

    def counts(self) -> Tally:
        """Return the sum of all tallies."""
        with self._translated():
            return counting.tally(self._connection)

    def arrivals(self) -> dict[datetime, int]:
        """Return newly held persons by minute of log time."""
        with self._translated():
            return counting.arrivals(self._connection)

    def quarantine(self) -> Sequence[Quarantined]:
        """Return the rejected records, oldest first."""
        with self._translated():
            found = self._connection.execute(rows.QUARANTINED).fetchall()
        return list(map(rows.quarantined_of, found))

    @contextmanager
    def _translated(self) -> Generator[None]:
        """Take a turn; errors leave as ours."""
        with (
            self._turn,
            translated(lambda happened, remedy: StoreError(str(self._path), happened, remedy)),
        ):
            yield

    @contextmanager
    def _snapshot(self) -> Generator[None]:
        """Read as of one moment."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")
