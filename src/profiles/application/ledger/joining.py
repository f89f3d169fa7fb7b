"""Before a job writes: the store learns which ledger it is used with, and no other takes its place.

What a store has applied proves a ledger by its seal. A ledger that vanished before that looks like
a new one, so the store remembers which one it was joined to.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Final

from profiles.application.errors import LedgerError
from profiles.application.ports.ledger import AppliedLedger, KnownLedger
from profiles.application.ports.stores import DecidingStore
from profiles.application.ports.unit_of_work import UnitOfWork
from profiles.domain.ledger_view import LedgerView

_LOG: Final = logging.getLogger(__name__)


def join(store: DecidingStore, ledger: KnownLedger, *, accept: bool = False) -> None:
    """Let a store be used with a ledger, and with no other from now on.

    Another one is taken in its place if it has the entry that the store applied last: then it is a
    copy.

    accept: whether the operator accepts another one where nothing was applied that could tell.

    Raises:
        LedgerError: it is another one, or lacks what was applied; nothing was changed.
        LedgerAwayError: it does not answer.
        StoreError: the store did not do it.
    """
    applied = store.ledger()
    while applied.joined != ledger.identity:
        if accept:
            ledger.view(at_least=applied.head)
        else:
            checked_view(applied, ledger)
        before = applied
        applied = store.transactions.run(
            partial(_join, unless_changed=before, identity=ledger.identity)
        )
        if before.joined is not None and applied.joined == ledger.identity:
            _LOG.warning(
                "The store is used with another erasure ledger from now on: %s. Use no other one"
                " with it.",
                ledger.name,
            )


def checked_view(applied: AppliedLedger, ledger: KnownLedger) -> LedgerView:
    """Return what a ledger says if it is the one that a store is used with, or a copy of it.

    applied: how far the store has applied it.

    Raises:
        LedgerError: it is another one, or lacks what was applied.
        LedgerAwayError: it does not answer.
    """
    view = ledger.view(at_least=applied.head)
    proved = applied.head.number > 0 and applied.head.seal is not None
    if proved or applied.joined in (None, ledger.identity):
        return view
    raise LedgerError(
        ledger.name,
        "is another one than the store is used with, and the store has applied no entry that could"
        " show that it is a copy",
        "Restore that one, or name it. If it is lost and nobody was ever entered into it, start"
        " `profiles run`, `process` or `spark` once with --accept-new-ledger.",
    )


def _join(unit: UnitOfWork, *, unless_changed: AppliedLedger, identity: str) -> AppliedLedger:
    """Join a store to a ledger, unless another job has changed meanwhile what was checked."""
    if unit.ledger() == unless_changed:
        unit.join_ledger(identity)
    return unit.ledger()
