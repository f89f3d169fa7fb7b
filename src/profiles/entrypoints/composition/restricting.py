"""The stores and the ledger that `profiles restrict` and `unrestrict` work on."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager

from profiles.application.ledger.joining import checked_view
from profiles.application.ports.recipients import Recipient
from profiles.application.rights.restricting import Restricter
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.erasing import request_ledger
from profiles.entrypoints.composition.installation import InstallationSettings, existing_ledger
from profiles.entrypoints.composition.stores import deciding_store, following_store


@contextmanager
def restricting(
    settings: InstallationSettings, *, recipients: Sequence[Recipient]
) -> Generator[Restricter]:
    """Open them all; none is made.

    recipients: who is told.

    Raises:
        UsageError, StoreError, LedgerError, LogError: one of them can't be used, or is not there.
    """
    stores = settings.stores
    with ExitStack() as stack:
        store = stack.enter_context(deciding_store(stores.deciding, create=False))
        following = stack.enter_context(following_store(stores.following, create=False))
        ledger = stack.enter_context(existing_ledger(settings)(store.ledger().head.number))
        checked_view(store.ledger(), ledger)
        yield Restricter(
            store=store,
            following=following,
            ledger=ledger,
            requests=request_ledger(settings, ledger, recipients),
            clock=now,
            name=stores.deciding.name,
            following_name=None if stores.following is None else stores.following.name,
        )
