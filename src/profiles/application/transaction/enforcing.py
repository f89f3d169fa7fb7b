"""What the erasure ledger says, carried out on what is held.

Whom it suppresses is deleted. Whose processing it restricts is kept apart, where no statistics
count her and no following store has her; who is restricted no longer comes back. A ledger names
nobody, so all that is held has to be looked through, unless it is known about whom its newest
entries are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Final, TypeVar

from profiles.application.ports.ledger import AppliedLedger, Ledger
from profiles.application.ports.unit_of_work import Transactions, UnitOfWork
from profiles.application.transaction.counting import count
from profiles.application.transaction.removal import REMOVED_AT_ONCE, remove
from profiles.domain.ledger_view import LedgerView, Named
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.resolving import Held, counted_out, differences
from profiles.domain.version import Version

LOOKED_THROUGH_AT_ONCE: Final = 5_000
"""Persons of whom a transaction asks the ledger: a hundredth of a second's keyed hashes."""

_Restricted = Mapping[PersonId, tuple[Profile, int]]

T = TypeVar("T")


def catch_up(transactions: Transactions, ledger: Ledger, *, followed: bool) -> int:
    """Apply what a ledger has that the store has not applied yet; see `apply_ledger`.

    Raises:
        LedgerError, LedgerAwayError: see `Ledger.view`.
        StoreError: the store did not do it; what was done stays done.
    """
    applied = transactions.run(lambda unit: unit.ledger())
    view = ledger.view(at_least=applied.head)
    if is_applied(applied, view):
        return 0
    return apply_ledger(transactions, view, followed=followed)


def is_applied(applied: AppliedLedger, view: LedgerView) -> bool:
    """Tell whether a store decides by all that a ledger says, and has carried it out."""
    return decides_by(applied, view) and applied.carried_out >= view.position


def decides_by(applied: AppliedLedger, view: LedgerView) -> bool:
    """Tell whether a store decides by just what a ledger says."""
    return applied.head == view.head or applied.head.number == view.position == 0


def apply_ledger(transactions: Transactions, view: LedgerView, *, followed: bool) -> int:
    """Decide by what a ledger says from now on, then carry it out on all that is held.

    The first transaction sets the head: whoever decides by an earlier view at the same time
    conflicts with it, and reads the ledger again. So nobody comes to be held behind the place up to
    which all that is held has been looked through. A process that is killed in between leaves a
    note that this is not done, and the next one does it.

    followed: whether a store follows, so that what it has to do goes to the outbox.

    Returns of how many persons something else is held than before.

    Raises:
        StoreError: the store did not do it; what was done stays done.
    """
    applied = transactions.run(partial(_decide_by, view=view))
    changed = 0
    if applied.carried_out < view.last_change:
        changed = sum(
            some
            for look_at in (_look_at_held, _look_at_restricted)
            for some in _through(transactions, partial(look_at, view=view, followed=followed))
        )
    transactions.run(partial(_note_carried_out, number=view.position))
    return changed


def apply_entries(
    transactions: Transactions,
    persons: Collection[PersonId],
    view: LedgerView,
    *,
    entries: tuple[int, int],
    followed: bool,
) -> int:
    """Carry out entries of whom it is known about whom they are: nobody else is looked at.

    view: what the ledger says with those entries.
    entries: their first and last number. Where all before them are carried out, they are, too.
    followed: see `apply_ledger`.

    Returns of how many persons something else is held than before.

    Raises:
        StoreError: the store did not do it, and nothing was changed; the ledger applies.
    """
    transactions.run(partial(_decide_by, view=view))
    named = view.named(persons)
    return transactions.run(
        partial(
            _carry_out_entries, persons=persons, named=named, entries=entries, followed=followed
        )
    )


def carry_out(
    unit: UnitOfWork, persons: Collection[PersonId], named: Named, *, followed: bool
) -> int:
    """Make what is held of some persons what a ledger asks for; inside a transaction.

    named: whom it names of them.

    Returns of how many something else is held than before.
    """
    return _change(unit, unit.held(persons), unit.restricted(persons), named, followed=followed)


