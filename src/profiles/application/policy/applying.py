"""Bringing what a store holds under the policy in force, some profiles at a time.

Each transaction changes its profiles and their counts, and notes for the following store that it
is behind. Nothing is remembered of how far it came: what was changed needs no change when it is
looked at again, so the same command completes what was interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from profiles.application.errors import PolicyChangedError
from profiles.application.following.outbox import Outbox
from profiles.application.policy.adopting import told
from profiles.application.policy.history import irreversible, key_ids, was_kept_longer
from profiles.application.ports.clock import Clock
from profiles.application.ports.policies import PolicyEntry, PolicyEvent
from profiles.application.ports.stores import DecidingStore
from profiles.application.ports.unit_of_work import UnitOfWork
from profiles.application.transaction.counting import count
from profiles.domain.conforming import conform, conform_corrections, key_of_pseudonym
from profiles.domain.corrections import Corrections
from profiles.domain.ledger_view import LedgerView
from profiles.domain.outcome import Withheld
from profiles.domain.person import PersonId
from profiles.domain.policy import QUARANTINE_RETENTION, PrivacyPolicy
from profiles.domain.policy_settings import deciding_fingerprint_of, fingerprint_of, settings_of
from profiles.domain.profile import Profile
from profiles.domain.resolving import Held, differences
from profiles.domain.version import Version

CHANGED_AT_ONCE: Final = 500
"""Profiles looked at in one transaction, so that a running job waits for a moment only."""


@dataclass(slots=True, kw_only=True)
class PolicyApplication:
    """What applying a policy did, or would do; in persons.

    fingerprint: of the policy. dry_run: whether it only looked.
    held: how many were looked at.
    deleted: by reason.
    changed: in how many of the others something was changed. fields: what, by field.
    restricted: whose processing is restricted, so that they stay as they are.
    exhausted: who would be changed, but was so too often: see `Version`.
    email_keys: how many pseudonyms are held, by the id of their key.
    irreversible: what the policy allows again and can't bring back, in sentences.
    finished: whether it came to the end.
    """

    fingerprint: str
    dry_run: bool
    held: int = 0
    deleted: dict[str, int] = field(default_factory=dict[str, int])
    changed: int = 0
    fields: dict[str, int] = field(default_factory=dict[str, int])
    restricted: int = 0
    exhausted: int = 0
    email_keys: dict[str, int] = field(default_factory=dict[str, int])
    irreversible: list[str] = field(default_factory=list[str])
    finished: bool = False

    def add(self, part: PolicyApplication) -> None:
        """Add the counts of some more persons."""
        self.held += part.held
        self.changed += part.changed
        self.restricted += part.restricted
        self.exhausted += part.exhausted
        for mine, others in (
            (self.deleted, part.deleted),
            (self.fields, part.fields),
            (self.email_keys, part.email_keys),
        ):
            for name, number in others.items():
                _count(mine, name, number)


@dataclass(slots=True, kw_only=True)
class PolicyApplier:
    """Applies a policy that a store has adopted.

    view: the erasure ledger, which says whose data must stay as they are (GDPR Art. 18).
    progress: is told the counts so far.
    """

    store: DecidingStore
    outbox: Outbox
    policy: PrivacyPolicy
    clock: Clock
    view: LedgerView = field(default_factory=LedgerView)
    progress: Callable[[PolicyApplication], None] = field(default=lambda _application: None)
    _deciding: str = field(init=False)

    def __post_init__(self) -> None:
        """Work out once what every transaction compares."""
        self._deciding = deciding_fingerprint_of(settings_of(self.policy))

    def run(
        self, *, dry_run: bool = False, stopped: Callable[[], bool] = lambda: False
    ) -> PolicyApplication:
        """Go through all that is held.

        dry_run: change nothing, and count what would change; the store need not have adopted the
            policy.
        stopped: is asked between two transactions.

        Raises:
            PolicyChangedError: the store is written under another policy.
            StoreError: a store did not do it; what was changed stays changed.
        """
        settings = settings_of(self.policy)
        entries = self.store.progress().policies
        done = PolicyApplication(
            fingerprint=fingerprint_of(settings),
            dry_run=dry_run,
            irreversible=told(irreversible(entries, settings)),
        )
        ids = key_ids(entries, settings)
        treat = partial(
            conform,
            policy=self.policy,
            today=self.clock().date(),
            key_ids=ids,
            shorten=was_kept_longer(entries, settings),
        )
        correct = partial(conform_corrections, policy=self.policy, key_ids=ids)
        last: PersonId | None = None
        while not stopped():
            some, last = self.store.transactions.run(
                partial(self._apply_some, after=last, treat=treat, correct=correct, done=done)
            )
            done.add(some)
            self.progress(done)
            if some.held < CHANGED_AT_ONCE:
                done.finished = True
                break
        done.restricted += self._count_restricted()
        if not dry_run:
            if done.finished:
                self._note(settings, done)
                self._sweep()
            self.outbox.deliver()
        return done

    def _apply_some(
        self,
        unit: UnitOfWork,
        *,
        after: PersonId | None,
        treat: Callable[[Profile], Profile | Withheld],
        correct: Callable[[Corrections], Corrections | None],
        done: PolicyApplication,
    ) -> tuple[PolicyApplication, PersonId | None]:
        """Treat the next profiles; return what was done, and the last of them."""
        if not done.dry_run:
            self._check(unit)
        batch = _Batch(PolicyApplication(fingerprint=done.fingerprint, dry_run=done.dry_run))
        pairs = unit.profiles_after(after, limit=CHANGED_AT_ONCE)
        restricted = self.view.named(profile.id for profile, _ in pairs).restricted
        kept = unit.corrections([profile.id for profile, _ in pairs]) if pairs else {}
        for profile, version in pairs:
            after = profile.id
            batch.counts.held += 1
            if after in restricted:
                batch.counts.restricted += 1
            elif after in kept:
                corrections = kept[after]
                batch.take(profile, version, treat(profile), corrections, correct(corrections))
            else:
                batch.take(profile, version, treat(profile))
        if batch.before and not done.dry_run:
            unit.write(
                upserts=batch.upserts, deletions=batch.deletions, corrections=batch.corrections
            )
            count(unit, differences(batch.now, batch.before), unit.epochs())
            if self.outbox.followed:
                unit.add_to_outbox({p: held.version for p, held in batch.before.items()})
        return batch.counts, after

    def _count_restricted(self) -> int:
        """Count whose profiles are kept apart: they stay as they are."""
        found = 0
        last: PersonId | None = None
        while True:
            some = self.store.transactions.run(partial(_restricted_after, last))
            found += len(some)
            if len(some) < CHANGED_AT_ONCE:
                return found
            last = max(some)

    def _note(self, settings: Mapping[str, object], done: PolicyApplication) -> None:
        """Remember that all that is held was brought under the policy, unless some could not be."""
        if done.exhausted or done.restricted:
            return
        entry = PolicyEntry(
            at=self.clock(),
            event=PolicyEvent.APPLIED,
            fingerprint=done.fingerprint,
            settings=settings,
        )

        def note(unit: UnitOfWork) -> None:
            self._check(unit)
            last = unit.policies()[-1]
            if (last.event, last.fingerprint) != (entry.event, entry.fingerprint):
                unit.add_policy(entry)

        self.store.transactions.run(note)

    def _sweep(self) -> None:
        """Delete what expired meanwhile; a store in a file also clears what it has overwritten."""
        now = self.clock()
        self.store.sweep(
            read_on=now.date(),
            quarantined_before=now - QUARANTINE_RETENTION,
            followed=self.outbox.followed,
        )

    def _check(self, unit: UnitOfWork) -> None:
        if unit.policy() != self._deciding:
            raise PolicyChangedError


@dataclass(slots=True)
class _Batch:
    """What one transaction changes.

    upserts, deletions, corrections: see `UnitOfWork.write`. before: what was held of these persons.
    """

    counts: PolicyApplication
    upserts: dict[PersonId, tuple[Profile, int]] = field(default_factory=dict, repr=False)
    deletions: list[PersonId] = field(default_factory=list, repr=False)
    corrections: dict[PersonId, Corrections] = field(default_factory=dict, repr=False)
    before: dict[PersonId, Held] = field(default_factory=dict, repr=False)

    @property
    def now(self) -> dict[PersonId, Held | None]:
        """Return what is held of them afterwards."""
        return {
            **dict.fromkeys(self.deletions),
            **{person: Held.of(*pair) for person, pair in self.upserts.items()},
        }

    def take(
        self,
        profile: Profile,
        version: int,
        kept: Profile | Withheld,
        corrections: Corrections | None = None,
        kept_corrections: Corrections | None = None,
    ) -> None:
        """Add what is left of a profile and of its corrections."""
        changed = kept != profile or kept_corrections != corrections
        if isinstance(kept, Withheld):
            _count(self.counts.deleted, kept.reason.value)
            self.deletions.append(profile.id)
        elif changed:
            revised = Version.revised(version)
            if revised is None:
                self.counts.exhausted += 1
                return
            self.counts.changed += 1
            for name in _differing(profile, kept):
                _count(self.counts.fields, name)
            self.upserts[profile.id] = kept, revised
            if kept_corrections is not None:
                self.corrections[profile.id] = kept_corrections
        if isinstance(kept, Profile) and (key := key_of_pseudonym(kept.email or "")):
            _count(self.counts.email_keys, key)
        if changed:
            self.before[profile.id] = Held.of(profile, version)


def _restricted_after(last: PersonId | None, unit: UnitOfWork) -> Collection[PersonId]:
    return unit.restricted_after(last, limit=CHANGED_AT_ONCE).keys()


def _differing(before: Profile, after: Profile) -> list[str]:
    pairs = zip(Profile._fields, before, after, strict=True)
    return [name for name, one, other in pairs if one != other]


def _count(counts: dict[str, int], name: str, number: int = 1) -> None:
    counts[name] = counts.get(name, 0) + number
