"""A deciding store's transaction on a SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date, datetime
from typing import Final, TypeVar

from profiles.adapters.sqlite import counting
from profiles.adapters.sqlite.database import transaction
from profiles.adapters.sqlite.rows import (
    INSERT,
    QUARANTINED_BETWEEN,
    RESTRICT,
    SELECT,
    SELECT_RESTRICTED,
    UNRESTRICT,
    UPSERT,
    corrections_of,
    corrections_text,
    profile_of,
    profile_rows,
    quarantine_row,
    quarantined_of,
    timestamp,
)
from profiles.adapters.sqlite.strangers import Strangers
from profiles.application.log.epochs import Epoch
from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import Writer
from profiles.application.ports.ledger import AppliedLedger
from profiles.application.ports.policies import PolicyEntry, PolicyEvent
from profiles.application.ports.unit_of_work import UnitOfWork
from profiles.domain.corrections import Corrections
from profiles.domain.ledger_entry import LedgerHead
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.resolving import Held
from profiles.domain.statistics import UNKNOWN, Statistics, cell_of
from profiles.domain.tally import Tally

T = TypeVar("T")

_HELD: Final = """
    SELECT id, version, nationality, gender, birth_month, email_domain, corrections FROM users
"""
_ADD_COUNT: Final = """
    INSERT INTO counts VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET count = count + excluded.count
"""
_ADD_TO_OUTBOX: Final = """
    INSERT INTO outbox VALUES (?, ?)
    ON CONFLICT DO UPDATE SET version = max(version, excluded.version)
"""
_ADD_ARRIVALS: Final = """
    INSERT INTO arrivals VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET count = count + excluded.count
