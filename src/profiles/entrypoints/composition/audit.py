"""The stores and the ledger that `profiles audit` looks into."""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date

from profiles.application.assurance.audit import Auditor
from profiles.application.ledger.joining import checked_view
from profiles.application.rights.extending import extend
from profiles.application.rights.places import Places
from profiles.domain.ledger_entry import Reason
from profiles.domain.person import PersonId
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.erasing import embedded_records, writer_of
from profiles.entrypoints.composition.installation import InstallationSettings, existing_ledger
from profiles.entrypoints.composition.stores import deciding_store, following_store


@contextmanager
def auditing(settings: InstallationSettings) -> Generator[Auditor]:
    """Open the stores and the embedded engine's log, if it is there; none is made.

    Raises:
        UsageError, StoreError, LogError: one of them can't be used, or is not there.
    """
    following = settings.stores.following
    with ExitStack() as stack:
        store = stack.enter_context(deciding_store(settings.stores.deciding, create=False))
        places = Places(
            store=store,
            following=stack.enter_context(following_store(following, create=False)),
            records=embedded_records(settings, stack) if settings.kafka is None else None,
            name=settings.stores.deciding.name,
            following_name=None if following is None else following.name,
        )

        def held(persons: Sequence[PersonId]) -> Collection[PersonId]:
            counted = zip(persons, places.count(persons), strict=True)
            return [person for person, counts in counted if any(counts.values())]

        yield Auditor(
            store=store,
            ledger=existing_ledger(settings),
            keyring=settings.keyring,
            held=held,
            clock=now,
        )


def extend_request(settings: InstallationSettings, number: int, reason: Reason) -> date:
    """Enter that a request has more time; see `extend`.

    Raises:
        UsageError, StoreError, LedgerError, LogError: it was refused, or not confirmed.
    """
    with (
        deciding_store(settings.stores.deciding, create=False) as store,
        existing_ledger(settings)(store.ledger().head.number) as ledger,
    ):
        checked_view(store.ledger(), ledger)
        writer = writer_of(settings, ledger)
        return extend(ledger, writer, number, reason=reason, clock=now)
