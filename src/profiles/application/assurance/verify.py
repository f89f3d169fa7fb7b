"""The proof: what is held, counted and followed is what it should be, and nobody else is there.

Jobs may write meanwhile. What is counted is read as of one moment, and who seems to be wrong in any
other place is looked at again before it is a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from datetime import datetime

from profiles.application.assurance.checks import Check, failed, policy_change_check
from profiles.application.assurance.rechecking import AT_ONCE, Pause, Recheck
from profiles.application.assurance.reconciliation import (
    Reconciliation,
    Repair,
    reconciliation_check,
)
from profiles.application.assurance.recount import Recount
from profiles.application.errors import LedgerError, SnapshotTooOldError, StoreError
from profiles.application.following.outbox import Outbox
from profiles.application.ledger.joining import checked_view
from profiles.application.policy.history import key_ids, was_kept_longer
from profiles.application.ports.clock import Clock
from profiles.application.ports.ledger import AppliedLedger, KnownLedger
from profiles.application.ports.stores import (
    DecidingStore,
    FollowingStore,
    StoreProgress,
    StoreSnapshot,
)
from profiles.application.transaction.enforcing import unlawful, unlawful_among
from profiles.domain.errors import ProfilesError
from profiles.domain.ledger_view import LedgerView
from profiles.domain.person import PersonId
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """The deciding store when it was counted.

    too_old: why it was counted as it came, and not as of one moment.
    """

    at: datetime
    progress: StoreProgress
    statistics: Statistics
    counts: Tally
    too_old: SnapshotTooOldError | None = None

    def is_equal_to(self, now: StoreSnapshot) -> bool:
        """Tell whether nothing was written since."""
        then = self.progress, self.statistics, self.counts
        return then == (now.progress(), now.statistics(), now.counts())


@dataclass(slots=True, kw_only=True)
class Verifier:
    """Verifies the stores. The deciding store loses whom the ledger suppresses, if anybody.

    ledger: opens the erasure ledger where it is there, given the position that the store has
        applied; never makes it.
    pause: waits for some seconds, before persons who differ are looked at again.
    """

    store: DecidingStore
    following: FollowingStore | None
    ledger: Callable[[int], AbstractContextManager[KnownLedger]]
    policy: PrivacyPolicy
    clock: Clock
    pause: Pause

    def run(self, *, repair: bool) -> Verification:
        """Go through all that is held.

        repair: carry out what the ledger asks for in the deciding store, then make the following
            store equal to it. Deletions that it has still to make come first, and then leave the
            outbox.

        Raises:
            StoreError: a store did not answer; what was repaired until then stays so.
        """
        view = self._repair() if repair else LedgerView()
        recount, moment = self._recounted()
        checks = [
            *recount.checks(),
            policy_change_check(moment.progress, self.policy),
            _tally_check(moment.counts),
        ]
        followed, repaired = None, None
        if self.following is not None:
            comparing = Reconciliation(
                store=self.store,
                following=self.following,
                view=view,
                clock=self.clock,
                recheck=self._recheck(moment),
                repair=repair,
            )
            found, done = comparing.run()
            followed, repaired = found.rows, done if repair else None
            checks.append(reconciliation_check(found, repaired))
        checks.append(self._outbox_check(self._recheck(moment)))
        checks.append(self._suppressed_check(moment.progress.ledger, self._recheck(moment)))
        checks.append(_rest_check(moment, at_rest=moment.is_equal_to(self.store)))
        return Verification(held=recount.held, followed=followed, checks=checks, repaired=repaired)

    def _recounted(self) -> tuple[Recount, _Moment]:
        """Count all that is held at one moment.

        Where it takes longer than the store keeps that moment, all is counted as it comes.
        """
        try:
            with self.store.snapshot() as snapshot:
                return self._recount_of(snapshot)
        except SnapshotTooOldError as failure:
            recount, moment = self._recount_of(self.store)
            return recount, replace(moment, too_old=failure)

    def _recount_of(self, held: StoreSnapshot) -> tuple[Recount, _Moment]:
        now = self.clock()
        moment = _Moment(
            at=now,
            progress=held.progress(),
            statistics=held.statistics(),
            counts=held.counts(),
        )
        policies, settings = moment.progress.policies, settings_of(self.policy)
        recount = Recount(
            claimed=moment.statistics,
            policy=self.policy,
            today=now.date(),
            key_ids=key_ids(policies, settings),
            shorten=was_kept_longer(policies, settings),
        )
        for profile, _ in held.profiles():
            recount.add(profile)
        return recount, moment

    def _recheck(self, moment: _Moment) -> Recheck:
        return Recheck(
            pause=self.pause, is_written_to=lambda: self.store.progress() != moment.progress
        )

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

    def _outbox_check(self, recheck: Recheck) -> Check:
        """Look for deletions that the following store has still to make, and nobody delivers."""
        first = self.store.outbox(limit=AT_ONCE)
        if not first:
            return Check(what="outbox", ok=True, found="empty")

        def look(_persons: Collection[PersonId]) -> Mapping[PersonId, int]:
            now = self.store.outbox(limit=AT_ONCE)
            return {p: version for p, version in now.items() if first.get(p) == version}

        owed = len(recheck.last_seen(first, look))
        if not owed:
            found = "what was in it was delivered meanwhile"
            return Check(what="outbox", ok=True, found=found)
        found = f"{owed:,}{' or more' if owed == AT_ONCE else ''} deletions to be delivered"
        remedy = (
            "`profiles process` (or `spark`) delivers them, and so does `profiles verify --repair`."
            if self.following is not None
            else "Name the following store, too, with a second --store. If it is gone for good,"
            " empty the outbox as docs/recovery.md says."
        )
        return Check(what="outbox", ok=False, found=found, remedy=remedy)

    def _suppressed_check(self, applied: AppliedLedger, recheck: Recheck) -> Check:
        """Look for those whom the ledger suppresses, in all that is held.

        What the following store holds beyond that is found where both are compared.
        """
        what = "erased persons"
        try:
            with self.ledger(applied.head.number) as ledger:
                held, entries = self._unlawful(ledger, recheck)
        except StoreError:
            raise
        except ProfilesError as failure:
            return failed(what, failure)
        found = f"{held:,} are held, by a ledger of {entries:,} entries"
        remedy = (
            "`profiles verify --repair` deletes them, and so does `profiles process` (or `run`)"
            " within seconds of its start."
        )
        return Check(what=what, ok=not held, found=found, remedy=remedy if held else None)

    def _unlawful(self, ledger: KnownLedger, recheck: Recheck) -> tuple[int, int]:
        """Count who stays held against a ledger; return the number of its entries, too."""

        def view() -> LedgerView:
            return checked_view(self.store.ledger(), ledger)

        def look(persons: Collection[PersonId]) -> Mapping[PersonId, bool]:
            by_now = view()
            return dict.fromkeys(unlawful_among(self.store.transactions, persons, by_now), True)

        entries = view()
        suspects = filter(None, unlawful(self.store.transactions, entries))
        return sum(map(len, recheck.persistent(suspects, look))), entries.position


def _tally_check(tally: Tally) -> Check:
    what = "tallies"
    try:
        tally.check()
    except UnbalancedTallyError as unbalanced:
        found = f"{unbalanced.read:,} read, {unbalanced.outcomes:,} with an outcome or a reason"
        remedy = "This is a defect of profiles; please report it."
        return Check(what=what, ok=False, found=found, remedy=remedy)
    return Check(what=what, ok=True, found=f"add up to the {tally.read:,} that were read")


def _rest_check(moment: _Moment, *, at_rest: bool) -> Check:
    what = "at rest"
    if at_rest:
        return Check(what=what, ok=True, found="yes")
    if moment.too_old is None:
        found = f"no, jobs were writing: the counts are as of {moment.at:%H:%M:%S} UTC"
        return Check(what=what, ok=True, found=found)
    return Check(
        what=what,
        ok=False,
        found="no, and counting took longer than the store keeps a moment, so the other findings"
        " may be of several moments",
        remedy=moment.too_old.remedy,
    )
