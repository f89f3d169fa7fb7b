"""The embedded engine's log: what was fetched, minimised, until the stores have it."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from profiles.adapters.sqlite.claim import ClaimedError, claimed
from profiles.adapters.sqlite.database import (
    close,
    connect,
    empty_write_ahead_file,
    map_exceptions,
    transaction,
)
from profiles.adapters.sqlite.log_schema import KIND
from profiles.application.errors import GapError, LogClaimedError, LogError
from profiles.application.log.records import LogPartition, LogRecord, Notice
from profiles.application.ports.logs import Appended
from profiles.application.ports.sources import Fingerprint
from profiles.domain.decision_dates import TOLERANCE
from profiles.domain.outcome import Rejected, RejectionReason, WithheldReason
from profiles.domain.person import PersonFields, PersonId

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Encode = Callable[[PersonFields], bytes]


class SqliteLog:
    """A log of one partition in a SQLite file.

    Offsets count on for ever, also when what they named is gone; `logged_at` is kept in
    microseconds since 1970, UTC.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, encode: Encode) -> None:
        """Take over an open connection; see `open`."""
        self._path = path
        self._connection = connection
        self._encode = encode
        with self._exceptions_mapped():
            (topic_id,) = connection.execute("SELECT topic_id FROM topic").fetchone()
        self._partition = LogPartition(topic_id)

    @classmethod
    def open(cls, path: Path, *, encode: Encode, create: bool = True) -> SqliteLog:
        """Open the log at a path, or make it.

        encode: writes a minimised person as JSON in UTF-8. create: also bring a log forward that an
        earlier release has written.

        Raises:
            UsageError: the file is something else, or of an earlier release and may not be brought
                forward. LogError: it can't be opened.
        """
        with map_exceptions(lambda happened, remedy: LogError(str(path), happened, remedy)):
            connection = connect(path, KIND, create=create)
            with transaction(connection):
                if connection.execute("SELECT count(*) FROM topic").fetchone() == (0,):
                    connection.execute("INSERT INTO topic VALUES (?, 0)", (secrets.token_hex(16),))
        return cls(path, connection, encode)

    @property
    def partition(self) -> LogPartition:
        """Name the log."""
        return self._partition

    @contextmanager
    def claim(self) -> Generator[None]:
        """Be the only one who works with the log; see the port."""
        with ExitStack() as stack:
            try:
                stack.enter_context(claimed(self._path.with_name(f"{self._path.name}-lock")))
            except ClaimedError:
                raise LogClaimedError(
                    str(self._path),
                    "another `profiles run`, `profiles demo`, `profiles rectify` or `profiles"
                    " quarantine --retry` works with it",
                    "Wait until that has ended, or stop it; this one has changed nothing. Two"
                    " sources at once need a log each: name another folder with --data.",
                ) from None
            except OSError as failure:
                raise LogError(
                    str(self._path),
                    f"the lock file beside it can't be opened ({failure.strerror})",
                    "Check the owner and mode of the file and its folder.",
                ) from None
            yield

    def append(  # noqa: PLR0913 - the port's
        self,
        persons: Sequence[PersonFields],
        notice: Notice,
        *,
        logged_at: datetime,
        source: str,
        expected: int,
        position: int | None,
        deleted: Sequence[PersonId] = (),
        fingerprint: Fingerprint | None = None,
    ) -> Appended:
        """Append persons and a notice, and move the source's position; see the port."""
        with self._exceptions_mapped(), transaction(self._connection):
            moment = max(_moment(logged_at), _newest(self._connection))
            if position is not None:
                self._check_position(source, expected)
                self._connection.execute(
                    "INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?, ?)",
                    (source, position, *(fingerprint or (None, None)), moment),
                )
            (first,) = self._connection.execute("SELECT next_offset FROM topic").fetchone()
            rows: list[tuple[int, int, str, bytes | None]] = [
                (place, moment, person.login.uuid, self._encode(person))
                for place, person in enumerate(persons, first)
            ]
            rows += [
                (place, moment, identity, None)
                for place, identity in enumerate(deleted, first + len(persons))
            ]
            self._connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?, NULL)", rows)
            offset = first + len(rows)
            if notice:
                self._connection.execute(
                    "INSERT INTO records VALUES (?, ?, NULL, NULL, ?)",
                    (offset, moment, _notice_text(notice)),
                )
                offset += 1
            self._connection.execute("UPDATE topic SET next_offset = ?", (offset,))
        return Appended(int(first), _time(moment))

    def append_record(self, person: PersonId, value: bytes, *, logged_at: datetime) -> Appended:
        """Append a record about a person; see the port."""
        with self._exceptions_mapped(), transaction(self._connection):
            moment = max(_moment(logged_at), _newest(self._connection))
            (offset,) = self._connection.execute("SELECT next_offset FROM topic").fetchone()
            self._connection.execute(
                "INSERT INTO records VALUES (?, ?, ?, ?, NULL)", (offset, moment, person, value)
            )
            self._connection.execute("UPDATE topic SET next_offset = ?", (offset + 1,))
        return Appended(int(offset), _time(moment))

    def _check_position(self, source: str, expected: int) -> None:
        row = self._connection.execute(
            "SELECT position FROM sources WHERE source = ?", (source,)
        ).fetchone()
        if (row[0] if row else 0) != expected:
            raise LogError(
                str(self._path),
                "another process reads the same source into it at the same time",
                "Stop one of them, and run the same command again: nothing was doubled.",
            )

    def read(self, start: int, *, limit: int) -> Sequence[LogRecord]:
        """Return up to `limit` records from `start` on; see the port."""
        with self._exceptions_mapped():
            rows = self._connection.execute(
                "SELECT offset, logged_at, key, value, notice FROM records"
                " WHERE offset >= ? ORDER BY offset LIMIT ?",
                (start, limit),
            ).fetchall()
        following = self.bounds()[1]
        first = rows[0][0] if rows else following
        if first > start:
            raise GapError(start, first)
        if start > following:
            # Waiting for offset `start` would pass over all that is appended until then.
            raise LogError(
                str(self._path),
                f"it ends at offset {following}, but was read up to {start}: it is an older copy",
                "Restore the newer one, or delete it, so that a new one is begun; the store keeps"
                " what it holds.",
            )
        return _records(rows)

    def bounds(self) -> tuple[int, int]:
        """Return the first offset held, and the next one."""
        with self._exceptions_mapped():
            first, following = self._connection.execute(
                "SELECT coalesce((SELECT min(offset) FROM records), next_offset), next_offset"
                " FROM topic"
            ).fetchone()
        return first, following

    def source_position(self, source: str) -> int:
        """Return where to go on reading a source."""
        with self._exceptions_mapped():
            row = self._connection.execute(
                "SELECT position FROM sources WHERE source = ?", (source,)
            ).fetchone()
        return row[0] if row else 0

    def fingerprint(self, source: str) -> Fingerprint | None:
        """Return what came with a source's position."""
        with self._exceptions_mapped():
            row = self._connection.execute(
                "SELECT content, state FROM sources WHERE source = ? AND state IS NOT NULL",
                (source,),
            ).fetchone()
        return None if row is None else Fingerprint(*row)

    def finish(self, source: str) -> None:
        """Note that a source was read to its end."""
        with self._exceptions_mapped(), transaction(self._connection):
            self._connection.execute("DELETE FROM sources WHERE source = ?", (source,))

    def correct_times(self, *, now: datetime) -> int:
        """Give records the present time that are later than that; see the port."""
        latest = _moment(now + TOLERANCE)
        with self._exceptions_mapped():
            (moved,) = self._connection.execute(
                "SELECT coalesce(max(moved_at), 0) FROM sources"
            ).fetchone()
            if max(_newest(self._connection), moved) <= latest:
                return 0
            with transaction(self._connection):
                self._connection.execute(
                    "UPDATE sources SET moved_at = ? WHERE moved_at > ?", (_moment(now), latest)
                )
                last = self._connection.execute(
                    "SELECT offset, logged_at FROM records WHERE logged_at <= ?"
                    " ORDER BY offset DESC LIMIT 1",
                    (latest,),
                ).fetchone()
                offset, moment = last or (-1, 0)
                return self._connection.execute(
                    "UPDATE records SET logged_at = ? WHERE offset > ?",
                    (max(_moment(now), moment), offset),
                ).rowcount

    def purge(self, *, before: datetime) -> int:
        """Delete records logged before a moment."""
        with self._exceptions_mapped(), transaction(self._connection):
            (keep,) = self._connection.execute(
                "SELECT coalesce((SELECT min(offset) FROM records WHERE logged_at >= ?),"
                " (SELECT next_offset FROM topic))",
                (_moment(before),),
            ).fetchone()
            purged = self._connection.execute(
                "DELETE FROM records WHERE offset < ?", (keep,)
            ).rowcount
            self._connection.execute(
                "UPDATE sources SET content = NULL WHERE moved_at < ? AND content IS NOT NULL",
                (_moment(before),),
            )
        empty_write_ahead_file(self._connection)
        return purged

    def records_of(self, person: PersonId) -> Sequence[LogRecord]:
        """Return what the log holds of a person; it looks at every record of 24 hours."""
        with self._exceptions_mapped():
            rows = self._connection.execute(
                "SELECT offset, logged_at, key, value, notice FROM records"
                " WHERE key = ? ORDER BY offset",
                (person,),
            ).fetchall()
        return _records(rows)

    def counts_of(self, persons: Collection[PersonId]) -> Mapping[PersonId, int]:
        """Count records by person; it looks at every record of 24 hours, once for all of them."""
        with self._exceptions_mapped():
            rows = self._connection.execute(
                "SELECT key, count(*) FROM records WHERE value IS NOT NULL"
                " AND key IN (SELECT value FROM json_each(?)) GROUP BY key",
                (json.dumps(list(persons)),),
            ).fetchall()
        return dict(rows)

    def has_records_of(self, persons: Collection[PersonId]) -> bool:
        """Tell whether there is a record of any of them; it stops at the first."""
        with self._exceptions_mapped():
            (there,) = self._connection.execute(
                "SELECT EXISTS (SELECT 1 FROM records"
                " WHERE key IN (SELECT value FROM json_each(?)))",
                (json.dumps(list(persons)),),
            ).fetchone()
        return bool(there)

    def forget(self, persons: Sequence[PersonId]) -> int:
        """Empty the records of persons; SQLite overwrites what they held.

        It looks at every record of 24 hours, and waits for the disk: once, for all of them.
        """
        with self._exceptions_mapped(), transaction(self._connection):
            emptied = self._connection.execute(
                "UPDATE records SET value = NULL WHERE value IS NOT NULL"
                " AND key IN (SELECT value FROM json_each(?))",
                (json.dumps(list(persons)),),
            ).rowcount
        empty_write_ahead_file(self._connection)
        return emptied

    def close(self) -> None:
        """Close the file.

        Raises:
            LogError: it was changed where that should not have been possible; see `unwritable`.
        """
        with self._exceptions_mapped():
            close(self._connection)

    def _exceptions_mapped(self) -> AbstractContextManager[None]:
        return map_exceptions(lambda happened, remedy: LogError(str(self._path), happened, remedy))