def unlawful(transactions: Transactions, view: LedgerView) -> Iterator[Collection[PersonId]]:
    """Yield of whom something is held that a ledger does not allow, some at a time.

    Raises:
        StoreError: the store did not answer.
    """
    for look_at in (_who_is_held_wrongly, _who_is_apart_wrongly):
        yield from _through(transactions, partial(look_at, view=view))


def unlawful_among(
    transactions: Transactions, persons: Collection[PersonId], view: LedgerView
) -> Collection[PersonId]:
    """Return of which of some persons something is held that a ledger does not allow.

    Raises:
        StoreError: the store did not answer.
    """
    named = view.named(persons)

    def look(unit: UnitOfWork) -> Collection[PersonId]:
        wrongly_held = unit.held(persons).keys() & (named.suppressed | named.restricted)
        return wrongly_held | (unit.restricted(persons).keys() - named.apart)

    return transactions.run(look)


def _through(
    transactions: Transactions, look_at: Callable[..., tuple[T, PersonId | None]]
) -> Iterator[T]:
    """Go through persons, some in each transaction, from the first to the last.

    look_at: given a unit of work and the person to go on behind (`after`), returns what is to be
        yielded, and the person to go on behind next, or None at the end.
    """
    after: PersonId | None = None
    while True:
        some, after = transactions.run(partial(look_at, after=after))
        yield some
        if after is None:
            return


def _decide_by(unit: UnitOfWork, *, view: LedgerView) -> AppliedLedger:
    """Set the head, unless another view has set a later one."""
    applied = unit.ledger()
    if applied.head.number > view.position or decides_by(applied, view):
        return applied
    done = applied.carried_out
    done = view.position if done >= view.last_change else done
    applied = applied._replace(head=view.head, carried_out=done)
    unit.set_ledger(applied)
    return applied


def _note_carried_out(unit: UnitOfWork, *, number: int) -> None:
    applied = unit.ledger()
    if applied.carried_out < number:
        unit.set_ledger(applied._replace(carried_out=number))


def _carry_out_entries(
    unit: UnitOfWork,
    *,
    persons: Collection[PersonId],
    named: Named,
    entries: tuple[int, int],
    followed: bool,
) -> int:
    changed = carry_out(unit, persons, named, followed=followed)
    first, last = entries
    if unit.ledger().carried_out >= first - 1:
        _note_carried_out(unit, number=last)
    return changed


def _look_at_held(
    unit: UnitOfWork, *, after: PersonId | None, view: LedgerView, followed: bool
) -> tuple[int, PersonId | None]:
    """Carry a view out on the next persons who are held.

    Returns how many had to change, and the last person looked at, or None at the end of all.
    """
    held, named, wrong = _held_wrongly(unit, after, view)
    some, last = _some_of(wrong, held)
    changing = {person: held[person] for person in some}
    return _change(unit, changing, {}, named, followed=followed), last


def _look_at_restricted(
    unit: UnitOfWork, *, after: PersonId | None, view: LedgerView, followed: bool
) -> tuple[int, PersonId | None]:
    """Carry a view out on the next persons who are kept apart; returns as `_look_at_held` does."""
    apart, named, wrong = _apart_wrongly(unit, after, view)
    some, last = _some_of(wrong, apart)
    changing = {person: apart[person] for person in some}
    return _change(unit, {}, changing, named, followed=followed), last


def _who_is_held_wrongly(
    unit: UnitOfWork, *, after: PersonId | None, view: LedgerView
) -> tuple[Collection[PersonId], PersonId | None]:
    held, _, wrong = _held_wrongly(unit, after, view)
    return wrong, _last_of(held)


def _who_is_apart_wrongly(
    unit: UnitOfWork, *, after: PersonId | None, view: LedgerView
) -> tuple[Collection[PersonId], PersonId | None]:
    apart, _, wrong = _apart_wrongly(unit, after, view)
    return wrong, _last_of(apart)


