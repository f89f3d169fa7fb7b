"""MongoDB as the deciding store: profiles, statistics, position and counts in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime

from bson.int64 import Int64
from pymongo import DeleteOne

from profiles.adapters.mongo.connection import TIMEOUT_S, Connection
from profiles.adapters.mongo.counting import (
    arrivals_of,
    cohorts_in,
    domains_in,
    statistics_of,
    tally_of,
    writer_key,
)
from profiles.adapters.mongo.documents import key_of, person_of, profile_of, quarantined_of
from profiles.adapters.mongo.policies import policies_in
from profiles.adapters.mongo.rejections import MongoRejections
from profiles.adapters.mongo.schema import REGISTRY, Collections, opened_collections
from profiles.adapters.mongo.snapshots import (
    MongoSnapshot,
    profiles_in,
    progress_in,
    statistics_in,
    writers_in,
)
from profiles.adapters.mongo.unit_of_work import LEDGER_FIELDS, MongoTransactions, ledger_in
from profiles.application.log.deciding import Chunk
from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogPartition
from profiles.application.ports.ledger import NOT_APPLIED, AppliedLedger, Ledger
from profiles.application.ports.stores import Applied, Overview, StoreProgress, StoreSnapshot
from profiles.application.transaction import enforcing, removal
from profiles.application.transaction.commit import apply_chunk, apply_together
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.statistics import Statistics
from profiles.domain.tally import Tally


class MongoDecidingStore:
    """A deciding store in a MongoDB database; safe to share between threads.

    Several may work on one database at once, each on partitions of its own.
    """

    def __init__(self, connection: Connection, collections: Collections) -> None:
        """Take over an open connection; see `open`."""
        self._connection = connection
        self._collections = collections
        self.transactions = MongoTransactions(connection, collections)
        self.rejections = MongoRejections(connection, collections.quarantine)

    @classmethod
    def open(  # noqa: PLR0913 - an address is all of this
        cls,
        url: str,
        database: str,
        *,
        password: str | None = None,
        collection: str = "users",
        create: bool = True,
        timeout_s: float = TIMEOUT_S,
    ) -> MongoDecidingStore:
        """Connect to the store in a database.

        url: `mongodb://[USER@]HOST:PORT[,HOST:PORT]`; its options win over our defaults.
        password: of the user whom the URL names.
        collection: of the profiles; the names of the others begin with it.
        create: make it if it is missing, and bring it forward if an earlier release wrote it.
        timeout_s: how long each call is tried, retries included.

        Raises:
            UsageError: the address can't be read; the server has no transactions; the store is
                missing, or something else's, or of a schema version that is not this release's
                and can't or may not be brought forward.
            StoreError: the server did not answer.
        """
        connection = Connection.open(url, database, password=password, timeout_s=timeout_s)
        try:
            return cls(connection, opened_collections(connection, collection, create=create))
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def position(self, partition: LogPartition) -> int | None:
        """Return the first offset of a partition not yet decided."""
        with self._connection.asked():
            found = self._collections.writers.find_one(
                {"_id": writer_key(partition.writer)}, {"position": 1}
            )
        return None if found is None or found["position"] is None else int(found["position"])

    def ledger(self) -> AppliedLedger:
        """Return how far the erasure ledger is applied."""
        with self._connection.asked():
            found = self._collections.writers.find_one({"_id": REGISTRY}, LEDGER_FIELDS)
        return ledger_in(found) if found else NOT_APPLIED

    def progress(self) -> StoreProgress:
        """Return how far the store is."""
        with self._connection.snapshot() as session:
            return progress_in(self._collections, session)

    def apply(self, chunk: Chunk, ledger: Ledger, *, followed: bool = False) -> Applied:
        """Write what a chunk changes, in one transaction; see the port."""
        return apply_chunk(self.transactions, chunk, ledger, followed=followed)

    def apply_together(
        self, chunks: Sequence[Chunk], ledger: Ledger, *, followed: bool = False
    ) -> Applied:
        """Write what chunks of several partitions change, in one transaction; see the port."""
        return apply_together(self.transactions, chunks, ledger, followed=followed)

    def apply_ledger(self, ledger: Ledger, *, followed: bool = False) -> int:
        """Delete whom the ledger suppresses; see the port."""
        return enforcing.catch_up(self.transactions, ledger, followed=followed)

    def sweep(self, *, read_on: date, quarantined_before: datetime, followed: bool = False) -> int:
        """Delete what has expired; see the port."""
        return removal.sweep(
            self.transactions,
            read_on=read_on,
            quarantined_before=quarantined_before,
            followed=followed,
        )

    def outbox(self, *, limit: int) -> Mapping[PersonId, int]:
        """Return some deletions that the following store has still to make."""
        with self._connection.asked():
            found = self._collections.outbox.find({}, limit=limit)
            return {person_of(document["_id"]): int(document["version"]) for document in found}

    def remove_from_outbox(self, deletions: Mapping[PersonId, int]) -> None:
        """Forget deletions that the following store has made."""
        if not deletions:
            return
        with self._connection.asked():
            self._collections.outbox.bulk_write(
                [
                    DeleteOne({"_id": key_of(person), "version": {"$lte": Int64(version)}})
                    for person, version in deletions.items()
                ],
                ordered=False,
            )

    @contextmanager
    def snapshot(self) -> Generator[StoreSnapshot]:
        """Open the store as of this moment; see the port."""
        with self._connection.long_snapshot() as session:
            opened = MongoSnapshot(self._connection, self._collections, session)
            opened.progress()  # the first read sets the moment
            yield opened

    def profile(self, person: PersonId) -> tuple[Profile, int] | None:
        """Return what is held of a person."""
        return self.held([person]).get(person)

    def held(self, persons: Collection[PersonId]) -> Mapping[PersonId, tuple[Profile, int]]:
        """Return what is held of each person, with its version; who is not held is missing."""
        with self._connection.asked():
            found = self._collections.users.find({"_id": {"$in": list(map(key_of, persons))}})
            pairs = list(map(profile_of, found))
        return {pair[0].id: pair for pair in pairs}

    def profiles(self) -> Iterator[tuple[Profile, int]]:
        """Yield all that is held, in the order of ids."""
        return profiles_in(self._connection, self._collections, None)

    def statistics(self) -> Statistics:
        """Return the sum over all writers, as of one moment."""
        with self._connection.snapshot() as session:
            documents = statistics_in(self._collections, session)
        return statistics_of(documents)

    def overview(self) -> Overview:
        """Return all that the page is made of, as of one moment."""
        fields = {"counts": 1, "reasons": 1, "arrivals": 1}
        with self._connection.snapshot() as session:
            documents = statistics_in(self._collections, session)
            writer_documents = writers_in(self._collections, session, fields)
            policies = tuple(policies_in(self._collections.policies, session))
        return Overview(
            cohorts=cohorts_in(documents),
            email_domains=domains_in(documents),
            arrivals=arrivals_of(writer_documents),
            counts=tally_of(writer_documents),
            policies=policies,
        )

    def counts(self) -> Tally:
        """Return the sum of all tallies."""
        with self._connection.snapshot() as session:
            return tally_of(writers_in(self._collections, session, {"counts": 1, "reasons": 1}))

    def arrivals(self) -> dict[datetime, int]:
        """Return newly held persons by minute of log time."""
        with self._connection.snapshot() as session:
            return arrivals_of(writers_in(self._collections, session, {"arrivals": 1}))

    def quarantine(self) -> Sequence[Quarantined]:
        """Return the rejected records, oldest first."""
        with self._connection.asked():
            found = self._collections.quarantine.find().sort([("logged_at", 1), ("_id", 1)])
            return list(map(quarantined_of, found))
