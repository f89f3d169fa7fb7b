"""What writers count by e-mail domain, remembered from one transaction to the next.

Every chunk has to know it, to bound the domains, and it is spread over sixteen documents. Whoever
changes what a writer counts raises the revision of the writer's document in the same transaction:
so what was counted when it had this revision and this position is counted still.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from profiles.adapters.mongo.documents import Document
from profiles.application.log.records import Writer


class State(NamedTuple):
    """By what it is seen that nothing has changed since."""

    revision: int
    position: int | None

    @classmethod
    def of(cls, document: Document) -> State:
        """Read it from a writer's document."""
        return cls(document["revision"], document["position"])


class RememberedDomains:
    """Counts by domain, of each writer as of a state."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._known: dict[Writer, tuple[State, Mapping[str, int]]] = {}

    def of(self, writer: Writer, document: Document | None) -> Mapping[str, int] | None:
        """Return what a writer counts whose document is this one; None if that is not known."""
        if document is None or writer not in self._known:
            return None
        state, domains = self._known[writer]
        return domains if state == State.of(document) else None

    def keep(self, known: Mapping[Writer, tuple[State, Mapping[str, int]]]) -> None:
        """Remember what a transaction that was committed has left."""
        self._known.update(known)
