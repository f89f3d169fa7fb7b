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
from profiles.application.ports.ledger import AppliedLedger, Ledger
from profiles.application.ports.stores import Applied
from profiles.application.ports.unit_of_work import Transactions, UnitOfWork
from profiles.application.transaction.arrivals import last_minute_to_delete
from profiles.application.transaction.counting import count
from profiles.application.transaction.enforcing import apply_ledger, carry_out, decides_by
from profiles.application.transaction.planning import CommitPlan, plan_commit
from profiles.domain.ledger_view import LedgerView, Named
from profiles.domain.outcome import RejectionReason
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile


class _LedgerDiffers(NamedTuple):
    """The store decides by the ledger up to here, which is not where it was read to."""

    applied: AppliedLedger


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

    The ledger is read before the transaction begins, which has no time to wait for it. Inside, what
    the store knows of the ledger tells whether that was the newest: if not, entries are applied
    first, or the ledger is read again.
    """
    view = ledger.view()
    persons = _persons(chunk)
    erased = 0
    while True:
        named = view.named(persons)
        done = transactions.run(
            partial(
                _commit, chunk=chunk, persons=persons, view=view, named=named, followed=followed
            )
        )
        if isinstance(done, Applied):
            return replace(done, owed=done.owed + erased) if erased and followed else done
        view = ledger.view(at_least=done.applied.head)
        if not decides_by(done.applied, view):
            erased += apply_ledger(transactions, view, followed=followed)


def _commit(  # noqa: PLR0913 - what is known before the transaction, named one by one
    unit: UnitOfWork,
    *,
    chunk: Chunk,
    persons: Collection[PersonId],
    view: LedgerView,
    named: Named,
    followed: bool,
) -> Applied | _LedgerDiffers:
    """Decide a chunk against what is held, and write it.

    named: whom the view names of the chunk's persons.
    """
    writer = chunk.partition.writer
    known = unit.position(writer)
    position = chunk.start if known is None else known
    if chunk.start > position:
        raise GapError(position, chunk.start)
    if chunk.policy is not None:
        check_policy(unit, chunk.policy)
    applied = unit.ledger()
    if not decides_by(applied, view):
        return _LedgerDiffers(applied)
    if known is None:
        unit.add_writer(writer)
    epoch, epochs = _epochs(unit, chunk.partition)
    late = 0
    if applied.carried_out < view.last_change:  # somebody is at it, or was killed
        late = carry_out(unit, persons, named, followed=followed)
    held = unit.held(persons, probably_new=partial(_probably_new, chunk, named, position=position))
    planned = partial(
        plan_commit,
        chunk,
        held,
        epoch=epoch.number,
        position=position,
        earlier=earlier_epochs(chunk.partition, epochs),
        suppressed=named.suppressed,
        restricted=named.restricted,
    )
    plan = planned()
    if plan.changes.unread:
        plan = planned(profiles=unit.profiles(plan.changes.unread))
    _delete_restricted(unit, plan, named)
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
        restricted=named.apart,
        refused=_refused_before(unit, chunk, position=position),
        owed=len(owed) + late if followed else 0,
    )


def _delete_restricted(unit: UnitOfWork, plan: CommitPlan, named: Named) -> None:
    """Delete what is kept apart of whom the source has deleted: it would come back otherwise."""
    versions = {p: v for p, v in plan.changes.deletions.items() if p in named.restricted}
    if versions:
        apart = unit.restricted(versions)
        unit.delete_restricted([p for p, (_, version) in apart.items() if version <= versions[p]])


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


def _probably_new(chunk: Chunk, named: Named, *, position: int) -> Collection[PersonId]:
    """Return who comes to be held by this chunk: most persons of most chunks for the first time.

    Nobody where some of the chunk was decided before: those may well be held.
    """
    if chunk.start < position:
        return frozenset()
    coming: set[PersonId | None] = set()
    others: set[PersonId | None] = set()
    for entry in chunk.entries:
        (coming if isinstance(entry.outcome, Profile) else others).add(entry.person)
    return {p for p in coming - others - named.suppressed - named.restricted if p is not None}


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
