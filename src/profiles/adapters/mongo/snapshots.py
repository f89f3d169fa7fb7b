"""MongoDB's deciding store as of one moment: a session that reads a snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pymongo.client_session import ClientSession

from profiles.adapters.mongo.connection import Connection
from profiles.adapters.mongo.counting import statistics_of, tally_of
from profiles.adapters.mongo.documents import profile_of
from profiles.adapters.mongo.policies import policies_in
from profiles.adapters.mongo.schema import REGISTRY, Collections
from profiles.adapters.mongo.unit_of_work import LEDGER_FIELDS, ledger_in
from profiles.application.ports.ledger import NOT_APPLIED
from profiles.application.ports.stores import StoreProgress
from profiles.domain.profile import Profile
from profiles.domain.statistics import Statistics
from profiles.domain.tally import Tally

_READ_AT_ONCE: Final = 5_000


class MongoSnapshot:
    """Reads what the server keeps of the moment of the session's first read.

    The server keeps it for 300 seconds unless it is told otherwise
    (`minSnapshotHistoryWindowInSeconds`).
    """

    def __init__(
        self, connection: Connection, collections: Collections, session: ClientSession
    ) -> None:
        """Read by a session; what it reads first sets the moment."""
        self._connection = connection
        self._collections = collections
        self._session = session

    def progress(self) -> StoreProgress:
        """Return how far the store was."""
        with self._connection.asked():
            return progress_in(self._collections, self._session)

    def profiles(self) -> Iterator[tuple[Profile, int]]:
        """Yield all that was held, in the order of ids."""
        return profiles_in(self._connection, self._collections, self._session)

    def statistics(self) -> Statistics:
        """Return the sum over all writers."""
        with self._connection.asked():
            return statistics_of(statistics_in(self._collections, self._session))

    def counts(self) -> Tally:
        """Return the sum of all tallies."""
        with self._connection.asked():
            return tally_of(
                writers_in(self._collections, self._session, {"counts": 1, "reasons": 1})
            )


def progress_in(collections: Collections, session: ClientSession) -> StoreProgress:
    """Read how far the store is."""
    fields = {"topic_id": 1, "partition": 1, "position": 1, "epochs": 1, **LEDGER_FIELDS}
    found = {d["_id"]: d for d in collections.writers.find({}, fields, session=session)}
    policies = tuple(policies_in(collections.policies, session))
    outbox = collections.outbox.count_documents({}, session=session)
    registry = found.pop(REGISTRY, None)
    epochs = [] if registry is None else registry["epochs"]
    return StoreProgress(
        ledger=NOT_APPLIED if registry is None else ledger_in(registry),
        topics=tuple((row["topic_id"], row["partitions"]) for row in epochs),
        positions={
            (writer["topic_id"], writer["partition"]): int(writer["position"])
            for writer in found.values()
            if writer["position"] is not None
        },
        policies=policies,
        outbox=outbox,
    )


def statistics_in(collections: Collections, session: ClientSession) -> list[dict[str, Any]]:
    """Read the documents of all writers' statistics."""
    return list(collections.statistics.find({}, batch_size=10_000, session=session))


def writers_in(
    collections: Collections, session: ClientSession, fields: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Read fields of all writers' documents."""
    return list(collections.writers.find({"_id": {"$ne": REGISTRY}}, fields, session=session))


def profiles_in(
    connection: Connection, collections: Collections, session: ClientSession | None
) -> Iterator[tuple[Profile, int]]:
    """Yield all that is held, in the order of ids, some read at a time."""
    query: dict[str, Any] = {}
    while True:
        with connection.asked():
            found = collections.users.find(query, session=session)
            documents = list(found.sort("_id", 1).limit(_READ_AT_ONCE))
        yield from map(profile_of, documents)
        if len(documents) < _READ_AT_ONCE:
            return
        query = {"_id": {"$gt": documents[-1]["_id"]}}
