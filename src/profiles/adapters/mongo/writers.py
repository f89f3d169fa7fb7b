"""The writers of a store, inside a transaction: who they are, how far they got, what they count.

Whoever changes what a writer counts writes the writer's document, too. So of two transactions
that do so at once one gets a write conflict and is run again, whatever else they write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from bson.int64 import Int64
from pymongo import ReturnDocument, UpdateOne
from pymongo.client_session import ClientSession

from profiles.adapters.mongo.counting import (
    arrival_update,
    can_vanish,
    changes_by_document,
    count_fields,
    domain_keys,
    domains_of,
    empty_documents,
    update_of,
    writer_key,
)
from profiles.adapters.mongo.documents import Document, held_of
from profiles.adapters.mongo.failures import lost
from profiles.adapters.mongo.schema import REGISTRY, Collections
from profiles.application.chunk import Chunk, EarlierEpoch, LogPartition, Settlement
from profiles.domain.resolving import Held
from profiles.domain.statistics import Cell, Statistics, bounded
from profiles.domain.version import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """A partition's writer as a transaction sees it.

    position: the first offset not yet decided, or None before the first chunk.
    ledger_position: of the erasure ledger, applied.
    """

    key: str
    position: int | None
    ledger_position: int
    arrivals: Mapping[str, int]
    registry: Mapping[str, Any]


def entered(
    collections: Collections, session: ClientSession, partition: LogPartition
) -> Writer | None:
    """Look a partition's writer up, with the registry; None if it has no documents yet.

    Raises:
        StoreError: the registry is gone.
    """
    key = writer_key(partition)
    found = {
        document["_id"]: document
        for document in collections.writers.find({"_id": {"$in": [REGISTRY, key]}}, session=session)
    }
    if key not in found:
        return None
    if REGISTRY not in found:
        raise lost(collections.writers.full_name)
    position = found[key]["position"]
    return Writer(
        key=key,
        position=None if position is None else int(position),
        ledger_position=int(found[key]["ledger_position"]),
        arrivals=found[key]["arrivals"],
        registry=found[REGISTRY],
    )


def enter(collections: Collections, session: ClientSession, partition: LogPartition) -> None:
    """Make a partition's writer and the documents of its statistics, if they are missing.

    The registry is written, too, so that this conflicts with an erasure, which raises the ledger
    position in the documents of all writers that it sees.
    """
    key = writer_key(partition)
    registry = _touched_registry(collections, session, {})
    if collections.writers.find_one({"_id": key}, {"_id": 1}, session=session) is not None:
        return
    collections.writers.insert_one(
        {
            "_id": key,
            "topic_id": partition.topic_id,
            "partition": partition.number,
            "position": None,
            "ledger_position": registry["ledger_position"],
            "revision": 0,
            "counts": {},
            "reasons": {},
            "arrivals": {},
        },
        session=session,
    )
    collections.statistics.insert_many(empty_documents(key), session=session)


def _touched_registry(
    collections: Collections, session: ClientSession, update: Mapping[str, Any]
) -> Document:
    """Write the registry, and return it.

    Raises:
        StoreError: it is gone.
    """
    registry = collections.writers.find_one_and_update(
        {"_id": REGISTRY},
        {"$inc": {"revision": 1}, **update},
        session=session,
        return_document=ReturnDocument.AFTER,
    )
    if registry is None:
        raise lost(collections.writers.full_name)
    return registry


def epochs_of(
    collections: Collections, session: ClientSession, writer: Writer, chunk: Chunk
) -> tuple[int, Sequence[EarlierEpoch]]:
    """Look the epoch of a chunk's partition up, and those before that the topic had.

    A new one is entered if the topic is new or has grown. A process that does not know yet that the
    topic has grown gets the new epoch, too.
    """
    partition = chunk.partition
    rows = writer.registry["epochs"]
    known = [row for row in rows if row["topic_id"] == partition.topic_id]
    if not known or known[-1]["partitions"] < partition.partitions:
        known.append(_entered_epoch(collections, session, chunk, epoch=len(rows) + 1))
    earlier = [
        EarlierEpoch(int(before["epoch"]), int(after["firsts"].get(str(partition.number), 0)))
        for before, after in pairwise(known)
    ]
    return int(known[-1]["epoch"]), earlier


def _entered_epoch(
    collections: Collections, session: ClientSession, chunk: Chunk, *, epoch: int
) -> Document:
    """Enter an epoch, with the first offset of each partition in it."""
    partition = chunk.partition
    # Written before they are read, so that none of them moves on in between.
    of_topic = {"topic_id": partition.topic_id}
    collections.writers.update_many(of_topic, {"$inc": {"revision": 1}}, session=session)
    positions = {
        str(found["partition"]): found["position"]
        for found in collections.writers.find(of_topic, session=session)
        if found["position"] is not None
    }
    positions.setdefault(str(partition.number), Int64(chunk.start))
    row = {"epoch": epoch, **of_topic, "partitions": partition.partitions, "firsts": positions}
    _touched_registry(collections, session, {"$push": {"epochs": row}})
    return row


def move_on(
    collections: Collections,
    session: ClientSession,
    writer: Writer,
    *,
    end: int,
    settlement: Settlement,
) -> None:
    """Write what a chunk adds to a writer's documents."""
    add(collections, session, writer.key, settlement.changes.difference)
    arrived, too_old = arrival_update(settlement.arrivals, writer.arrivals)
    counted = count_fields(settlement.changes.tally)
    update: Document = {
        "$inc": {"revision": 1, **counted, **arrived},
        "$set": {"position": Int64(max(end, writer.position or 0))},
    }
    if too_old:
        update["$unset"] = too_old
    collections.writers.update_one({"_id": writer.key}, update, session=session)


