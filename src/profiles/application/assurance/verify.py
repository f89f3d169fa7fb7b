"""The proof: what is held, counted and followed is what it should be, and nobody else is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from profiles.application.assurance.checks import Check, failed, policy_change_check
from profiles.application.assurance.reconciliation import (
    AT_ONCE,
    Reconciliation,
    Repair,
    reconciliation_check,
)
from profiles.application.assurance.recount import Recount
from profiles.application.following.outbox import Outbox
from profiles.application.policy.history import key_ids, was_kept_longer
from profiles.application.ports.clock import Clock
from profiles.application.ports.ledger import Ledger
from profiles.application.ports.stores import DecidingStore, FollowingStore, StoreProgress
from profiles.domain.errors import ProfilesError
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
    """Verifies the stores. What the deciding store holds is never changed, whatever is found.

    ledger: opens the erasure ledger where it is there, given the position that the store has
        applied; never makes it.
    """

    store: DecidingStore
    following: FollowingStore | None
    ledger: Callable[[int], AbstractContextManager[Ledger]]
    policy: PrivacyPolicy
    clock: Clock

    def run(self, *, repair: bool) -> Verification:
        """Go through all that is held.

        repair: make the following store equal to the deciding store. Deletions that it has still
            to make come first, and then leave the outbox.

        Raises:
            StoreError: a store did not answer; what was repaired until then stays so.
        """
        if repair:
            Outbox(store=self.store, following=self.following).deliver()
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
                progress=before[0],
                today=today,
                repair=repair,
            )
            found, done = comparing.run()
            followed, repaired = found.rows, done if repair else None
            checks.append(reconciliation_check(found, repaired))
        checks.append(self._outbox_check())
        checks += self._suppressed(before[0].ledger_position)
        checks.append(_rest_check(at_rest=before == self._state()))
        return Verification(held=recount.held, followed=followed, checks=checks, repaired=repaired)

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

    def _suppressed(self, applied: int) -> Iterator[Check]:
        """Look for those whom the ledger suppresses."""
        what = "erased persons"
        try:
            with self.ledger(applied) as ledger:
                view = ledger.view(at_least=applied)
        except ProfilesError as failure:
            yield failed(what, failure)
            return
        erased = sorted(view.suppressed)
        here = there = 0
        for start in range(0, len(erased), AT_ONCE):
            some = erased[start : start + AT_ONCE]
            here += len(self.store.held(some))
            there += 0 if self.following is None else len(self.following.held(some))
        found = f"{here:,} of {len(erased):,} are held"
        if self.following is not None:
            found += f", {there:,} in the following store"
        remedy = None
        if here + there:
            remedy = (
                "`profiles process` (or `run`) applies the ledger's new entries with the next"
                " record, and `profiles verify --repair` does so in the following store."
            )
        yield Check(what=what, ok=not here + there, found=found, remedy=remedy)


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
