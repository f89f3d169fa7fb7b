"""The outbox: changes that the deciding store has made, and the following store still has to.

Those are deletions, and profiles that were changed without a record of the log. They are noted in
the transaction that makes them, so a crash between the stores loses none; they are delivered until
the following store has them, by whichever job next has both stores open.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from profiles.application.ports.stores import DecidingStore, Following, FollowingStore
from profiles.domain.person import PersonId

DELIVERY_S: Final = 3.0
"""Seconds after which a busy job looks into the outbox again: others may have left something."""

DELIVERED_AT_ONCE: Final = 5_000
"""Deletions read, sent and forgotten together: what is held of them in memory stays bounded."""


@dataclass(slots=True, kw_only=True)
class Outbox:
    """Delivers to the following store, if there is one; threads may share it."""

    store: DecidingStore
    following: FollowingStore | None
    _due: float = field(default=0.0, init=False)

    @property
    def followed(self) -> bool:
        """Tell whether a store follows: only then anything may be put into the outbox."""
        return self.following is not None

    def expect(self) -> None:
        """Let it fall due at once: something was put into the outbox, or may have been."""
        self._due = 0.0

    def falls_due(self) -> bool:
        """Say whether something is expected there, or `DELIVERY_S` have passed; at first it is."""
        now = time.monotonic()
        if not self.followed or now < self._due:
            return False
        self._due = now + DELIVERY_S
        return True

    def deliver(self) -> None:
        """Have the following store make all deletions that it has still to make.

        Raises:
            StoreError: a store did not do it; what is left is delivered by the next call.
        """
        if self.following is None:
            return
        while deletions := self.store.outbox(limit=DELIVERED_AT_ONCE):
            self.following.follow(self._as_of_now(deletions))
            self.store.remove_from_outbox(deletions)

    def _as_of_now(self, deletions: Mapping[PersonId, int]) -> Following:
        """Give back whoever is held in a newer version than the one that has to go."""
        held = self.store.held(deletions)
        newer = {p: pair for p, pair in held.items() if pair[1] > deletions[p]}
        return Following(held=newer, absent={p: v for p, v in deletions.items() if p not in newer})
