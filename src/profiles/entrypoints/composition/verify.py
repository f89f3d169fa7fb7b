"""The stores and the ledger that `profiles verify` reads."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager

from profiles.application.assurance.verify import Verifier
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.installation import InstallationSettings, existing_ledger
from profiles.entrypoints.composition.stores import deciding_store, following_store


@contextmanager
def verifying(settings: InstallationSettings, *, repair: bool) -> Generator[Verifier]:
    """Open what is to be verified; a following store that is missing is made only for a repair.

    Raises:
        UsageError, StoreError: a store can't be used, or is not there.
    """
    with (
        deciding_store(settings.stores.deciding, create=False) as store,
        following_store(settings.stores.following, create=repair) as following,
    ):
        yield Verifier(
            store=store,
            following=following,
            ledger=existing_ledger(settings),
            policy=settings.policy.read(),
            clock=now,
            pause=time.sleep,
        )
