"""MongoDB as the deciding store: profiles, statistics, position and counts in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from typing import Any, Final

from bson.binary import Binary
from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError

from profiles.adapters.mongo import writers
from profiles.adapters.mongo.connection import TIMEOUT_S, Connection
from profiles.adapters.mongo.counting import (
    arrivals_of,
    cohorts_in,
    domains_in,
    statistics_of,
    tally_of,
    writer_key,
)
from profiles.adapters.mongo.documents import (
    HELD_FIELDS,
    document_of,
    held_of,
    key_of,
    midnight,
    moment,
    profile_of,
    quarantine_documents,
    quarantined_of,
)
from profiles.adapters.mongo.failures import code_of
from profiles.adapters.mongo.schema import REGISTRY, Collections, opened_collections
from profiles.application.chunk import (
    Applied,
    Chunk,
    Entry,
    LogPartition,
    Quarantined,
    Settlement,
    settle,
)
from profiles.application.errors import GapError
from profiles.application.ports import Ledger, LedgerView, Overview, Progress
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.resolving import Held
from profiles.domain.statistics import Statistics
from profiles.domain.tally import Tally

REMOVED_AT_ONCE: Final = 1_000
"""Profiles deleted in one transaction beside those of a chunk: so it is over in a moment."""

CHUNKS_OF_STRANGERS: Final = 8
"""After so many chunks in a row with nobody who is held, the next ones are trusted to be alike."""

_DUPLICATE_KEY: Final = 11_000
_READ_AT_ONCE: Final = 5_000
_ASKED_AT_ONCE: Final = 50_000
"""Ids in one query: ten times as many would make it too long (16 MB)."""


class _AcquaintanceError(Exception):
    """Somebody is held who was taken for a stranger; the transaction wrote nothing."""


class MongoDecidingStore:
    """A deciding store in a MongoDB database; safe to share between threads.

    Several may work on one database at once, each on partitions of its own.
    """

    def __init__(self, connection: Connection, collections: Collections) -> None:
        """Take over an open connection; see `open`."""
        self._connection = connection
        self._collections = collections
        self._chunks_of_strangers = 0

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
                {"_id": writer_key(partition)}, {"position": 1}
            )
        return None if found is None or found["position"] is None else int(found["position"])

    def ledger_position(self) -> int:
        """Return the position of the erasure ledger that the store has applied."""
        with self._connection.asked():
            found = self._collections.writers.find_one({"_id": REGISTRY}, {"ledger_position": 1})
        return int(found["ledger_position"]) if found else 0

    def progress(self) -> Progress:
        """Return how far the store is."""
        fields = {"topic_id": 1, "partition": 1, "position": 1, "ledger_position": 1, "epochs": 1}
        with self._connection.snapshot() as session:
            found = {
                d["_id"]: d for d in self._collections.writers.find({}, fields, session=session)
            }
        registry = found.pop(REGISTRY, {"ledger_position": 0, "epochs": []})
        return Progress(
            ledger_position=int(registry["ledger_position"]),
            topics=tuple((row["topic_id"], row["partitions"]) for row in registry["epochs"]),
            positions={
                (writer["topic_id"], writer["partition"]): int(writer["position"])
                for writer in found.values()
                if writer["position"] is not None
            },
        )

    def apply(self, chunk: Chunk, ledger: Ledger) -> Applied:
        """Write what a chunk changes, in one transaction; see the port.

        Most streams tell of new persons only, and looking all of them up in vain is an eighth
        of MongoDB's work (2026-11). So after some chunks of strangers the next one's are
        inserted without it. The unique `_id` finds out who is held after all: then nothing was
        written, and the chunk begins anew with looking everybody up.
        """
        warned = False
        while True:
            trusting = not warned and self._chunks_of_strangers >= CHUNKS_OF_STRANGERS
            try:
                decided = self._connection.transaction(
                    partial(self._decided, chunk=chunk, ledger=ledger, trusting=trusting)
                )
            except _AcquaintanceError:
                warned = True
                continue
            if isinstance(decided, Applied):
                return decided
            if isinstance(decided, LedgerView):
                self._follow(decided)
            else:
                self._connection.transaction(
                    lambda session: writers.enter(self._collections, session, chunk.partition)
                )

    def _decided(
        self, session: ClientSession, *, chunk: Chunk, ledger: Ledger, trusting: bool
    ) -> Applied | LedgerView | None:
        """Decide a chunk and write it; all of it is done anew when the transaction is.

        trusting: that who comes to be held was not held before.

        Returns what was done, or what has to be done first, nothing written: None to enter the
        writer, the view of a ledger that has more entries than were applied.
        """
        writer = writers.entered(self._collections, session, chunk.partition)
        if writer is None:
            return None
        position = chunk.start if writer.position is None else writer.position
        if chunk.start > position:
            raise GapError(position, chunk.start)
        view = ledger.view(at_least=writer.ledger_position)
        if view.position > writer.ledger_position:
            return view
        keys = {entry.person: key_of(entry.person) for entry in chunk.entries if entry.person}
        if trusting and chunk.start == position:
            unsure = {entry.person for entry in chunk.entries if not _comes(entry)}
            unsure |= view.suppressed | view.restricted
            held = self._held(session, {p: key for p, key in keys.items() if p in unsure})
        else:
            held = self._held(session, keys)
            self._chunks_of_strangers = 0 if held else self._chunks_of_strangers + 1
        epoch, earlier = writers.epochs_of(self._collections, session, writer, chunk)
        settlement = settle(
            chunk,
            held,
            epoch=epoch,
            position=position,
            earlier=earlier,
            suppressed=view.suppressed,
            restricted=view.restricted,
        )
        self._write(session, settlement, keys, held)
        writers.move_on(self._collections, session, writer, end=chunk.end, settlement=settlement)
        return settlement.applied

    def _held(
        self, session: ClientSession, keys: Mapping[PersonId, Binary]
    ) -> dict[PersonId, Held]:
        if not keys:
            return {}
        persons = {bytes(key): person for person, key in keys.items()}
        found = self._collections.users.find(
            {"_id": {"$in": list(keys.values())}},
            HELD_FIELDS,
            batch_size=len(keys) + 1,  # all in one answer
            session=session,
        )
        return {persons[bytes(document["_id"])]: held_of(document) for document in found}

    def _write(
        self,
        session: ClientSession,
        settlement: Settlement,
        keys: Mapping[PersonId, Binary],
        held: Collection[PersonId],
    ) -> None:
        """Write profiles and rejections.

        What is newer takes the place of what is held by deletion and insertion: both go to the
        server as one command each, and take less time than as many replacements (2026-11: 35,000
        instead of 33,000 a second; 21,000 with the version in the filter, which the
        transaction's snapshot makes needless).
        """
        changes = settlement.changes
        going = [
            keys[person] for person in (*changes.deletions, *changes.upserts) if person in held
        ]
        coming = [
            document_of(keys[person], profile, version)
            for person, (profile, version) in changes.upserts.items()
        ]
        if going:
            self._collections.users.delete_many({"_id": {"$in": going}}, session=session)
        if coming:
            with _acquaintances_told():
                self._collections.users.insert_many(coming, session=session)
        if settlement.quarantined:
            self._collections.quarantine.insert_many(
                quarantine_documents(settlement.quarantined), session=session
            )

    def _follow(self, view: LedgerView) -> None:
        """Apply the erasures of a ledger: nothing stays of whom it suppresses.

        The last transaction deletes what is left and raises the ledger position in the documents
        of all writers: a chunk in flight gets a write conflict, and reads the ledger again.
        """
        keys = [key_of(person) for person in view.suppressed]
        queries = [
            {"_id": {"$in": keys[start : start + _ASKED_AT_ONCE]}}
            for start in range(0, len(keys), _ASKED_AT_ONCE)
        ]

        def erase(session: ClientSession) -> bool:
            going: list[dict[str, Any]] = []
            for query in queries:
                if room := REMOVED_AT_ONCE - len(going):
                    found = self._collections.users.find(query, HELD_FIELDS, session=session)
                    going += found.limit(room)
            writers.remove(self._collections, session, going)
            if len(going) == REMOVED_AT_ONCE:
                return False
            self._collections.writers.update_many(
                {"ledger_position": {"$lt": view.position}},
                {"$set": {"ledger_position": view.position}},
                session=session,
            )
            return True

        while not self._connection.transaction(erase):
            pass

    def sweep(self, *, read_on: date, quarantined_before: datetime) -> int:
        """Delete what has expired, some in each transaction, always with their counts."""
        expired = {"expires_at": {"$lte": midnight(read_on)}}

        def delete_some(session: ClientSession) -> int:
            found = self._collections.users.find(expired, HELD_FIELDS, session=session)
            return writers.remove(self._collections, session, found.limit(REMOVED_AT_ONCE))

        deleted = 0
        while True:
            some = self._connection.transaction(delete_some)
            deleted += some
            if some < REMOVED_AT_ONCE:
                break
        with self._connection.asked():
            self._collections.quarantine.delete_many(
                {"logged_at": {"$lt": moment(quarantined_before)}}
            )
        return deleted

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
        query: dict[str, Any] = {}
        while True:
            with self._connection.asked():
                found = self._collections.users.find(query).sort("_id", 1).limit(_READ_AT_ONCE)
                documents = list(found)
            yield from map(profile_of, documents)
            if len(documents) < _READ_AT_ONCE:
                return
            query = {"_id": {"$gt": documents[-1]["_id"]}}

    def statistics(self) -> Statistics:
        """Return the sum over all writers, as of one moment."""
        with self._connection.snapshot() as session:
            documents = self._statistics(session)
        return statistics_of(documents)

    def overview(self) -> Overview:
        """Return all that the page is made of, as of one moment."""
        fields = {"counts": 1, "reasons": 1, "arrivals": 1}
        with self._connection.snapshot() as session:
            documents = self._statistics(session)
            writer_documents = self._writers(session, fields)
        return Overview(
            cohorts=cohorts_in(documents),
            email_domains=domains_in(documents),
            arrivals=arrivals_of(writer_documents),
            counts=tally_of(writer_documents),
        )

    def counts(self) -> Tally:
        """Return the sum of all tallies."""
        with self._connection.snapshot() as session:
            return tally_of(self._writers(session, {"counts": 1, "reasons": 1}))

    def arrivals(self) -> dict[datetime, int]:
        """Return newly held persons by minute of log time."""
        with self._connection.snapshot() as session:
            return arrivals_of(self._writers(session, {"arrivals": 1}))

    def _statistics(self, session: ClientSession) -> list[dict[str, Any]]:
        return list(self._collections.statistics.find({}, batch_size=10_000, session=session))

    def _writers(self, session: ClientSession, fields: Mapping[str, int]) -> list[dict[str, Any]]:
        return list(
            self._collections.writers.find({"_id": {"$ne": REGISTRY}}, fields, session=session)
        )

    def quarantine(self) -> Sequence[Quarantined]:
        """Return the rejected records, oldest first."""
        with self._connection.asked():
            found = self._collections.quarantine.find().sort([("logged_at", 1), ("_id", 1)])
            return list(map(quarantined_of, found))


def _comes(entry: Entry) -> bool:
    """Tell whether an entry asks for its person to be held."""
    return isinstance(entry.outcome, Profile)


@contextmanager
def _acquaintances_told() -> Generator[None]:
    """Tell of an `_id` that is there already apart from other failures."""
    try:
        yield
    except BulkWriteError as failure:
        if code_of(failure) == _DUPLICATE_KEY:
            raise _AcquaintanceError from None
        raise