def _held_wrongly(
    unit: UnitOfWork, after: PersonId | None, view: LedgerView
) -> tuple[Mapping[PersonId, Held], Named, Collection[PersonId]]:
    """Return the next persons who are held, whom a view names of them, and who may not be held."""
    held = unit.held_after(after, limit=LOOKED_THROUGH_AT_ONCE)
    named = view.named(held)
    return held, named, named.suppressed | named.restricted


def _apart_wrongly(
    unit: UnitOfWork, after: PersonId | None, view: LedgerView
) -> tuple[_Restricted, Named, Collection[PersonId]]:
    """Return the same of those who are kept apart."""
    apart = unit.restricted_after(after, limit=LOOKED_THROUGH_AT_ONCE)
    named = view.named(apart)
    return apart, named, apart.keys() - named.apart


def _some_of(
    wrong: Collection[PersonId], looked_at: Collection[PersonId]
) -> tuple[Iterable[PersonId], PersonId | None]:
    """Return as many as one transaction changes, and the person to go on behind."""
    some = sorted(wrong)[:REMOVED_AT_ONCE]
    return some, some[-1] if len(some) < len(wrong) else _last_of(looked_at)


def _last_of(looked_at: Collection[PersonId]) -> PersonId | None:
    """Return the person to go on behind, or None where these were the last."""
    return max(looked_at) if len(looked_at) == LOOKED_THROUGH_AT_ONCE else None


def _change(
    unit: UnitOfWork,
    held: Mapping[PersonId, Held],
    apart: _Restricted,
    named: Named,
    *,
    followed: bool,
) -> int:
    """Delete, keep apart, and put back.

    held, apart: what is held of some persons, and what is kept apart of some. named: of both.
    """
    kept_apart = named.apart
    going = {p: one for p, one in held.items() if p in named.suppressed}
    aside = {p: one for p, one in held.items() if p in kept_apart}
    leaving = {p: version for p, (_, version) in apart.items() if p in named.suppressed}
    back = {
        p: pair
        for p, pair in apart.items()
        if p not in named.suppressed and p not in named.restricted
    }
    remove(unit, going, followed=followed)
    _keep_apart(unit, aside, followed=followed)
    _delete_kept_apart(unit, leaving, followed=followed)
    _put_back(unit, back, followed=followed)
    return len(going) + len(aside) + len(leaving) + len(back)


def _keep_apart(unit: UnitOfWork, held: Mapping[PersonId, Held], *, followed: bool) -> None:
    """Take persons out of all that is processed, counted, shown and followed (GDPR Art. 18)."""
    if not held:
        return
    if followed:
        unit.add_to_outbox({person: one.version for person, one in held.items()})
    unit.restrict(held.keys())
    count(unit, counted_out(held.values()), unit.epochs())


def _delete_kept_apart(
    unit: UnitOfWork, leaving: Mapping[PersonId, int], *, followed: bool
) -> None:
    """Delete what is kept apart; a following store that was put back may have it all the same."""
    if not leaving:
        return
    if followed:
        unit.add_to_outbox({p: Version.last_revision(v) for p, v in leaving.items()})
    unit.delete_restricted(leaving.keys())


def _put_back(unit: UnitOfWork, apart: _Restricted, *, followed: bool) -> None:
    """Hold persons again as they were, in the next revision of their versions.

    A following store has deleted them at the version that they had. Where no revision is left they
    keep that version, and are followed with their next record.
    """
    if not apart:
        return
    versions = {p: Version.revised(version) or version for p, (_, version) in apart.items()}
    unit.unrestrict(versions)
    if followed:
        unit.add_to_outbox(
            {p: version for p, (_, version) in apart.items() if versions[p] != version}
        )
    now = {p: Held.of(profile, versions[p]) for p, (profile, _) in apart.items()}
    count(unit, differences(now, {}), unit.epochs())
