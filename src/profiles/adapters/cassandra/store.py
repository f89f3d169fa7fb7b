"""The following store in Cassandra."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID

from cassandra import InvalidRequest
from cassandra.cluster import Cluster, Session
from cassandra.concurrent import execute_concurrent_with_args

from profiles.adapters.cassandra.batch_messages import statement_of
from profiles.adapters.cassandra.batches import Write, batches, replicas_of
from profiles.adapters.cassandra.columns import COLUMNS
from profiles.adapters.cassandra.connection import connect
from profiles.adapters.cassandra.failures import explained, map_exceptions
from profiles.adapters.cassandra.queries import Prepared, encoder
from profiles.adapters.cassandra.reading import persistently
from profiles.adapters.cassandra.rows import deleted, key, read, time_to_live
from profiles.adapters.cassandra.schema import prepare, qualified
from profiles.adapters.cassandra.sending import Sender
from profiles.adapters.cassandra.settings import CassandraSettings
from profiles.application.errors import StoreError, StoreRefusedError
from profiles.application.ports.clock import Clock
from profiles.application.ports.stores import Following
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile

_PAGE_ROWS: Final = 1_000
"""Rows fetched at once. A null counts as a tombstone; a server gives up on a page of 100,000."""


class CassandraFollowingStore:
    """A following store in a table of Cassandra; threads may share it.

    Every write has the version of its row as its timestamp, so they may arrive in any order. That
    number is far above any clock's: a row that is deleted by hand without it stays. A row lives
    until its `expires_at` and no longer, whether or not it is swept before.

    Open it in the process that uses it: connections do not survive a fork.
    """

    def __init__(
        self, settings: CassandraSettings, cluster: Cluster, session: Session, clock: Clock
    ) -> None:
        """Take over an open connection to a table that exists; see `open`."""
        self._settings = settings
        self._cluster = cluster
        self._metadata: Any = cluster.metadata  # typed as if it were not there yet
        self._session = session
        self._sender = Sender(session=session, concurrency=settings.concurrency)
        self._clock = clock
        table, names = qualified(settings), ", ".join(f'"{name}"' for name in COLUMNS)
        marks = ", ".join("?" * len(COLUMNS))
        # What stands in these texts are names that the settings have checked.
        insert = session.prepare(
            f"INSERT INTO {table} ({names}) VALUES ({marks}) USING TIMESTAMP ? AND TTL ?"  # noqa: S608
        )
        delete = session.prepare(f"DELETE FROM {table} USING TIMESTAMP ? WHERE id = ?")  # noqa: S608
        self._insert = Prepared.of(insert, values=len(COLUMNS) + 2)
        self._delete = Prepared.of(delete, values=2)
        self._select = session.prepare(f"SELECT {names} FROM {table} WHERE id = ?")  # noqa: S608
        self._select_all = session.prepare(f"SELECT {names} FROM {table}")  # noqa: S608
        self._select_all.fetch_size = _PAGE_ROWS

    @classmethod
    def open(cls, settings: CassandraSettings, *, clock: Clock, create: bool = True) -> Self:
        """Connect to the table.

        clock: tells how long a row has to live.
        create: make keyspace and table where they are missing.

        Raises:
            UsageError: there is no such data centre, or the table is missing, something else or
                of another schema version.
            StoreError: no node answered, or access was refused.
        """
        cluster, session = connect(settings)
        try:
            with map_exceptions(settings.address):
                prepare(session, settings, create=create)
                return cls(settings, cluster, session, clock)
        except BaseException:
            cluster.shutdown()
            raise

    def close(self) -> None:
        """Close all connections."""
        self._cluster.shutdown()

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close all connections."""
        self.close()

    def follow(self, following: Following) -> None:
        """Write what is held and delete what is not, each at its version; see the port."""
        gathered = batches(
            self._writes(following),
            rows=self._settings.batch_rows,
            size=self._settings.batch_bytes,
            replicas=replicas_of(self._metadata, self._settings.keyspace),
        )
        failure = self._sender.send(map(statement_of, gathered))
        if failure is not None:
            happened, remedy = explained(failure)
            kind = StoreRefusedError if isinstance(failure, InvalidRequest) else StoreError
            raise kind(
                self._settings.address,
                f"{happened}; a part of the chunk may be written there",
                remedy,
            )

    def _writes(self, following: Following) -> Iterator[Write]:
        """Encode what there is to write; what has expired is deleted in its own version."""
        now = self._clock()
        ttls: dict[object, int | None] = {}
        insert, encoded = self._insert, encoder(self._insert.head)
        for profile, version in following.held.values():
            expires_at = profile.expires_at
            if expires_at not in ttls:
                ttls[expires_at] = time_to_live(expires_at, now)
            ttl_s = ttls[expires_at]
            if ttl_s is None:
                yield self._deletion(profile.id, version)
            else:
                place = key(profile.id)
                yield Write(insert, place, encoded(place, profile, version, ttl_s))
        for person, version in following.absent.items():
            yield self._deletion(person, version)

    def _deletion(self, person: PersonId, version: int) -> Write:
        return Write(self._delete, key(person), self._delete.query(deleted(person, version)))

    def profile(self, person: PersonId) -> tuple[Profile, int] | None:
        """Return what is held of a person, with its version, or None."""
        with self._exceptions_mapped():
            row = persistently(lambda: self._session.execute(self._select, (UUID(person),)).one())
        return None if row is None else read(row)

    def held(self, persons: Collection[PersonId]) -> Mapping[PersonId, tuple[Profile, int]]:
        """Return what is held of some persons, with versions."""
        asked = [(UUID(person),) for person in persons]
        with self._exceptions_mapped():
            answers = persistently(
                lambda: execute_concurrent_with_args(
                    self._session, self._select, asked, concurrency=self._settings.concurrency
                )
            )
            found = [read(row) for _, rows in answers for row in rows]
        return {profile.id: (profile, version) for profile, version in found}

    def profiles(self) -> Iterator[tuple[Profile, int]]:
        """Yield all that is held, with versions, in the order of the partitioner's tokens."""
        with self._exceptions_mapped():
            for row in self._session.execute(self._select_all):
                yield read(row)

    def _exceptions_mapped(self) -> AbstractContextManager[None]:
        return map_exceptions(self._settings.address)
