"""The list of policies that a store was written under, as documents."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from profiles.adapters.mongo.documents import Document, timestamp
from profiles.application.ports.policies import PolicyEntry, PolicyEvent


def policy_document(number: int, entry: PolicyEntry) -> Document:
    """Write an entry. Its settings are text, for countries' names may have dots."""
    return {
        "_id": number,
        "at": timestamp(entry.at),
        "event": entry.event.value,
        "fingerprint": entry.fingerprint,
        "settings": json.dumps(entry.settings),
        "weaker": list(entry.weaker),
    }


def policies_in(collection: Collection[Document], session: ClientSession) -> Sequence[PolicyEntry]:
    """Read the list, oldest first."""
    return [
        PolicyEntry(
            at=datetime.fromisoformat(document["at"]),
            event=PolicyEvent(document["event"]),
            fingerprint=document["fingerprint"],
            settings=json.loads(document["settings"]),
            weaker=tuple(document["weaker"]),
        )
        for document in collection.find({}, session=session).sort("_id", 1)
    ]
