"""A chunk's transaction: decided against what is held, and written with position and counts.

Chunks of several partitions that have few records each share one.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce
from typing import NamedTuple, TypeVar

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
from profiles.domain.resolving import Held

K = TypeVar("K")
V = TypeVar("V")


class _Begun(NamedTuple):
    """A chunk in a transaction, and how far its partition is known to be decided."""

    chunk: Chunk
    known: int | None

    @property
    def position(self) -> int:
        """Return the first offset not yet decided."""
        return self.chunk.start if self.known is None else self.known


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
        return _apply_whole(transactions, [chunk], ledger, followed=followed)
    except StoreRefusedError:
        if (parts := halves(chunk)) is not None:
            first, second = parts
            done = apply_chunk(transactions, first, ledger, followed=followed)
            return done.then(apply_chunk(transactions, second, ledger, followed=followed))
        if (rest := without_profiles(chunk)) is None:
            raise
        done = apply_chunk(transactions, rest, ledger, followed=followed)
        return replace(done, refused=quarantined_of(rest))


def apply_together(
    transactions: Transactions, chunks: Sequence[Chunk], ledger: Ledger, *, followed: bool
) -> Applied:
    """Write what chunks of several partitions change, in one transaction, or nothing at all.

    So a few records of each don't cost a transaction of their own. Each chunk gets one all the
    same, in the order of the chunks, where two tell of the same person, are of the same partition
    or know the topic with other partitions; and where the store refuses them together.

    Returns and raises the same as `apply_chunk`, of all of them.
    """
    if _fit_together(chunks):
        try:
            return _apply_whole(transactions, chunks, ledger, followed=followed)
        except StoreRefusedError:  # of one of them, which is found alone
            pass
    applied = (apply_chunk(transactions, chunk, ledger, followed=followed) for chunk in chunks)
    return reduce(Applied.then, applied)


def _fit_together(chunks: Sequence[Chunk]) -> bool:
    """Tell whether chunks have nothing to do with each other, but for their topic."""
    topics = {(chunk.partition.topic_id, chunk.partition.partitions) for chunk in chunks}
    writers = {chunk.partition.writer for chunk in chunks}
    persons = list(map(_persons, chunks))
    return (
        len(topics) == 1
        and len(writers) == len(chunks)
        and len(frozenset().union(*persons)) == sum(map(len, persons))
    )


def _apply_whole(
    transactions: Transactions, chunks: Sequence[Chunk], ledger: Ledger, *, followed: bool
) -> Applied:
    """Write what chunks change in one transaction.

    The ledger is read before the transaction begins, which has no time to wait for it. Inside, what
    the store knows of the ledger tells whether that was the newest: if not, entries are applied
    first, or the ledger is read again.

    chunks: one, or several that fit together.
    """
    view = ledger.view()
    persons = frozenset().union(*map(_persons, chunks))
    erased = 0
    while True:
        named = view.named(persons)
        done = transactions.run(
            partial(
                _commit, chunks=chunks, persons=persons, view=view, named=named, followed=followed
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
    chunks: Sequence[Chunk],
    persons: Collection[PersonId],
    view: LedgerView,
    named: Named,
    followed: bool,
) -> Applied | _LedgerDiffers:
    """Decide chunks against what is held, and write them.

    named: whom the view names of the chunks' persons.
    """
    begun = _begun(unit, chunks)
    applied = unit.ledger()
    if not decides_by(applied, view):
        return _LedgerDiffers(applied)
    for each in begun:
        if each.known is None:
            unit.add_writer(each.chunk.partition.writer)
    epoch, epochs = _epochs(unit, chunks[0].partition)
    late = 0
    if applied.carried_out < view.last_change:  # somebody is at it, or was killed
        late = carry_out(unit, persons, named, followed=followed)
    held = unit.held(persons, probably_new=partial(_probably_new, begun, named))
    planned = partial(_plans, begun, held, named, epoch=epoch.number, epochs=epochs)
    plans = planned()
    if unread := frozenset().union(*(plan.changes.unread for plan in plans)):
        plans = planned(profiles=unit.profiles(unread))
    owed = _write(unit, plans, held, named, followed=followed)
    for plan in plans:
        count(unit, plan.changes.differences, epochs)
        if plan.quarantined:
            unit.quarantine(plan.quarantined)
    for each, plan in zip(begun, plans, strict=True):
        _advance(unit, each.chunk, plan, position=max(each.position, each.chunk.end))
    done = reduce(Applied.then, [plan.applied for plan in plans])
    return replace(
        done,
        restricted=named.apart,
        refused=[refused for each in begun for refused in _refused_before(unit, each)],
        owed=owed + late if followed else 0,
    )


def _begun(unit: UnitOfWork, chunks: Sequence[Chunk]) -> Sequence[_Begun]:
    """Look up how far the chunks' partitions are, and refuse what may not be decided.

    Raises:
        GapError: a chunk starts beyond its partition's position.
        PolicyChangedError: a chunk was decided by another policy than the one adopted.
    """
    known = unit.positions_of([chunk.partition.writer for chunk in chunks])
    begun = [_Begun(chunk, known[chunk.partition.writer]) for chunk in chunks]
    for each in begun:
        if each.chunk.start > each.position:
            raise GapError(each.position, each.chunk.start)
    for policy in {chunk.policy for chunk in chunks if chunk.policy is not None}:
        check_policy(unit, policy)
    return begun


def _plans(  # noqa: PLR0913 - what a transaction has read, named one by one
    begun: Sequence[_Begun],
    held: Mapping[PersonId, Held],
    named: Named,
    *,
    epoch: int,
    epochs: Sequence[Epoch],
    profiles: Mapping[PersonId, Profile] | None = None,
) -> Sequence[CommitPlan]:
    """Work out what each chunk changes; see `plan_commit`."""
    return [
        plan_commit(
            each.chunk,
            held,
            epoch=epoch,
            position=each.position,
            earlier=earlier_epochs(each.chunk.partition, epochs),
            suppressed=named.suppressed,
            restricted=named.restricted,
            profiles=profiles,
        )
        for each in begun
    ]


def _write(
    unit: UnitOfWork,
    plans: Sequence[CommitPlan],
    held: Mapping[PersonId, Held],
    named: Named,
    *,
    followed: bool,
) -> int:
    """Write profiles and deletions; return how many deletions the following store has to make."""
    changes = [plan.changes for plan in plans]
    deletions = _joined([each.deletions for each in changes])
    _delete_restricted(unit, deletions, named)
    owed = {p: version for p, version in deletions.items() if p in held}
    if owed and followed:
        unit.add_to_outbox(owed)
    unit.write(
        upserts=_joined([each.upserts for each in changes]),
        deletions=deletions.keys(),
        corrections=_joined([each.corrections for each in changes]),
    )
    return len(owed)


def _joined(parts: Sequence[Mapping[K, V]]) -> Mapping[K, V]:
    """Return all of it as one; what is but one, as most often, is not copied."""
    return parts[0] if len(parts) == 1 else dict(ChainMap(*map(dict, parts)))


def _delete_restricted(unit: UnitOfWork, deletions: Mapping[PersonId, int], named: Named) -> None:
    """Delete what is kept apart of whom the source has deleted: it would come back otherwise."""
    versions = {p: v for p, v in deletions.items() if p in named.restricted}
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


def _refused_before(unit: UnitOfWork, begun: _Begun) -> Sequence[Quarantined]:
    """Return what was refused when the chunk was decided: nothing else tells, as with others."""
    chunk, position = begun.chunk, begun.position
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


def _probably_new(begun: Sequence[_Begun], named: Named) -> Collection[PersonId]:
    """Return who comes to be held by these chunks: most persons of most for the first time.

    Nobody of a chunk of which some was decided before: those may well be held.
    """
    entries = [
        entry for each in begun if each.chunk.start >= each.position for entry in each.chunk.entries
    ]
    coming = {each.outcome.id for each in entries if isinstance(each.outcome, Profile)}
    others = {each.person for each in entries if not isinstance(each.outcome, Profile)}
    return coming - others - named.suppressed - named.restricted


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
