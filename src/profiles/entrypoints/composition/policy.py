"""The stores and the ledger that `profiles apply-policy` works on."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from profiles.application.following.outbox import Outbox
from profiles.application.ledger.joining import checked_view
from profiles.application.policy.adopting import adopt
from profiles.application.policy.applying import PolicyApplication, PolicyApplier
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.installation import InstallationSettings, existing_ledger
from profiles.entrypoints.composition.stores import deciding_store, following_store


@contextmanager
def applying(
    settings: InstallationSettings,
    *,
    dry_run: bool,
    progress: Callable[[PolicyApplication], None],
) -> Generator[PolicyApplier]:
    """Open what a policy is to be applied to; unless it is a dry run, the store adopts it first.

    Raises:
        UsageError: a store can't be used, or is not there, or the policy is weaker than the one
            that it was written under, and that is not accepted.
        StoreError, LedgerError: a store or the ledger can't be used.
    """
    policy = settings.policy.read()
    with (
        deciding_store(settings.stores.deciding, create=False) as store,
        following_store(settings.stores.following, create=False) as following,
        existing_ledger(settings)(store.ledger().head.number) as ledger,
    ):
        view = checked_view(store.ledger(), ledger)
        if not dry_run:
            adopt(store, policy, accept=settings.policy.accept_change, now=now())
        yield PolicyApplier(
            store=store,
            outbox=Outbox(store=store, following=following),
            policy=policy,
            clock=now,
            view=view,
            progress=progress,
        )
