"""A chunk's transaction: decided against what is held, and written with position and counts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from profiles.application.errors import GapError, PolicyChangedError, StoreRefusedError
from profiles.application.log.deciding import Chunk
from profiles.application.log.epochs import Epoch, current_epoch, earlier_epochs, next_epoch
from profiles.application.log.quarantine import Quarantined, quarantined_of
from profiles.application.log.records import LogPartition
from profiles.application.log.splitting import halves, without_profiles
from profiles.application.ports.ledger import Ledger, LedgerView
from profiles.application.ports.stores import Applied
from profiles.application.ports.unit_of_work import Transactions, UnitOfWork
from profiles.application.transaction.arrivals import last_minute_to_delete
from profiles.application.transaction.counting import count
from profiles.application.transaction.planning import CommitPlan, plan_commit
from profiles.application.transaction.removal import apply_ledger
from profiles.domain.outcome import RejectionReason
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile


class _LedgerPositionDiffers(NamedTuple):
    """The store has applied the ledger up to here, which is not where it was read to."""

    applied: int


def apply_chunk(
    transactions: Transactions, chunk: Chunk, ledger: Ledger, *, followed: bool
) -> Applied:
    """Write what a chunk changes, in one transaction, or nothing at all.

    A store that refuses it for good gets it in smaller ones: down to the message that can't be
    held, whose persons are rejected, so that the rest goes on.

    followed: whether a store follows, so that deletions of what was held go to the outbox.

    Returns what became of the chunk.

    Raises:
        GapError: the chunk starts beyond the position, so records would be lost.
        PolicyChangedError: the store is written under another policy now.
        LedgerError, LedgerAwayError: see `Ledger.view`.
        StoreError: the store did not do it; apply the chunk again.
        StoreRefusedError: it refuses even a message of which nothing is stored.
    """
    try:
        return _apply_whole(transactions, chunk, ledger, followed=followed)
    except StoreRefusedError:
        if (parts := halves(chunk)) is not None:
            first, second = parts
            done = apply_chunk(transactions, first, ledger, followed=followed)
            return done.then(apply_chunk(transactions, second, ledger, followed=followed))
        if (rest := without_profiles(chunk)) is None:
            raise
        done = apply_chunk(transactions, rest, ledger, followed=followed)
        return replace(done, refused=quarantined_of(rest))


def _apply_whole(
    transactions: Transactions, chunk: Chunk, ledger: Ledger, *, followed: bool
) -> Applied:
    """Write what a chunk changes in one transaction.

    The ledger is read before the transaction begins, which has no time to wait for it. Inside, the
    store's own ledger position tells whether that was the newest: if not, entries are applied
    first, or the ledger is read again.
    """
    view = ledger.view(at_least=0)
    erased = 0
    while True:
        done = transactions.run(partial(_commit, chunk=chunk, view=view, followed=followed))
        if isinstance(done, Applied):
            return replace(done, owed=done.owed + erased) if erased and followed else done
        if done.applied < view.position:
            erased += apply_ledger(transactions, view, followed=followed)
        else:
            view = ledger.view(at_least=done.applied)


def _commit(
    unit: UnitOfWork, *, chunk: Chunk, view: LedgerView, followed: bool
) -> Applied | _LedgerPositionDiffers:
    """Decide a chunk against what is held, and write it."""
    writer = chunk.partition.writer
    known = unit.position(writer)
    position = chunk.start if known is None else known
    if chunk.start > position:
        raise GapError(position, chunk.start)
    if chunk.policy is not None:
        check_policy(unit, chunk.policy)
    applied = unit.ledger_position()
    if applied != view.position:
        return _LedgerPositionDiffers(applied)
    if known is None:
        unit.add_writer(writer)
    epoch, epochs = _epochs(unit, chunk.partition)
    held = unit.held(
        _persons(chunk), probably_new=partial(_probably_new, chunk, view, position=position)
    )
    planned = partial(
        plan_commit,
        chunk,
        held,
        epoch=epoch.number,
        position=position,
        earlier=earlier_epochs(chunk.partition, epochs),
        suppressed=view.suppressed,
        restricted=view.restricted,
    )
    plan = planned()
    if plan.changes.unread:
        plan = planned(profiles=unit.profiles(plan.changes.unread))
    owed = {p: version for p, version in plan.changes.deletions.items() if p in held}
    if owed and followed:
        unit.add_to_outbox(owed)
    unit.write(
        upserts=plan.changes.upserts,
        deletions=plan.changes.deletions.keys(),
        corrections=plan.changes.corrections,
    )
    count(unit, plan.changes.differences, epochs)
    if plan.quarantined:
        unit.quarantine(plan.quarantined)
    _advance(unit, chunk, plan, position=max(position, chunk.end))
    return replace(
        plan.applied,
        refused=_refused_before(unit, chunk, position=position),
        owed=len(owed) if followed else 0,
    )


def check_policy(unit: UnitOfWork, own: str) -> None:
    """Refuse what was decided by another policy than the one that the store has adopted.

    own: the fingerprint of the policy by which it was decided.

    Raises:
        PolicyChangedError: it is another one.
    """
    adopted = unit.policy()
    if adopted is not None and adopted != own:
        raise PolicyChangedError


def _refused_before(unit: UnitOfWork, chunk: Chunk, *, position: int) -> Sequence[Quarantined]:
    """Return what was refused when the chunk was decided: nothing else tells, as with others."""
    if chunk.start >= position:
        return ()
    kept = unit.quarantined(chunk.partition.writer, start=chunk.start, end=min(position, chunk.end))
    return [each for each in kept if each.rejected.reason is RejectionReason.STORE]


def _epochs(unit: UnitOfWork, partition: LogPartition) -> tuple[Epoch, Sequence[Epoch]]:
    """Return the epoch of a partition, and all epochs; add one if the topic is new or has grown."""
    epochs = unit.epochs()
    current = current_epoch(partition, epochs)
    if current is None:
        current = next_epoch(partition, epochs, unit.positions(partition.topic_id))
        unit.add_epoch(current)
        epochs = [*epochs, current]
    return current, epochs


def _persons(chunk: Chunk) -> Collection[PersonId]:
    return {entry.person for entry in chunk.entries if entry.person is not None}


def _probably_new(chunk: Chunk, view: LedgerView, *, position: int) -> Collection[PersonId]:
    """Return who comes to be held by this chunk: most persons of most chunks for the first time.

    Nobody where some of the chunk was decided before: those may well be held.
    """
    if chunk.start < position:
        return frozenset()
    coming: set[PersonId | None] = set()
    others: set[PersonId | None] = set()
    for entry in chunk.entries:
        (coming if isinstance(entry.outcome, Profile) else others).add(entry.person)
    return {p for p in coming - others - view.suppressed - view.restricted if p is not None}


def _advance(unit: UnitOfWork, chunk: Chunk, plan: CommitPlan, *, position: int) -> None:
    """Move the writer on, with the chunk's tally and its arrivals of the last 24 hours."""
    writer = chunk.partition.writer
    arrivals, until = plan.arrivals, None
    if arrivals:
        newest = max(arrivals)
        counted = unit.newest_arrival(writer)
        until = last_minute_to_delete(newest if counted is None else max(newest, counted))
        arrivals = {minute: number for minute, number in arrivals.items() if minute > until}
    unit.advance(
        writer,
        position=position,
        tally=plan.changes.tally,
        arrivals=arrivals,
        arrivals_until=until,
    )
