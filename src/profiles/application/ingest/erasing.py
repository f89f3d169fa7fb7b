"""Erasures that wait for no record: what the ledger says is carried out now and then."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import Final

from profiles.application.errors import MAY_PASS
from profiles.application.following.outbox import Outbox
from profiles.application.ports.ledger import Ledger
from profiles.application.ports.stores import DecidingStore, FollowingStore

LEDGER_S: Final = 3.0
"""Seconds after which the ledger is looked into again."""

_logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class LedgerWatch:
    """Deletes from both stores whom the ledger suppresses since it was last looked into.

    Every chunk decides by the ledger, and carries it out on its own persons. This is for all the
    others, whom no record may tell of any more: while nothing comes, and where a command or
    another job was killed before it had carried out what it had begun. What else is in the outbox
    is delivered, too.
    """

    store: DecidingStore
    ledger: Ledger
    following: FollowingStore | None
    _due: float = field(default=0.0, init=False)
    _outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        self._outbox = Outbox(store=self.store, following=self.following)

    def __call__(self) -> None:
        """Apply the ledger if it is due; what does not answer is asked again later.

        Raises:
            LedgerError: the ledger can't be trusted, so nothing may go on.
        """
        if not self.falls_due():
            return
        try:
            self.apply()
        except MAY_PASS as failure:
            _logger.warning("%s Erasures are applied as soon as it answers.", failure)

    def falls_due(self) -> bool:
        """Say whether `LEDGER_S` have passed since it last was; at first it is."""
        now = time.monotonic()
        if now < self._due:
            return False
        self._due = now + LEDGER_S
        return True

    def apply(self) -> None:
        """Apply the ledger now.

        Raises:
            LedgerError, LedgerAwayError: see `Ledger.view`.
            StoreError: a store did not do it; the next call makes up for it.
        """
        self.erase()
        self._outbox.deliver()

    def erase(self) -> None:
        """Apply the ledger to the deciding store now; the following store is told later.

        Raises:
            LedgerError, LedgerAwayError: see `Ledger.view`.
            StoreError: the deciding store did not do it; the next call makes up for it.
        """
        self.store.apply_ledger(self.ledger, followed=self._outbox.followed)
