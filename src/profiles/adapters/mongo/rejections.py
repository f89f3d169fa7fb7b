"""The rejected records of a store in MongoDB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo.collection import Collection

from profiles.adapters.mongo.connection import Connection
from profiles.adapters.mongo.documents import Document, quarantine_key, quarantined_of
from profiles.application.log.quarantine import Quarantined
from profiles.application.ports.rejections import RejectionCounts
from profiles.domain.outcome import RejectionReason


class MongoRejections:
    """Tells of what a store's quarantine has; each method is one query."""

    def __init__(self, connection: Connection, quarantine: Collection[Document]) -> None:
        """Read a store's collection."""
        self._connection = connection
        self._quarantine = quarantine

    def counts(self) -> RejectionCounts:
        """Count all of them."""
        by_reason: dict[str, Any] = {
            "_id": "$reason",
            "kept": {"$sum": 1},
            "further": {"$sum": "$further"},
        }
        with self._connection.asked():
            found = list(self._quarantine.aggregate([{"$group": by_reason}]))
        return RejectionCounts(
            {RejectionReason(each["_id"]): each["kept"] for each in found},
            sum(each["further"] for each in found),
        )

    def newest(self, *, limit: int, reason: RejectionReason | None = None) -> Sequence[Quarantined]:
        """Return up to `limit`, the last one logged first."""
        wanted = {} if reason is None else {"reason": reason.value}
        return self._found(wanted, [("logged_at", -1), ("_id", -1)], limit)

    def in_log_order(self, *, after: Quarantined | None, limit: int) -> Sequence[Quarantined]:
        """Return up to `limit` after one, in the order of the log."""
        following: Document = {}
        if after is not None:
            last = quarantine_key(after.partition.writer, after.offset, after.ordinal)
            following = {"_id": {"$gt": last}}
        return self._found(following, [("_id", 1)], limit)

    def _found(
        self, wanted: Document, order: Sequence[tuple[str, int]], limit: int
    ) -> Sequence[Quarantined]:
        with self._connection.asked():
            return list(
                map(quarantined_of, self._quarantine.find(wanted, sort=list(order), limit=limit))
            )
