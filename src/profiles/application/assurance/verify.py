"""The proof: what is held, counted and followed is what it should be, and nobody else is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

from profiles.application.assurance.checks import Check, failed, policy_change_check
from profiles.application.assurance.reconciliation import (
    AT_ONCE,
    Reconciliation,
    Repair,
    reconciliation_check,
)
from profiles.application.assurance.recount import Recount
from profiles.application.errors import LedgerError
from profiles.application.following.outbox import Outbox
from profiles.application.ledger.joining import checked_view
from profiles.application.policy.history import key_ids, was_kept_longer
from profiles.application.ports.clock import Clock
from profiles.application.ports.ledger import AppliedLedger, KnownLedger
from profiles.application.ports.stores import DecidingStore, FollowingStore, StoreProgress
from profiles.application.transaction.enforcing import count_unlawful
from profiles.domain.errors import ProfilesError
from profiles.domain.ledger_view import LedgerView
from profiles.domain.policy import PrivacyPolicy
from profiles.domain.policy_settings import settings_of
from profiles.domain.statistics import Statistics
from profiles.domain.tally import Tally, UnbalancedTallyError


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was found; it names nobody.

    held: profiles in the deciding store. followed: rows in the following one, if there is one.
    repaired: what was done, if that was asked for.
    """

    held: int
    followed: int | None
    checks: Sequence[Check]
    repaired: Repair | None


@dataclass(slots=True, kw_only=True)
class Verifier:
    """Verifies the stores. The deciding store loses whom the ledger suppresses, if anybody.

    ledger: opens the erasure ledger where it is there, given the position that the store has
        applied; never makes it.
    """

    store: DecidingStore
    following: FollowingStore | None
    ledger: Callable[[int], AbstractContextManager[KnownLedger]]
    policy: PrivacyPolicy
    clock: Clock

    def run(self, *, repair: bool) -> Verification:
        """Go through all that is held.

        repair: carry out what the ledger asks for in the deciding store, then make the following
            store equal to it. Deletions that it has still to make come first, and then leave the
            outbox.

        Raises:
            StoreError: a store did not answer; what was repaired until then stays so.
        """
        view = self._repair() if repair else LedgerView()
        before = self._state()
        today = self.clock().date()
        policies, settings = before[0].policies, settings_of(self.policy)
        recount = Recount(
            claimed=before[1],
            policy=self.policy,
            today=today,
            key_ids=key_ids(policies, settings),
            shorten=was_kept_longer(policies, settings),
        )
        for profile, _ in self.store.profiles():
            recount.add(profile)
        checks = [
            *recount.checks(),
            policy_change_check(before[0], self.policy),
            _tally_check(before[2]),
        ]
        followed, repaired = None, None
        if self.following is not None:
            comparing = Reconciliation(
                store=self.store,
                following=self.following,
                view=view,
                progress=before[0],
                today=today,
                repair=repair,
            )
            found, done = comparing.run()
            followed, repaired = found.rows, done if repair else None
            checks.append(reconciliation_check(found, repaired))
        checks.append(self._outbox_check())
        checks += self._suppressed(before[0].ledger)
        checks.append(_rest_check(at_rest=before == self._state()))
        return Verification(held=recount.held, followed=followed, checks=checks, repaired=repaired)

    def _repair(self) -> LedgerView:
        """Carry out what the ledger asks for, and what is owed to the following store.

        Returns what the ledger says, or nothing where it can't be read.
        """
        outbox, view = Outbox(store=self.store, following=self.following), LedgerView()
        with (
            suppress(LedgerError),  # a check tells of it
            self.ledger(self.store.ledger().head.number) as ledger,
        ):
            view = checked_view(self.store.ledger(), ledger)
            self.store.apply_ledger(ledger, followed=outbox.followed)
        outbox.deliver()
        return view

    def _state(self) -> tuple[StoreProgress, Statistics, Tally]:
        """Return what changes with all that is written."""
        return self.store.progress(), self.store.statistics(), self.store.counts()

    def _outbox_check(self) -> Check:
        """Look for deletions that the following store has still to make."""
        owed = len(self.store.outbox(limit=AT_ONCE))
        if not owed:
            return Check(what="outbox", ok=True, found="empty")
        found = f"{owed:,}{' or more' if owed == AT_ONCE else ''} deletions to be delivered"
        remedy = (
            "`profiles process` (or `spark`) delivers them, and so does `profiles verify --repair`."
            if self.following is not None
            else "Name the following store, too, with a second --store. If it is gone for good,"
            " empty the outbox as docs/recovery.md says."
        )
        return Check(what="outbox", ok=False, found=found, remedy=remedy)

    def _suppressed(self, applied: AppliedLedger) -> Iterator[Check]:
        """Look for those whom the ledger suppresses, in all that is held.

        What the following store holds beyond that is found where both are compared.
        """
        what = "erased persons"
        try:
            with self.ledger(applied.head.number) as ledger:
                view = checked_view(applied, ledger)
        except ProfilesError as failure:
            yield failed(what, failure)
            return
        held = count_unlawful(self.store.transactions, view)
        found = f"{held:,} are held, by a ledger of {view.position:,} entries"
        remedy = (
            "`profiles verify --repair` deletes them, and so does `profiles process` (or `run`)"
            " within seconds of its start."
        )
        yield Check(what=what, ok=not held, found=found, remedy=remedy if held else None)


def _tally_check(tally: Tally) -> Check:
    what = "tallies"
    try:
        tally.check()
    except UnbalancedTallyError as unbalanced:
        found = f"{unbalanced.read:,} read, {unbalanced.outcomes:,} with an outcome or a reason"
        remedy = "This is a defect of profiles; please report it."
        return Check(what=what, ok=False, found=found, remedy=remedy)
    return Check(what=what, ok=True, found=f"add up to the {tally.read:,} that were read")


def _rest_check(*, at_rest: bool) -> Check:
    return Check(
        what="at rest",
        ok=at_rest,
        found="yes" if at_rest else "no: it was written to while it was read",
        remedy=None if at_rest else "Stop the jobs that write to it, and verify again.",
    )