def add(
    collections: Collections, session: ClientSession, writer: str, difference: Statistics
) -> None:
    """Add to a writer's statistics; a count that comes to zero goes.

    Raises:
        StoreError: a document of the statistics is gone.
    """
    statistics = collections.statistics
    held: dict[str, Document] = {}
    if difference.email_domains:
        found = statistics.find({"_id": {"$in": domain_keys(writer)}}, session=session)
        held = {document["_id"]: document for document in found}
        domains = bounded(difference.email_domains, domains_of(held.values()))
        difference = replace(difference, email_domains=domains)
    changes = changes_by_document(writer, difference)
    if not changes:
        return
    smaller = [
        key
        for key, fields in changes.items()
        if key not in held
        and any(change < 0 and can_vanish(field) for field, change in fields.items())
    ]
    if smaller:
        found = statistics.find({"_id": {"$in": smaller}}, session=session)
        held |= {document["_id"]: document for document in found}
    updates = [
        UpdateOne({"_id": key}, update_of(fields, held.get(key, {})))
        for key, fields in changes.items()
    ]
    done = statistics.bulk_write(updates, ordered=False, session=session)
    if done.matched_count != len(updates):
        raise lost(statistics.full_name)


def remove(
    collections: Collections, session: ClientSession, documents: Iterable[Mapping[str, Any]]
) -> int:
    """Delete profiles and their counts, each from the writer that its version names.

    documents: of `users`, with at least `HELD_FIELDS`.

    Returns how many.

    Raises:
        StoreError: the registry, or a document of the statistics, is gone.
    """
    going = list(documents)
    if not going:
        return 0
    registry = collections.writers.find_one({"_id": REGISTRY}, session=session)
    if registry is None:
        raise lost(collections.writers.full_name)
    topics = {row["epoch"]: row["topic_id"] for row in registry["epochs"]}
    by_writer: dict[str, list[Held]] = {}
    for document in going:
        place = Version.parts(document["version"])
        key = writer_key(LogPartition(topics[place.epoch], place.partition))
        by_writer.setdefault(key, []).append(held_of(document))
    keys = [document["_id"] for document in going]
    collections.users.delete_many({"_id": {"$in": keys}}, session=session)
    for key, held in by_writer.items():
        add(collections, session, key, _counted_out(held))
    collections.writers.update_many(
        {"_id": {"$in": list(by_writer)}}, {"$inc": {"revision": 1}}, session=session
    )
    return len(going)


def _counted_out(held: Iterable[Held]) -> Statistics:
    cells: dict[Cell, int] = {}
    domains: dict[str, int] = {}
    for _, cell, domain in held:
        cells[cell] = cells.get(cell, 0) - 1
        domains[domain] = domains.get(domain, 0) - 1
    return Statistics(cells=cells, email_domains=domains)