"""


class _HeldAfterAllError(Exception):
    """Somebody is held who was taken for new; the transaction has to begin anew."""


class SqliteUnitOfWork:
    """A transaction; SQLite lets one begin when the other is over, so none conflicts.

    found_held: whether any of the persons of a chunk was held; None if not all were looked up.
    """

    def __init__(self, connection: sqlite3.Connection, *, unseen: bool = False) -> None:
        """Begin, inside a transaction of the connection.

        unseen: insert who is probably new without looking first.
        """
        self._connection = connection
        self._numbers: dict[Writer, int] = {}
        self._unseen = unseen
        self._new: Collection[PersonId] = frozenset()
        self.found_held: bool | None = None

    def ledger(self) -> AppliedLedger:
        """Return how far the erasure ledger is applied."""
        return ledger(self._connection)

    def set_ledger(self, applied: AppliedLedger) -> None:
        """Note how far the ledger is applied."""
        (number, seal), done, _ = applied
        self._connection.execute(
            "UPDATE store SET ledger_position = ?, ledger_seal = ?, ledger_carried_out = ?",
            (number, seal, done),
        )

    def join_ledger(self, identity: str) -> None:
        """Note which ledger the store is used with."""
        self._connection.execute("UPDATE store SET ledger_identity = ?", (identity,))

    def policy(self) -> str | None:
        """Return the deciding fingerprint of the policy that the store is written under."""
        row = self._connection.execute(
            "SELECT deciding FROM policies WHERE event = 'adopted' ORDER BY number DESC LIMIT 1"
        ).fetchone()
        return row[0] if row else None

    def policies(self) -> Sequence[PolicyEntry]:
        """Return what is remembered of policies, oldest first."""
        return policies(self._connection)

    def add_policy(self, entry: PolicyEntry) -> None:
        """Remember a policy."""
        self._connection.execute(
            "INSERT INTO policies VALUES (NULL, ?, ?, ?, ?, ?, ?)",
            (
                timestamp(entry.at),
                entry.event.value,
                entry.fingerprint,
                entry.deciding,
                json.dumps(entry.settings),
                json.dumps(entry.weaker),
            ),
        )

    def epochs(self) -> Sequence[Epoch]:
        """Return the epochs of all topics, in the order of their numbers."""
        rows = self._connection.execute("SELECT * FROM epochs ORDER BY epoch")
        return [
            Epoch(number, topic_id, partitions, {int(n): o for n, o in json.loads(firsts).items()})
            for number, topic_id, partitions, firsts in rows
        ]

    def add_epoch(self, epoch: Epoch) -> None:
        """Note an epoch."""
        number, topic_id, partitions, firsts = epoch
        self._connection.execute(
            "INSERT INTO epochs VALUES (?, ?, ?, ?)",
            (number, topic_id, partitions, json.dumps(firsts)),
        )

    def add_writer(self, writer: Writer) -> None:
        """Make room for what a writer counts, where it is new."""
        self._connection.execute(
            "INSERT OR IGNORE INTO writers (topic_id, partition) VALUES (?, ?)", writer
        )

    def positions_of(self, writers: Collection[Writer]) -> Mapping[Writer, int | None]:
        """Return of each writer the first offset not yet decided, or None before the first."""
        return {writer: position(self._connection, writer) for writer in writers}

    def positions(self, topic_id: str) -> Mapping[int, int]:
        """Return the positions of a topic's writers by partition."""
        return dict(
            self._connection.execute(
                "SELECT partition, position FROM writers"
                " WHERE topic_id = ? AND position IS NOT NULL",
                (topic_id,),
            ).fetchall()
        )

    def newest_arrival(self, writer: Writer) -> datetime | None:
        """Return the last minute for which a writer has counted arrivals."""
        (newest,) = self._connection.execute(
            "SELECT max(minute) FROM arrivals WHERE writer = ?", (self._number(writer),)
        ).fetchone()
        return None if newest is None else datetime.fromisoformat(newest)

    def held(
        self,
        persons: Collection[PersonId],
        *,
        probably_new: Callable[[], Collection[PersonId]] | None = None,
        limit: int | None = None,
    ) -> Mapping[PersonId, Held]:
        """Return what is held of some persons; see `SqliteTransactions` on who is left out."""
        if self._unseen and probably_new is not None:
            self._new = probably_new()
            persons = [person for person in persons if person not in self._new]
        held = self._held(
            "id IN (SELECT value FROM json_each(?)) LIMIT ?",
            json.dumps(list(persons)),
            -1 if limit is None else limit,
        )
        if probably_new is not None and not self._unseen:
            self.found_held = bool(held)
        return held

    def held_after(self, person: PersonId | None, *, limit: int) -> Mapping[PersonId, Held]:
        """Return what is held of persons in the order of ids."""
        return self._held("id > ? ORDER BY id LIMIT ?", person or "", limit)

    def expired(self, read_on: date, *, limit: int) -> Mapping[PersonId, Held]:
        """Return what is held of up to `limit` persons who have expired."""
        return self._held("expires_at <= ? LIMIT ?", read_on.isoformat(), limit)

    def _held(self, condition: str, *arguments: str | int) -> Mapping[PersonId, Held]:
        rows = self._connection.execute(f"{_HELD} WHERE {condition}", arguments)
        return {
            row[0]: Held(
                row[1],
                cell_of(row[2], row[3], row[4]),
                row[5] or UNKNOWN,
                row[6] and corrections_of(row[6]),
            )
            for row in rows
        }

    def profiles_after(
        self, person: PersonId | None, *, limit: int
    ) -> Sequence[tuple[Profile, int]]:
        """Return profiles in the order of ids."""
        rows = self._connection.execute(
            f"{SELECT} WHERE id > ? ORDER BY id LIMIT ?",
            (person or "", limit),
        )
        return list(map(profile_of, rows))

    def restricted(self, persons: Collection[PersonId]) -> Mapping[PersonId, tuple[Profile, int]]:
        """Return the profiles of some persons that are kept apart."""
        return self._restricted("id IN (SELECT value FROM json_each(?))", json.dumps(list(persons)))

    def restricted_after(
        self, person: PersonId | None, *, limit: int
    ) -> Mapping[PersonId, tuple[Profile, int]]:
        """Return profiles that are kept apart, in the order of ids."""
        return self._restricted("id > ? ORDER BY id LIMIT ?", person or "", limit)

    def _restricted(
        self, condition: str, *arguments: str | int
    ) -> Mapping[PersonId, tuple[Profile, int]]:
        rows = self._connection.execute(f"{SELECT_RESTRICTED} WHERE {condition}", arguments)
        return {profile.id: (profile, version) for profile, version in map(profile_of, rows)}

    def restrict(self, persons: Collection[PersonId]) -> None:
        """Keep the profiles of some persons apart, with what is kept with them."""
        self._connection.execute(RESTRICT, (json.dumps(list(persons)),))
        self._delete("users", persons)

    def unrestrict(self, versions: Mapping[PersonId, int]) -> None:
        """Hold profiles again that were kept apart, in these versions."""
        self._connection.executemany(
            UNRESTRICT, [{"id": person, "version": v} for person, v in versions.items()]
        )
        self._delete("restricted", versions.keys())

    def delete_restricted(self, persons: Collection[PersonId]) -> None:
        """Delete profiles that are kept apart."""
        self._delete("restricted", persons)

    def _delete(self, table: str, persons: Collection[PersonId]) -> None:
        self._connection.executemany(
            f"DELETE FROM {table} WHERE id = ?",  # noqa: S608 - this project's own words
            [(person,) for person in persons],
        )

    def profiles(self, persons: Collection[PersonId]) -> Mapping[PersonId, Profile]:
        """Return the profiles of some persons."""
        rows = self._connection.execute(
            f"{SELECT} WHERE id IN (SELECT value FROM json_each(?))",  # noqa: S608 - our own words
            (json.dumps(list(persons)),),
        )
        return {profile.id: profile for profile, _ in map(profile_of, rows)}

    def corrections(self, persons: Collection[PersonId]) -> Mapping[PersonId, Corrections]:
        """Return what is kept of corrections."""
        rows = self._connection.execute(
            "SELECT id, corrections FROM users WHERE id IN (SELECT value FROM json_each(:ids))"
            " UNION ALL SELECT id, json_extract(row, '$.corrections') FROM restricted"
            " WHERE id IN (SELECT value FROM json_each(:ids))",
            {"ids": json.dumps(list(persons))},
        )
        read = ((person, corrections_of(text)) for person, text in rows if text is not None)
        return {person: kept for person, kept in read if kept is not None}

    def write(
        self,
        *,
        upserts: Mapping[PersonId, tuple[Profile, int]],
        deletions: Collection[PersonId],
        corrections: Mapping[PersonId, Corrections] | None = None,
    ) -> None:
        """Write profiles with their versions and what is kept with them, and delete others."""
        many = self._connection.executemany
        self._delete("users", deletions)
        seen = upserts
        if self._new:
            self._insert([pair for person, pair in upserts.items() if person in self._new])
            seen = {person: pair for person, pair in upserts.items() if person not in self._new}
        many(UPSERT, profile_rows(seen.values()))
        if corrections:
            many(
                "UPDATE users SET corrections = ? WHERE id = ?",
                [(corrections_text(kept), person) for person, kept in corrections.items()],
            )

    def _insert(self, profiles: Sequence[tuple[Profile, int]]) -> None:
        """Write profiles of who has not been looked up.

        Raises:
            _HeldAfterAllError: one of them is held.
        """
        try:
            self._connection.executemany(INSERT, profile_rows(profiles))
        except sqlite3.IntegrityError as failure:
            if failure.sqlite_errorname == "SQLITE_CONSTRAINT_PRIMARYKEY":
                raise _HeldAfterAllError from None
            raise

    def add_to_outbox(self, deletions: Mapping[PersonId, int]) -> None:
        """Note deletions that the following store has still to make."""
        self._connection.executemany(_ADD_TO_OUTBOX, deletions.items())

    def email_domains(self, writer: Writer) -> Mapping[str, int]:
        """Return what a writer counts by e-mail domain."""
        return counting.email_domains(self._connection, self._number(writer))

    def add_statistics(self, writer: Writer, difference: Statistics) -> None:
        """Add to what a writer counts; a count that comes to zero is deleted."""
        counting.add(self._connection, self._number(writer), difference)

    def advance(
        self,
        writer: Writer,
        *,
        position: int,
        tally: Tally,
        arrivals: Mapping[datetime, int],
        arrivals_until: datetime | None,
    ) -> None:
        """Move a writer to a position, and add to its tally and arrivals."""
        number = self._number(writer)
        many, one = self._connection.executemany, self._connection.execute
        one("UPDATE writers SET position = ? WHERE writer = ?", (position, number))
        many(_ADD_COUNT, counting.tally_rows(number, tally))
        many(_ADD_ARRIVALS, [(m.isoformat(), number, count) for m, count in arrivals.items()])
        if arrivals_until is not None:
            one(
                "DELETE FROM arrivals WHERE writer = ? AND minute <= ?",
                (number, arrivals_until.isoformat()),
            )

    def quarantine(self, rejected: Sequence[Quarantined]) -> None:
        """Keep rejected records."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [quarantine_row(self._number(each.partition.writer), each) for each in rejected],
        )

    def remove_quarantined(self, messages: Collection[tuple[Writer, int]]) -> int:
        """Take out all that is kept of some messages; return how many."""
        return self._connection.executemany(
            "DELETE FROM quarantine WHERE writer = ? AND offset = ?",
            [(self._number(writer), offset) for writer, offset in messages],
        ).rowcount

    def quarantined(self, writer: Writer, *, start: int, end: int) -> Sequence[Quarantined]:
        """Return the rejected records of some offsets, in their order."""
        rows = self._connection.execute(
            QUARANTINED_BETWEEN, (self._number(writer), start, end)
        ).fetchall()
        return [quarantined_of(row) for row in rows]

    def delete_quarantined(self, *, before: datetime, limit: int) -> int:
        """Delete up to `limit` rejected records that were logged before a moment."""
        return self._connection.execute(
            "DELETE FROM quarantine WHERE (writer, offset, ordinal) IN"
            " (SELECT writer, offset, ordinal FROM quarantine WHERE logged_at < ? LIMIT ?)",
            (timestamp(before), limit),
        ).rowcount

    def _number(self, writer: Writer) -> int:
        """Return the number by which other tables name a writer."""
        if writer not in self._numbers:
            (self._numbers[writer],) = self._connection.execute(
                "SELECT writer FROM writers WHERE topic_id = ? AND partition = ?", writer
            ).fetchone()
        return self._numbers[writer]


class SqliteTransactions:
    """Runs units of work; each waits for those of other processes to end.

    After some chunks of whose persons nobody was held, who is probably new is inserted unseen. The
    primary key finds out who is held after all: then all is undone, and the unit of work is run
    again, with looking everybody up
    (docs/decisions/0258-sqlite-inserts-strangers-without-a-look-up.md).
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        taking_turns: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Work on an open connection.

        taking_turns: keeps other threads from it meanwhile, and turns its errors into ours.
        """
        self._connection = connection
        self._taking_turns = taking_turns
        self._strangers = Strangers()

    def run(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run a unit of work in a transaction; see the port."""
        with self._taking_turns():
            try:
                return self._run(work, unseen=self._strangers.likely)
            except _HeldAfterAllError:
                self._strangers.mistaken()
            return self._run(work, unseen=False)

    def _run(self, work: Callable[[UnitOfWork], T], *, unseen: bool) -> T:
        unit = SqliteUnitOfWork(self._connection, unseen=unseen)
        with transaction(self._connection):
            done = work(unit)
        if unit.found_held is not None:
            self._strangers.learn(found_held=unit.found_held)
        return done


def ledger(connection: sqlite3.Connection) -> AppliedLedger:
    """Return how far the erasure ledger is applied."""
    number, seal, done, joined = connection.execute(
        "SELECT ledger_position, ledger_seal, ledger_carried_out, ledger_identity FROM store"
    ).fetchone()
    return AppliedLedger(LedgerHead(number, seal), done, joined)


def policies(connection: sqlite3.Connection) -> Sequence[PolicyEntry]:
    """Return what is remembered of policies, oldest first."""
    rows = connection.execute(
        "SELECT at, event, fingerprint, settings, weaker FROM policies ORDER BY number"
    )
    return [
        PolicyEntry(
            at=datetime.fromisoformat(at),
            event=PolicyEvent(event),
            fingerprint=fingerprint,
            settings=json.loads(settings),
            weaker=tuple(json.loads(weaker)),
        )
        for at, event, fingerprint, settings, weaker in rows
    ]


def position(connection: sqlite3.Connection, writer: Writer) -> int | None:
    """Return the first offset not yet decided, or None before the first chunk."""
    row = connection.execute(
        "SELECT position FROM writers WHERE topic_id = ? AND partition = ?", writer
    ).fetchone()
    return row[0] if row else None
