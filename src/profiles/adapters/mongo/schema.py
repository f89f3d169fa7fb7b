"""The collections of a store: their names, their indexes, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pymongo
from pymongo.collection import Collection

from profiles.adapters.mongo.connection import Connection
from profiles.adapters.mongo.documents import Document
from profiles.adapters.mongo.migration import (
    FIRST_ENTRIES,
    Schema,
    bring_forward,
    outbox_of,
    policies_of,
    restricted_of,
)
from profiles.domain.errors import UsageError

REGISTRY: Final = "registry"
"""The `_id` of the one document, among the writers', that the whole store shares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collections:
    """Where a store lies.

    users: a document for each profile.
    writers: the registry, and a document for each writer: read position, ledger position,
        counts, arrivals.
    statistics: each writer's cells and e-mail domains.
    quarantine: a document for each rejected record.
    policies: a document for each entry of the list of policies.
    outbox: a document for each deletion that the following store has still to make.
    restricted: documents of profiles that are kept apart.
    """

    users: Collection[Document]
    writers: Collection[Document]
    statistics: Collection[Document]
    quarantine: Collection[Document]
    policies: Collection[Document]
    outbox: Collection[Document]
    restricted: Collection[Document]


def opened_collections(connection: Connection, users: str, *, create: bool) -> Collections:
    """Give the collections of a store, named after that of the profiles.

    create: make them if they are missing, and bring them forward if an earlier release wrote them:
        here and nowhere else, for inside a transaction that meets the lock limit.

    Raises:
        UsageError: they are missing, or something else's, or of a schema version that is not this
            release's and can't or may not be brought forward.
        StoreError: the server did not answer.
    """
    collections = Collections(
        users=connection.collection(users),
        writers=connection.collection(f"{users}_writers"),
        statistics=connection.collection(f"{users}_statistics"),
        quarantine=connection.collection(f"{users}_quarantine"),
        policies=connection.collection(policies_of(users)),
        outbox=connection.collection(outbox_of(users)),
        restricted=connection.collection(restricted_of(users)),
    )
    with connection.asked():
        registry = collections.writers.find_one({"_id": REGISTRY})
        if registry is None:
            if not create:
                raise UsageError(
                    f"There is no profile store at {connection.address} under the name {users};"
                    " make one with `profiles process`, or name another database."
                )
            if collections.users.find_one({}, {"_id": 1}) is not None:
                raise UsageError(
                    f"The collection {users} at {connection.address} holds documents, but was not"
                    " made by profiles; name another database or collection."
                )
            registry = _create(connection, collections)
    schema = Schema.of(registry)
    if schema.is_behind(f"The store at {connection.address} under the name {users}", create=create):
        bring_forward(
            connection,
            schema,
            users=collections.users,
            writers=collections.writers,
            registry=REGISTRY,
        )
    return collections


def _create(connection: Connection, collections: Collections) -> dict[str, Any]:
    """Make what is missing; the registry comes last, so it says that all is there."""
    for collection in (
        collections.users,
        collections.writers,
        collections.statistics,
        collections.quarantine,
        collections.policies,
        collections.outbox,
        collections.restricted,
    ):
        connection.create_collection(collection.name)
    collections.users.create_index("expires_at")
    collections.quarantine.create_index([("logged_at", 1), ("_id", 1)])
    registry = collections.writers.find_one_and_update(
        {"_id": REGISTRY},
        {
            "$setOnInsert": {
                **FIRST_ENTRIES,
                "ledger_position": 0,
                "ledger_seal": None,
                "ledger_carried_out": 0,
                "ledger_identity": None,
                "revision": 0,
                "epochs": [],
            }
        },
        upsert=True,
        return_document=pymongo.ReturnDocument.AFTER,
    )
    return registry or {}
