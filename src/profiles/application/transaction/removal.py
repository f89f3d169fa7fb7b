"""Deleting what is held: of whom the ledger suppresses, and what has expired.

Some at a time, so that no transaction takes long; each deletes profiles with their counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Final

from profiles.application.ports.ledger import Ledger, LedgerView
from profiles.application.ports.unit_of_work import Transactions, UnitOfWork
from profiles.application.transaction.counting import count
from profiles.domain.person import PersonId
from profiles.domain.resolving import Held, counted_out

REMOVED_AT_ONCE: Final = 1_000
"""Profiles deleted in one transaction: so it is over in a moment."""

_ASKED_AT_ONCE: Final = 50_000
"""Persons in one question: MongoDB refuses one of ten times as many (16 MB)."""


def catch_up(transactions: Transactions, ledger: Ledger) -> Mapping[PersonId, int]:
    """Apply what a ledger has that the store has not applied yet; see `apply_ledger`.

    Raises:
        LedgerError, LedgerAwayError: see `Ledger.view`.
        StoreError: the store did not do it; what is deleted stays deleted.
    """
    applied = transactions.run(lambda unit: unit.ledger_position())
    view = ledger.view(at_least=applied)
    return apply_ledger(transactions, view) if view.position > applied else {}


def apply_ledger(transactions: Transactions, view: LedgerView) -> Mapping[PersonId, int]:
    """Delete whom a ledger suppresses, and note that it is applied.

    The last transaction finds nobody left and raises the ledger position: whoever decided by an
    earlier view at the same time conflicts with it, and reads the ledger again.

    Returns who was held until now, with the version that was held.

    Raises:
        StoreError: the store did not do it; what is deleted stays deleted.
    """
    persons = sorted(view.suppressed)
    questions = [
        persons[start : start + _ASKED_AT_ONCE] for start in range(0, len(persons), _ASKED_AT_ONCE)
    ]
    erased: dict[PersonId, int] = {}
    while True:
        some = transactions.run(partial(_erase_some, questions=questions, position=view.position))
        erased.update(some)
        if len(some) < REMOVED_AT_ONCE:
            return erased


def _erase_some(
    unit: UnitOfWork, *, questions: Sequence[Sequence[PersonId]], position: int
) -> Mapping[PersonId, int]:
    """Delete some; where nobody is left, note the position."""
    going: dict[PersonId, Held] = {}
    for persons in questions:
        if room := REMOVED_AT_ONCE - len(going):
            going.update(unit.held(persons, limit=room))
    _remove(unit, going)
    if len(going) < REMOVED_AT_ONCE and unit.ledger_position() < position:
        unit.set_ledger_position(position)
    return {person: held.version for person, held in going.items()}


def sweep(transactions: Transactions, *, read_on: date, quarantined_before: datetime) -> int:
    """Delete what has expired: profiles with their counts, and old entries of quarantine.

    read_on: profiles whose `expires_at` is not later are deleted.
    quarantined_before: entries logged earlier are deleted.

    Returns how many profiles were deleted.

    Raises:
        StoreError: the store did not do it; what is deleted stays deleted.
    """
    deleted = _until_done(transactions, partial(_delete_expired, read_on=read_on))
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


def _delete_expired(unit: UnitOfWork, *, read_on: date) -> int:
    going = unit.expired(read_on, limit=REMOVED_AT_ONCE)
    _remove(unit, going)
    return len(going)


def _remove(unit: UnitOfWork, going: Mapping[PersonId, Held]) -> None:
    """Delete profiles, and their counts where each was counted."""
    if going:
        unit.write(upserts={}, deletions=going.keys())
        count(unit, counted_out(going.values()), unit.epochs())