def newest_time(path: Path) -> datetime | None:
    """Return the latest time of a record of the log at a path; change nothing.

    Raises:
        UsageError: the file is no log of this release. LogError: it does not answer.
    """
    with (
        map_exceptions(lambda happened, remedy: LogError(str(path), happened, remedy)),
        closing(connect(path, KIND, create=False)) as connection,
    ):
        moment = _newest(connection)
    return _time(moment) if moment else None


def _newest(connection: sqlite3.Connection) -> int:
    """Return the time of the last record, which is the latest of all; 0 without one."""
    row = connection.execute(
        "SELECT logged_at FROM records ORDER BY offset DESC LIMIT 1"
    ).fetchone()
    return row[0] if row else 0


def _moment(aware: datetime) -> int:
    return (aware - _EPOCH) // _MICROSECOND


def _time(moment: int) -> datetime:
    return _EPOCH + moment * _MICROSECOND


def _records(rows: Sequence[tuple[Any, ...]]) -> Sequence[LogRecord]:
    times: dict[int, datetime] = {}
    records = []
    for offset, moment, key, value, notice in rows:
        if moment not in times:
            times[moment] = _time(moment)
        records.append(
            LogRecord(
                offset=offset,
                logged_at=times[moment],
                key=None if key is None else key.encode(),
                value=value if notice is None else _notice(notice),
            )
        )
    return records


def _notice_text(notice: Notice) -> str:
    document: dict[str, object] = {
        "withheld": {reason.value: count for reason, count in notice.withheld.items()},
        "rejected": [[r.reason.value, r.path, r.expected] for r in notice.rejected],
    }
    if notice.places:
        document["places"] = list(notice.places)
    if notice.more:
        document["more"] = {reason.value: count for reason, count in notice.more.items()}
    return json.dumps(document)


def _notice(text: str) -> Notice:
    document = json.loads(text)
    return Notice(
        withheld={WithheldReason(name): count for name, count in document["withheld"].items()},
        rejected=[
            Rejected(RejectionReason(reason), path, expected)
            for reason, path, expected in document["rejected"]
        ],
        places=document.get("places", ()),  # earlier releases wrote none
        more={RejectionReason(name): count for name, count in document.get("more", {}).items()},
    )
