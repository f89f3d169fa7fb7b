"""Bringing a store that an earlier release has written forward to the present schema.

Documents are changed some at a time, each time in a moment, and the registry last of all. So a
process that is killed in between leaves a store of the earlier schema; the next one looks at every
document again and finds what is done. Several at once do the same work, and one of them notes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pymongo.collection import Collection

from profiles.adapters.mongo.connection import Connection
from profiles.adapters.mongo.documents import Document
from profiles.application.ports.probes import Migration
from profiles.domain.columns import COLUMNS, NAMES
from profiles.domain.errors import UsageError

SCHEMA_VERSION: Final = 4

AT_ONCE: Final = 1_000
"""Documents that are looked at in one command."""

Step = Callable[[Connection, Collection[Document]], None]
"""Changes the profiles' documents, or makes what stands beside them; it may be done again after it
was done in part."""


def _list_fields(_connection: Connection, _users: Collection[Document]) -> None:
    """To schema 2, whose registry lists the fields that every document has: see `_fill`."""


def policies_of(users: str) -> str:
    """Name the collection of the policies that a store was written under."""
    return f"{users}_policies"


def outbox_of(users: str) -> str:
    """Name the collection of deletions that a following store has still to make."""
    return f"{users}_outbox"


def _add_collections(connection: Connection, users: Collection[Document]) -> None:
    """To schema 3, which remembers policies and has an outbox."""
    for name in (policies_of(users.name), outbox_of(users.name)):
        with connection.asked():
            connection.create_collection(name)


def restricted_of(users: str) -> str:
    """Name the collection of the profiles that are kept apart."""
    return f"{users}_restricted"


def _keep_apart(connection: Connection, users: Collection[Document]) -> None:
    """To schema 4, which keeps profiles apart whose processing is restricted.

    A profile's document may have the field `corrections` there; an earlier release would lose them,
    and is refused.
    """
    with connection.asked():
        connection.create_collection(restricted_of(users.name))


STEPS: Final[Mapping[int, Step]] = {1: _list_fields, 2: _add_collections, 3: _keep_apart}
"""From each earlier schema version to the next one. Fields of profiles need no step: those that the
registry does not list are written as null where they are missing."""

FIRST_ENTRIES: Final[Mapping[str, Any]] = {
    "schema_version": SCHEMA_VERSION,
    "fields": list(NAMES),
    "migrations": [],
}
"""What the registry of a new store says of its schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """What the registry of a store says of its schema.

    fields: those that every profile's document has, or None where that is not listed.
    """

    version: int
    fields: Sequence[str] | None

    @classmethod
    def of(cls, registry: Mapping[str, Any]) -> Schema:
        """Read a registry."""
        return cls(version=registry.get("schema_version", 0), fields=registry.get("fields"))

    @property
    def lacking(self) -> Sequence[str]:
        """Name the fields that may be missing in documents; a store lists all others."""
        return [
            column.name
            for column in COLUMNS
            if (column.nullable if self.fields is None else column.name not in self.fields)
        ]

    def is_behind(self, where: str, *, create: bool) -> bool:
        """Tell whether a store has to be brought forward.

        where: names the store at the beginning of a sentence. create: whether it may be.

        Raises:
            UsageError: a later release has written it, or it has to be brought forward and may
                not be, or is none that can be.
        """
        if self.version > SCHEMA_VERSION:
            raise UsageError(
                f"{where} is of schema version {self.version}, and this release knows none later"
                f" than {SCHEMA_VERSION}; nothing was changed. Use the release that wrote it, or a"
                " later one, or name another database."
            )
        if unknown := [name for name in self.fields or () if name not in NAMES]:
            raise UsageError(
                f"{where} has fields that this release does not know ({', '.join(unknown)});"
                " nothing was changed. Use the release that added them, or name another database."
            )
        if self.version < SCHEMA_VERSION:
            found = (
                f"{where} is of schema version {self.version}, and this release's is"
                f" {SCHEMA_VERSION}"
            )
            if not set(range(self.version, SCHEMA_VERSION)) <= STEPS.keys():
                raise UsageError(
                    f"{found}, which it can't be brought to; nothing was changed. Use the release"
                    " that wrote it, or name another database."
                )
        elif self.lacking:
            found = f"{where} lacks the fields {', '.join(self.lacking)}"
        else:
            return False
        if not create:
            raise UsageError(
                f"{found}; nothing was changed. Stop what works on it and start `profiles process`"
                " or `profiles spark` once: that brings it forward."
            )
        return True


def bring_forward(
    connection: Connection,
    schema: Schema,
    *,
    users: Collection[Document],
    writers: Collection[Document],
    registry: str,
) -> None:
    """Do what there is to do, and note it; what others have done meanwhile is not done again.

    schema: of the store, which is behind. registry: the `_id` of that document among the writers.

    Raises:
        StoreError: the server did not do it; what was done stays.
    """
    for version in range(schema.version, SCHEMA_VERSION):
        STEPS[version](connection, users)
    if schema.lacking:
        _fill(connection, users, schema.lacking)
    with connection.asked():
        # Of schema 3 and before: the ledger had no seals, and what was applied was carried out.
        writers.update_one(
            {"_id": registry, "ledger_carried_out": {"$exists": False}},
            [
                {
                    "$set": {
                        "ledger_seal": None,
                        "ledger_carried_out": "$ledger_position",
                        "ledger_identity": None,
                    }
                }
            ],
        )
    at = connection.hello()["localTime"]
    with connection.asked():
        writers.update_one(
            # Where `fields` is missing it matches None.
            {"_id": registry, "schema_version": schema.version, "fields": schema.fields},
            {
                "$set": {"schema_version": SCHEMA_VERSION, "fields": list(NAMES)},
                "$push": {
                    "migrations": {
                        "from_version": schema.version,
                        "to_version": SCHEMA_VERSION,
                        "added": [] if schema.fields is None else list(schema.lacking),
                        "at": at,
                    }
                },
            },
        )


def migrations_in(registry: Mapping[str, Any]) -> Sequence[Migration]:
    """Return what is noted of how a store was brought forward, oldest first."""
    return [
        Migration(noted["from_version"], noted["at"].date(), tuple(noted["added"]))
        for noted in registry.get("migrations", ())
    ]


def _fill(connection: Connection, users: Collection[Document], names: Sequence[str]) -> None:
    """Write null where a document lacks a field."""
    missing = {"$or": [{name: {"$exists": False}} for name in names]}
    nulls = {name: {"$ifNull": [f"${name}", None]} for name in names}
    beyond: dict[str, Any] = {}
    while True:
        with connection.asked():
            some = users.find(beyond, {"_id": 1}).sort("_id", 1).limit(AT_ONCE)
            ids = [document["_id"] for document in some]
            if ids:
                these = {"_id": {"$gte": ids[0], "$lte": ids[-1]}}
                users.update_many({**these, **missing}, [{"$set": nulls}])
        if len(ids) < AT_ONCE:
            return
        beyond = {"_id": {"$gt": ids[-1]}}
