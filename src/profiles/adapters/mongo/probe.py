"""Facts about the server of a store, for `profiles doctor`; nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC
from typing import Any, Final

from profiles.adapters.mongo.connection import TIMEOUT_S, Connection
from profiles.adapters.mongo.migration import SCHEMA_VERSION, migrations_in
from profiles.adapters.mongo.schema import REGISTRY, opened_collections
from profiles.adapters.mongo.store import MongoDecidingStore
from profiles.application.ports.clock import Clock
from profiles.application.ports.probes import SchemaFacts, ServerFacts
from profiles.application.ports.stores import StoreProgress


class MongoProbe:
    """Asks the server and the store in it."""

    def __init__(  # noqa: PLR0913 - an address is all of this
        self,
        url: str,
        database: str,
        *,
        name: str,
        clock: Clock,
        password: str | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Prepare; it connects when asked.

        name: of the store in messages. password: see `MongoDecidingStore.open`.
        """
        self._password = password
        self._url, self._database = url, database
        self._name = name
        self._clock = clock
        self._timeout_s = timeout_s

    @property
    def name(self) -> str:
        """Name the store."""
        return self._name

    def server(self) -> ServerFacts:
        """Tell what the server is, how many members hold the data, and what its clock says."""
        with closing(
            Connection.open(
                self._url, self._database, password=self._password, timeout_s=self._timeout_s
            )
        ) as connection:
            before = self._clock()
            hello: Mapping[str, Any] = connection.hello()
            middle = before + (self._clock() - before) / 2
        members = [*hello.get("hosts", ()), *hello.get("passives", ())]
        return ServerFacts(
            found="answers, and has transactions",
            copies=len(members) if _SET in hello else None,  # a sharded cluster's are behind it
            ahead=hello["localTime"].replace(tzinfo=UTC) - middle,
        )

    def progress(self) -> StoreProgress:
        """Tell how far the store is."""
        with closing(
            MongoDecidingStore.open(
                self._url,
                self._database,
                password=self._password,
                create=False,
                timeout_s=self._timeout_s,
            )
        ) as store:
            return store.progress()

    def schema(self) -> SchemaFacts:
        """Tell of which schema the store is."""
        with closing(
            Connection.open(
                self._url, self._database, password=self._password, timeout_s=self._timeout_s
            )
        ) as connection:
            collections = opened_collections(connection, "users", create=False)
            with connection.asked():
                registry = collections.writers.find_one({"_id": REGISTRY}) or {}
        return SchemaFacts(version=SCHEMA_VERSION, migrations=migrations_in(registry))


_SET: Final = "setName"
