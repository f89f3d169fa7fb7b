"""Deleting what has expired, and whatever else is to go.

Some at a time, so that no transaction takes long; each deletes profiles with their counts, and
notes in the outbox what a following store has to delete. That is at the last revision of the
version that was held: where the deciding store was put back, the other may have a later one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial
from typing import Final

from profiles.application.ports.unit_of_work import Transactions, UnitOfWork
from profiles.application.transaction.counting import count
from profiles.domain.person import PersonId
from profiles.domain.resolving import Held, counted_out
from profiles.domain.version import Version

REMOVED_AT_ONCE: Final = 1_000
"""Profiles deleted in one transaction: so it is over in a moment."""


def sweep(
    transactions: Transactions, *, read_on: date, quarantined_before: datetime, followed: bool
) -> int:
    """Delete what has expired: profiles with their counts, and old entries of quarantine.

    read_on: profiles whose `expires_at` is not later are deleted.
    quarantined_before: entries logged earlier are deleted.
    followed: whether a store follows, so that the deletions go to the outbox. Most rows expire
        there by themselves, but not all, and not by the same clock.

    Returns how many profiles were deleted.

    Raises:
        StoreError: the store did not do it; what is deleted stays deleted.
    """
    deleted = _until_done(
        transactions, partial(_delete_expired, read_on=read_on, followed=followed)
    )
    _until_done(
        transactions,
        lambda unit: unit.delete_quarantined(before=quarantined_before, limit=REMOVED_AT_ONCE),
    )
    return deleted


def _until_done(transactions: Transactions, delete_some: Callable[[UnitOfWork], int]) -> int:
    """Delete some in each transaction until one finds fewer; return how many in all."""
    deleted = 0
    while True:
        some = transactions.run(delete_some)
        deleted += some
        if some < REMOVED_AT_ONCE:
            return deleted


def _delete_expired(unit: UnitOfWork, *, read_on: date, followed: bool) -> int:
    going = unit.expired(read_on, limit=REMOVED_AT_ONCE)
    remove(unit, going, followed=followed)
    return len(going)


def remove(unit: UnitOfWork, going: Mapping[PersonId, Held], *, followed: bool) -> None:
    """Delete profiles, and their counts where each was counted."""
    if going and followed:
        unit.add_to_outbox({p: Version.last_revision(held.version) for p, held in going.items()})
    if going:
        unit.write(upserts={}, deletions=going.keys())
        count(unit, counted_out(going.values()), unit.epochs())
