"""Deleting what is held: of whom the ledger suppresses, and what has expired.

Some at a time, so that no transaction takes long; each deletes profiles with their counts, and
notes in the outbox what a following store has to delete, at the version that was held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
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


def catch_up(transactions: Transactions, ledger: Ledger, *, followed: bool) -> int:
    """Apply what a ledger has that the store has not applied yet; see `apply_ledger`.

    Raises:
        LedgerError, LedgerAwayError: see `Ledger.view`.
        StoreError: the store did not do it; what is deleted stays deleted.
    """
    applied = transactions.run(lambda unit: unit.ledger_position())
    view = ledger.view(at_least=applied)
    return apply_ledger(transactions, view, followed=followed) if view.position > applied else 0


def apply_ledger(transactions: Transactions, view: LedgerView, *, followed: bool) -> int:
    """Delete whom a ledger suppresses, and note that it is applied.

    The last transaction finds nobody left and raises the ledger position: whoever decided by an
    earlier view at the same time conflicts with it, and reads the ledger again.

    followed: whether a store follows, so that the deletions go to the outbox.

    Returns how many were held until now.

    Raises:
        StoreError: the store did not do it; what is deleted stays deleted.
    """
    persons = sorted(view.suppressed)
    questions = [
        persons[start : start + _ASKED_AT_ONCE] for start in range(0, len(persons), _ASKED_AT_ONCE)
    ]
    first, last = questions[:-1], questions[-1:]
    erased = sum(
        _until_done(transactions, partial(_erase_some, questions=[persons], followed=followed))
        for persons in first
    )
    all_of_them = [*last, *first]
    return erased + _until_done(
        transactions,
        partial(_erase_the_rest, questions=all_of_them, followed=followed, position=view.position),
    )


def _erase_some(
    unit: UnitOfWork, *, questions: Iterable[Sequence[PersonId]], followed: bool
) -> int:
    going: dict[PersonId, Held] = {}
    for persons in questions:
        if room := REMOVED_AT_ONCE - len(going):
            going.update(unit.held(persons, limit=room))
    _remove(unit, going, followed=followed)
    return len(going)


def _erase_the_rest(
    unit: UnitOfWork, *, questions: Iterable[Sequence[PersonId]], followed: bool, position: int
) -> int:
    """Delete some; where nobody is left, note the position."""
    erased = _erase_some(unit, questions=questions, followed=followed)
    if erased < REMOVED_AT_ONCE and unit.ledger_position() < position:
        unit.set_ledger_position(position)
    return erased


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
    _remove(unit, going, followed=followed)
    return len(going)


def _remove(unit: UnitOfWork, going: Mapping[PersonId, Held], *, followed: bool) -> None:
    """Delete profiles, and their counts where each was counted."""
    if going and followed:
        unit.add_to_outbox({person: held.version for person, held in going.items()})
    if going:
        unit.write(upserts={}, deletions=going.keys())
        count(unit, counted_out(going.values()), unit.epochs())
