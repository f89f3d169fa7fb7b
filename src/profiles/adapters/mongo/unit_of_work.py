"""A deciding store's transaction in MongoDB.

Whoever changes what a writer counts writes the writer's document, too. So of two transactions
that do so at once one gets a write conflict and is run again, whatever else they write. And what a
writer counts by e-mail domain is remembered as of the revision of that document.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, Final, TypeVar

import bson
from bson.binary import Binary
from bson.int64 import Int64
from bson.raw_bson import RawBSONDocument
from pymongo import ReturnDocument, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError

from profiles.adapters.mongo.connection import Connection
from profiles.adapters.mongo.counting import (
    can_vanish,
    changes_by_document,
    count_fields,
    domain_keys,
    domains_of,
    empty_documents,
    minute_name,
    minute_of,
    update_of,
    writer_key,
)
from profiles.adapters.mongo.documents import (
    CORRECTIONS,
    HELD_FIELDS,
    Document,
    corrections_of,
    document_of,
    held_of,
    key_of,
    midnight,
    person_of,
    profile_of,
    quarantine_documents,
    quarantine_key,
    quarantined_of,
    timestamp,
)
from profiles.adapters.mongo.failures import code_of, lost
from profiles.adapters.mongo.policies import policies_in, policy_document
from profiles.adapters.mongo.raw_documents import encoder
from profiles.adapters.mongo.remembered_domains import RememberedDomains, State
from profiles.adapters.mongo.schema import REGISTRY, Collections
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
from profiles.domain.statistics import Statistics
from profiles.domain.tally import Tally

T = TypeVar("T")

CHUNKS_OF_NEW_PERSONS: Final = 8
"""After so many chunks in a row of whose persons nobody was held, the next are inserted unseen."""

LEDGER_FIELDS: Final = {
    "ledger_position": 1,
    "ledger_seal": 1,
    "ledger_carried_out": 1,
    "ledger_identity": 1,
}
"""Those of the registry that `ledger_in` reads."""

MESSAGE_BYTES: Final = 32 * 1024 * 1024
"""Documents in one command; a server takes 48,000,000 bytes."""

_DUPLICATE_KEY: Final = 11_000


class _UnexpectedDuplicateError(Exception):
    """Somebody is held who was taken for new; the transaction wrote nothing."""


class MongoUnitOfWork:
    """A transaction.

    found_held: whether any of the persons of a chunk was held; None if not all were looked up.
    left: what writers that were moved on count by e-mail domain, once this is committed.
    """

    def __init__(
        self,
        collections: Collections,
        session: ClientSession,
        remembered: RememberedDomains,
        *,
        optimistic: bool,
    ) -> None:
        """Begin, inside a transaction of the session.

        remembered: from earlier transactions.
        optimistic: insert who is probably new without looking first.
        """
        self._remembered = remembered
        self._collections = collections
        self._session = session
        self._optimistic = optimistic
        self._registry: Document | None = None
        self._writers: dict[Writer, Document | None] = {}
        self._domains: dict[Writer, dict[str, Document]] = {}
        self._keys: dict[PersonId, Binary] = {}
        self._held: set[PersonId] = set()
        self._to_touch: set[Writer] = set()
        self._counting: dict[Writer, list[UpdateOne]] = {}
        self._advancing: list[UpdateOne] = []
        self._read: dict[Writer, Mapping[str, int]] = {}
        self._after: dict[Writer, Mapping[str, int]] = {}
        self._counted: set[Writer] = set()
        self.left: dict[Writer, tuple[State, Mapping[str, int]]] = {}
        self.found_held: bool | None = None

    def finish(self) -> None:
        """Write what has waited for its like, and the documents of writers whose counts changed."""
        self._count()
        self._advance()
        if self._to_touch:
            keys = [writer_key(writer) for writer in self._to_touch]
            self._collections.writers.update_many(
                {"_id": {"$in": keys}}, {"$inc": {"revision": 1}}, session=self._session
            )

    def ledger(self) -> AppliedLedger:
        """Return how far the erasure ledger is applied."""
        return ledger_in(self._known_registry())

    def set_ledger(self, applied: AppliedLedger) -> None:
        """Note how far it is applied; its head in the documents of all writers, so they conflict.

        Where the head stays as it is, no chunk needs to know.
        """
        writers = self._collections.writers
        if applied.head != self.ledger().head:
            number, seal = applied.head
            head = {"ledger_position": number, "ledger_seal": seal}
            writers.update_many({}, {"$set": head}, session=self._session)
            self._writers.clear()
        self._touch_registry({"$set": {"ledger_carried_out": applied.carried_out}})

    def join_ledger(self, identity: str) -> None:
        """Note which ledger the store is used with."""
        self._touch_registry({"$set": {"ledger_identity": identity}})

    def policy(self) -> str | None:
        """Return the deciding fingerprint of the policy that the store is written under."""
        fingerprint: str | None = self._known_registry().get("policy")
        return fingerprint

    def policies(self) -> Sequence[PolicyEntry]:
        """Return what is remembered of policies, oldest first."""
        return policies_in(self._collections.policies, self._session)

    def add_policy(self, entry: PolicyEntry) -> None:
        """Remember a policy.

        Where it is adopted, that is written into the documents of all writers, so they conflict.
        The number of the entry is its `_id`: of two that are added at once one conflicts.
        """
        number = self._collections.policies.count_documents({}, session=self._session) + 1
        self._collections.policies.insert_one(policy_document(number, entry), session=self._session)
        if entry.event is PolicyEvent.ADOPTED:
            self._collections.writers.update_many(
                {}, {"$set": {"policy": entry.deciding}}, session=self._session
            )
            self._registry = None
            self._writers.clear()

    def epochs(self) -> Sequence[Epoch]:
        """Return the epochs of all topics, in the order of their numbers."""
        return [
            Epoch(
                int(row["epoch"]),
                row["topic_id"],
                int(row["partitions"]),
                {int(number): int(first) for number, first in row["firsts"].items()},
            )
            for row in self._known_registry()["epochs"]
        ]

    def add_epoch(self, epoch: Epoch) -> None:
        """Note an epoch, in the one document of all writers."""
        row = {
            "epoch": epoch.number,
            "topic_id": epoch.topic_id,
            "partitions": epoch.partitions,
            "firsts": {str(number): Int64(first) for number, first in epoch.firsts.items()},
        }
        self._touch_registry({"$push": {"epochs": row}})

    def add_writer(self, writer: Writer) -> None:
        """Make a writer's document and those of its statistics, where they are missing.

        The registry is written, too, so that this conflicts with whoever sets the ledger position
        in the documents of all writers that there are.
        """
        registry = self._touch_registry({})
        if self._writer(writer) is not None:
            return
        document: Document = {
            "_id": writer_key(writer),
            "topic_id": writer.topic_id,
            "partition": writer.partition,
            "position": None,
            "ledger_position": registry["ledger_position"],
            "ledger_seal": registry["ledger_seal"],
            "revision": 0,
            "counts": {},
            "reasons": {},
            "arrivals": {},
        }
        self._collections.writers.insert_one(document, session=self._session)
        self._collections.statistics.insert_many(
            empty_documents(document["_id"]), session=self._session
        )
        self._writers[writer] = document

    def positions_of(self, writers: Collection[Writer]) -> Mapping[Writer, int | None]:
        """Return of each writer the first offset not yet decided, or None before the first."""
        self._look_up(writers)
        documents = {writer: self._writers[writer] for writer in writers}
        positions = {w: None if d is None else d["position"] for w, d in documents.items()}
        return {w: None if at is None else int(at) for w, at in positions.items()}

    def positions(self, topic_id: str) -> Mapping[int, int]:
        """Return the positions of a topic's writers by partition, and keep them from moving on.

        Their documents are written before they are read: so whoever moves one on conflicts.
        """
        self._advance()
        of_topic = {"topic_id": topic_id}
        self._collections.writers.update_many(
            of_topic, {"$inc": {"revision": 1}}, session=self._session
        )
        return {
            int(found["partition"]): int(found["position"])
            for found in self._collections.writers.find(of_topic, session=self._session)
            if found["position"] is not None
        }

    def newest_arrival(self, writer: Writer) -> datetime | None:
        """Return the last minute for which a writer has counted arrivals."""
        newest = max(self._arrivals(writer), default=None)
        return None if newest is None else minute_of(newest)

    def held(
        self,
        persons: Collection[PersonId],
        *,
        probably_new: Callable[[], Collection[PersonId]] | None = None,
        limit: int | None = None,
    ) -> Mapping[PersonId, Held]:
        """Return what is held of some persons; see `MongoTransactions` on who is left out."""
        new = () if probably_new is None else probably_new()
        if new and self._optimistic:
            persons = [person for person in persons if person not in new]
        if not persons:
            return {}
        keys = {person: key_of(person) for person in persons}
        if limit is None:  # else few of the many are written
            self._keys.update(keys)
        by_key = {bytes(key): person for person, key in keys.items()}
        found = self._collections.users.find(
            {"_id": {"$in": list(keys.values())}},
            HELD_FIELDS,
            limit=limit or 0,
            batch_size=len(keys) + 1,  # all in one answer
            session=self._session,
        )
        held = {by_key[bytes(document["_id"])]: held_of(document) for document in found}
        self._held.update(held)
        if new and not self._optimistic:
            self.found_held = bool(held)
        return held

    def held_after(self, person: PersonId | None, *, limit: int) -> Mapping[PersonId, Held]:
        """Return what is held of persons in the order of ids."""
        behind = {} if person is None else {"_id": {"$gt": key_of(person)}}
        found = self._collections.users.find(
            behind, HELD_FIELDS, limit=limit, batch_size=limit + 1, session=self._session
        ).sort("_id", 1)
        held = {person_of(document["_id"]): held_of(document) for document in found}
        self._held.update(held)
        return held

    def expired(self, read_on: date, *, limit: int) -> Mapping[PersonId, Held]:
        """Return what is held of up to `limit` persons who have expired."""
        found = self._collections.users.find(
            {"expires_at": {"$lte": midnight(read_on)}},
            HELD_FIELDS,
            limit=limit,
            session=self._session,
        )
        held = {person_of(document["_id"]): held_of(document) for document in found}
        self._held.update(held)
        return held

    def profiles_after(
        self, person: PersonId | None, *, limit: int
    ) -> Sequence[tuple[Profile, int]]:
        """Return profiles in the order of ids."""
        behind = {} if person is None else {"_id": {"$gt": key_of(person)}}
        found = self._collections.users.find(
            behind, limit=limit, batch_size=limit + 1, session=self._session
        ).sort("_id", 1)
        pairs = list(map(profile_of, found))
        self._held.update(profile.id for profile, _ in pairs)
        return pairs

    def restricted(self, persons: Collection[PersonId]) -> Mapping[PersonId, tuple[Profile, int]]:
        """Return the profiles of some persons that are kept apart."""
        found = self._collections.restricted.find(self._these(persons), session=self._session)
        return {profile.id: (profile, version) for profile, version in map(profile_of, found)}

    def restricted_after(
        self, person: PersonId | None, *, limit: int
    ) -> Mapping[PersonId, tuple[Profile, int]]:
        """Return profiles that are kept apart, in the order of ids."""
        behind = {} if person is None else {"_id": {"$gt": key_of(person)}}
        found = self._collections.restricted.find(
            behind, limit=limit, batch_size=limit + 1, session=self._session
        ).sort("_id", 1)
        return {profile.id: (profile, version) for profile, version in map(profile_of, found)}

    def restrict(self, persons: Collection[PersonId]) -> None:
        """Keep the profiles of some persons apart, with what is kept with them."""
        these = self._these(persons)
        going = self._collections.users.find(these, session=self._session).to_list()
        self._collections.restricted.insert_many(going, session=self._session)
        self._collections.users.delete_many(these, session=self._session)

    def unrestrict(self, versions: Mapping[PersonId, int]) -> None:
        """Hold profiles again that were kept apart, in these versions."""
        these = self._these(versions)
        coming = self._collections.restricted.find(these, session=self._session).to_list()
        for document in coming:
            document["version"] = Int64(versions[person_of(document["_id"])])
        self._collections.users.insert_many(coming, session=self._session)
        self._collections.restricted.delete_many(these, session=self._session)

    def delete_restricted(self, persons: Collection[PersonId]) -> None:
        """Delete profiles that are kept apart."""
        self._collections.restricted.delete_many(self._these(persons), session=self._session)

    def _these(self, persons: Collection[PersonId]) -> Document:
        return {"_id": {"$in": list(map(self._key, persons))}}

    def profiles(self, persons: Collection[PersonId]) -> Mapping[PersonId, Profile]:
        """Return the profiles of some persons."""
        found = self._collections.users.find(
            {"_id": {"$in": list(map(self._key, persons))}}, session=self._session
        )
        return {profile.id: profile for profile, _ in map(profile_of, found)}

    def corrections(self, persons: Collection[PersonId]) -> Mapping[PersonId, Corrections]:
        """Return what is kept of corrections."""
        having = {**self._these(persons), CORRECTIONS: {"$exists": True}}
        return {
            person_of(document["_id"]): corrections_of(document)
            for collection in (self._collections.restricted, self._collections.users)
            for document in collection.find(having, {CORRECTIONS: 1}, session=self._session)
        }

    def write(
        self,
        *,
        upserts: Mapping[PersonId, tuple[Profile, int]],
        deletions: Collection[PersonId],
        corrections: Mapping[PersonId, Corrections] | None = None,
    ) -> None:
        """Write profiles with their versions and what is kept with them, and delete others.

        What is newer takes the place of what is held by deletion and insertion: both go to the
        server as one command each, and take less time than as many replacements (2026-11: 35,000
        instead of 33,000 a second; 21,000 with the version in the filter, which the
        transaction's snapshot makes needless).
        """
        going = [self._key(p) for p in (*deletions, *upserts) if p in self._held]
        encode = encoder()
        kept = corrections or {}
        coming = [
            bson.encode(
                {
                    **document_of(self._key(person), profile, version),
                    CORRECTIONS: kept[person].written(),
                }
            )
            if person in kept
            else encode(profile, version)
            for person, (profile, version) in upserts.items()
        ]
        if going:
            self._collections.users.delete_many({"_id": {"$in": going}}, session=self._session)
        if coming:
            with self._duplicates_apart():
                self._insert(coming)

    def _insert(self, documents: Sequence[bytes]) -> None:
        """Insert documents of `users` in as few commands as the server takes.

        By the command itself: `insert_many` goes through the documents one by one, which takes
        0.9 µs for each (2026-11).

        Raises:
            BulkWriteError: one was refused; the transaction is over.
        """
        if sum(map(len, documents)) > MESSAGE_BYTES and len(documents) > 1:
            middle = len(documents) // 2
            self._insert(documents[:middle])
            self._insert(documents[middle:])
            return
        users = self._collections.users
        reply = users.database.command(
            {"insert": users.name, "documents": list(map(RawBSONDocument, documents))},
            session=self._session,
        )
        if "writeErrors" in reply:
            raise BulkWriteError(reply)

    def add_to_outbox(self, deletions: Mapping[PersonId, int]) -> None:
        """Note deletions that the following store has still to make."""
        self._collections.outbox.bulk_write(
            [
                UpdateOne(
                    {"_id": self._key(person)}, {"$max": {"version": Int64(version)}}, upsert=True
                )
                for person, version in deletions.items()
            ],
            ordered=False,
            session=self._session,
        )

    def email_domains(self, writer: Writer) -> Mapping[str, int]:
        """Return what a writer counts by e-mail domain; look up the other writers' as well."""
        if writer not in self._counted:
            known = self._remembered.of(writer, self._writers.get(writer))
            if known is not None:
                self._read[writer] = known
                return known
        if writer not in self._domains:
            self._count(writer)
            wanted = {
                writer,
                *(self._writers.keys() - self._domains.keys() - self._counting.keys()),
            }
            of_key = {key: each for each in wanted for key in domain_keys(writer_key(each))}
            self._domains.update((each, {}) for each in wanted)
            for document in self._collections.statistics.find(
                {"_id": {"$in": list(of_key)}}, batch_size=len(of_key) + 1, session=self._session
            ):
                self._domains[of_key[document["_id"]]][document["_id"]] = document
        self._read[writer] = domains_of(self._domains[writer].values())
        return self._read[writer]

    def add_statistics(self, writer: Writer, difference: Statistics) -> None:
        """Add to what a writer counts; a count that comes to zero is deleted.

        The updates of all writers go to the server as one command, before anything is read that
        they change.
        """
        held = self._domains.pop(writer, {})
        if writer in self._read and writer not in self._counted:
            before = self._read.pop(writer)
            changed = {d: before.get(d, 0) + n for d, n in difference.email_domains.items()}
            self._after[writer] = {d: n for d, n in {**before, **changed}.items() if n}
        else:
            self._after.pop(writer, None)
        self._counted.add(writer)
        changes = changes_by_document(writer_key(writer), difference)
        if not changes:
            return
        self._count(writer)
        self._to_touch.add(writer)
        smaller = [
            key
            for key, fields in changes.items()
            if key not in held
            and any(change < 0 and can_vanish(field) for field, change in fields.items())
        ]
        if smaller:
            found = self._collections.statistics.find(
                {"_id": {"$in": smaller}}, session=self._session
            )
            held |= {document["_id"]: document for document in found}
        self._counting[writer] = [
            UpdateOne({"_id": key}, update_of(fields, held.get(key, {})))
            for key, fields in changes.items()
        ]

    def _count(self, writer: Writer | None = None) -> None:
        """Send what is to be added to statistics, if any of it is to those of this writer.

        Raises:
            StoreError: a document of the statistics is gone.
        """
        if not self._counting or (writer is not None and writer not in self._counting):
            return
        updates = [update for of_writer in self._counting.values() for update in of_writer]
        self._counting.clear()
        statistics = self._collections.statistics
        done = statistics.bulk_write(updates, ordered=False, session=self._session)
        if done.matched_count != len(updates):
            raise lost(statistics.full_name)

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
        added = {f"arrivals.{minute_name(minute)}": count for minute, count in arrivals.items()}
        update: Document = {
            "$inc": {"revision": 1, **count_fields(tally), **added},
            "$set": {"position": Int64(position)},
        }
        if arrivals_until is not None:
            oldest = minute_name(arrivals_until)
            if too_old := [name for name in self._arrivals(writer) if name <= oldest]:
                update["$unset"] = {f"arrivals.{name}": "" for name in too_old}
        document = self._writer(writer)
        if writer in self._after and document is not None:
            state = State(document["revision"] + 1, position)
            self.left[writer] = state, self._after.pop(writer)
        self._advancing.append(UpdateOne({"_id": writer_key(writer)}, update))
        self._to_touch.discard(writer)

    def _advance(self) -> None:
        """Send what moves writers on."""
        if self._advancing:
            self._collections.writers.bulk_write(
                self._advancing, ordered=False, session=self._session
            )
            self._advancing = []

    def quarantine(self, rejected: Sequence[Quarantined]) -> None:
        """Keep rejected records."""
        self._collections.quarantine.insert_many(
            quarantine_documents(rejected), session=self._session
        )

    def remove_quarantined(self, messages: Collection[tuple[Writer, int]]) -> int:
        """Take out all that is kept of some messages; return how many."""
        offsets: dict[Writer, list[Int64]] = {}
        for writer, offset in messages:
            offsets.setdefault(writer, []).append(Int64(offset))
        return sum(
            self._collections.quarantine.delete_many(
                {
                    "_id.topic_id": writer.topic_id,
                    "_id.partition": writer.partition,
                    "_id.offset": {"$in": of_writer},
                    # The index is that of the whole `_id`, which sorts by these parts.
                    "_id": {
                        "$gte": quarantine_key(writer, min(of_writer), 0),
                        "$lt": quarantine_key(writer, max(of_writer) + 1, 0),
                    },
                },
                session=self._session,
            ).deleted_count
            for writer, of_writer in offsets.items()
        )

    def quarantined(self, writer: Writer, *, start: int, end: int) -> Sequence[Quarantined]:
        """Return the rejected records of some offsets, in their order."""
        found = self._collections.quarantine.find(
            {"_id": {"$gte": quarantine_key(writer, start), "$lt": quarantine_key(writer, end)}},
            session=self._session,
        ).sort("_id", 1)
        return list(map(quarantined_of, found))

    def delete_quarantined(self, *, before: datetime, limit: int) -> int:
        """Delete up to `limit` rejected records that were logged before a moment."""
        old = {"logged_at": {"$lt": timestamp(before)}}
        found = self._collections.quarantine.find(
            old, {"_id": 1}, limit=limit, session=self._session
        )
        if keys := [document["_id"] for document in found]:
            self._collections.quarantine.delete_many({"_id": {"$in": keys}}, session=self._session)
        return len(keys)

    @contextmanager
    def _duplicates_apart(self) -> Generator[None]:
        """Tell an `_id` that is there already from other failures, where nobody has looked.

        Raises:
            _UnexpectedDuplicateError: there is one.
        """
        try:
            yield
        except BulkWriteError as failure:
            if self._optimistic and code_of(failure) == _DUPLICATE_KEY:
                raise _UnexpectedDuplicateError from None
            raise

    def _key(self, person: PersonId) -> Binary:
        return self._keys.get(person) or key_of(person)

    def _arrivals(self, writer: Writer) -> Mapping[str, int]:
        document = self._writer(writer)
        return {} if document is None else document["arrivals"]

    def _writer(self, writer: Writer) -> Document | None:
        """Return a writer's document; None if it has none yet."""
        self._look_up([writer])
        return self._writers[writer]

    def _look_up(self, writers: Iterable[Writer]) -> None:
        """Look up writers, together with the registry."""
        keys = {writer_key(writer): writer for writer in writers if writer not in self._writers}
        if not keys:
            return
        found = {
            document["_id"]: document
            for document in self._collections.writers.find(
                {"_id": {"$in": [REGISTRY, *keys]}}, session=self._session
            )
        }
        self._registry = found.get(REGISTRY)
        self._writers.update((writer, found.get(key)) for key, writer in keys.items())

    def _known_registry(self) -> Document:
        """Return the document of all writers.

        Raises:
            StoreError: it is gone.
        """
        if self._registry is None:
            self._registry = self._collections.writers.find_one(
                {"_id": REGISTRY}, session=self._session
            )
        if self._registry is None:
            raise lost(self._collections.writers.full_name)
        return self._registry

    def _touch_registry(self, update: Mapping[str, Any]) -> Document:
        """Write the document of all writers, and return it.

        Raises:
            StoreError: it is gone.
        """
        self._registry = self._collections.writers.find_one_and_update(
            {"_id": REGISTRY},
            {"$inc": {"revision": 1}, **update},
            session=self._session,
            return_document=ReturnDocument.AFTER,
        )
        return self._known_registry()


def ledger_in(registry: Document) -> AppliedLedger:
    """Return how far a store has applied the erasure ledger, as its registry says."""
    head = LedgerHead(int(registry["ledger_position"]), registry["ledger_seal"])
    return AppliedLedger(head, int(registry["ledger_carried_out"]), registry["ledger_identity"])


class MongoTransactions:
    """Runs units of work; those that conflict are run again by the driver.

    Most streams bring new persons only, and looking all of them up in vain is an eighth of
    MongoDB's work (2026-11). So after some chunks of whose persons nobody was held, who is
    probably new is inserted unseen. The unique `_id` finds out who is held after all: then nothing
    was written, and the unit of work is run again, with looking everybody up.
    """

    def __init__(self, connection: Connection, collections: Collections) -> None:
        """Work on a store."""
        self._connection = connection
        self._collections = collections
        self._chunks_of_new_persons = 0
        self._domains = RememberedDomains()

    def run(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run a unit of work in a transaction; see the port."""
        optimistic = self._chunks_of_new_persons >= CHUNKS_OF_NEW_PERSONS
        try:
            return self._run(work, optimistic=optimistic)
        except _UnexpectedDuplicateError:
            return self._run(work, optimistic=False)

    def _run(self, work: Callable[[UnitOfWork], T], *, optimistic: bool) -> T:
        def attempt(session: ClientSession) -> tuple[T, MongoUnitOfWork]:
            unit = MongoUnitOfWork(self._collections, session, self._domains, optimistic=optimistic)
            done = work(unit)
            unit.finish()
            return done, unit

        done, unit = self._connection.transaction(attempt)
        self._domains.keep(unit.left)
        found_held = unit.found_held
        if found_held is not None:
            self._chunks_of_new_persons = 0 if found_held else self._chunks_of_new_persons + 1
        return done
