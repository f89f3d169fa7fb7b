"""Is the following store what the deciding store holds? Row by row; and making it so again.

Versions order all writes, so this may run beside the jobs. Who differs is looked at again: a job
writes to the deciding store first, and a moment later to the other one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import NamedTuple, TypeVar

from profiles.application.assurance.checks import Check
from profiles.application.assurance.rechecking import AT_ONCE, Recheck
from profiles.application.ports.clock import Clock
from profiles.application.ports.stores import (
    DecidingStore,
    Following,
    FollowingStore,
    StoreProgress,
)
from profiles.domain.ledger_view import LedgerView
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.version import Version

Row = tuple[Profile, int]
T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Comparison:
    """What two stores have not in common, in persons.

    rows: of the following store. missing: held, and not there. extra: there, and not held.
    older: there in an earlier version than held. ahead: there in a later one, or in one that the
        deciding store has still to decide. different: there in the version that is held, and not
        the same.
    """

    rows: int = 0
    missing: int = 0
    extra: int = 0
    older: int = 0
    ahead: int = 0
    different: int = 0

    @property
    def wrong(self) -> int:
        """Count all of them."""
        return self.missing + self.extra + self.older + self.ahead + self.different

    def __str__(self) -> str:
        """Tell what there is."""
        names = ("missing", "extra", "older", "ahead", "different")
        summary = [f"{getattr(self, name):,} {name}" for name in names if getattr(self, name)]
        return ", ".join(summary) or "equal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What was done to the following store, in persons.

    written, deleted: told to the store. left: still not equal, looked at once more.
    """

    written: int = 0
    deleted: int = 0
    left: int = 0


class _Pair(NamedTuple):
    """What is in both stores of a person.

    decided: whether the deciding store had read as far as the row that is there.
    """

    there: Row | None
    held: Row | None
    decided: bool


@dataclass(slots=True, kw_only=True)
class Reconciliation:
    """Compares two stores; `repair` makes the following store equal again as it goes.

    A row from beyond the deciding store's position is left alone: the deciding store is an earlier
    copy, and comes to write the same row in the same version, which a deletion would hide. A row of
    somebody whom the ledger suppresses or restricts goes all the same: no job comes to write it.

    view: of the ledger; one without entries where it is not known.
    """

    store: DecidingStore
    following: FollowingStore
    view: LedgerView
    clock: Clock
    recheck: Recheck
    repair: bool

    def run(self) -> tuple[Comparison, Repair]:
        """Go through both stores, some persons at a time."""
        found = Comparison()
        written = deleted = left = 0
        suspects = chain(self._there(found), self._held())
        for differing in self.recheck.persistent(suspects, self._look):
            mending = self._judged(differing, found)
            left += len(differing) - len(mending.held) - len(mending.absent)
            if self.repair:
                self.following.follow(mending)
                written += len(mending.held)
                deleted += len(mending.absent)
                again = self._look([*mending.held, *mending.absent])
                left += len(self.recheck.last_seen(again, self._look))
        return found, Repair(written=written, deleted=deleted, left=left)

    def _there(self, found: Comparison) -> Iterator[Collection[PersonId]]:
        """Hold what is there against what is held; yield who differs."""
        for some in _some(self.following.profiles()):
            rows = {profile.id: (profile, version) for profile, version in some}
            held = self.store.held(list(rows))
            found.rows += len(some)
            if differing := [person for person, row in rows.items() if row != held.get(person)]:
                yield differing

    def _held(self) -> Iterator[Collection[PersonId]]:
        """Look for what is held and not there; yield whom it is about."""
        for rows in _some(self.store.profiles()):
            living = [profile.id for profile, _ in rows if not self._has_expired(profile)]
            there = self.following.held(living)
            if missing := [person for person in living if person not in there]:
                yield missing

    def _has_expired(self, profile: Profile) -> bool:
        return profile.expires_at <= self.clock().date()

    def _look(self, persons: Collection[PersonId]) -> Mapping[PersonId, _Pair]:
        """Look at some persons in both stores; return those who differ.

        The order matters. What is there, and then is not held by a store that had decided it
        before, was held once and is deleted.
        """
        there = self.following.held(persons)
        progress = self.store.progress()
        held = self.store.held(persons)
        pairs = (
            (person, _pair(there.get(person), held.get(person), progress)) for person in persons
        )
        return {person: pair for person, pair in pairs if self._differs(pair)}

    def _differs(self, pair: _Pair) -> bool:
        """Tell whether a following store is wrong; it forgets by itself who has expired."""
        if pair.there is None:
            return pair.held is not None and not self._has_expired(pair.held[0])
        return pair.there != pair.held

    def _judged(self, differing: Mapping[PersonId, _Pair], found: Comparison) -> Following:
        """Count who differs, and return what mends it."""
        absent: dict[PersonId, int] = {}
        right: dict[PersonId, Row] = {}
        undecided = {p for p, pair in differing.items() if pair.held is None and not pair.decided}
        named = self.view.named(undecided)
        undecided -= named.suppressed | named.restricted
        for person, (there, held, _) in differing.items():
            if person in undecided:
                found.ahead += 1
            elif there is None:
                found.missing += 1
            elif held is None:
                found.extra += 1
                absent[person] = there[1]
            else:
                found.older += there[1] < held[1]
                found.ahead += there[1] > held[1]
                found.different += there[1] == held[1]
            if held is not None:
                right[person] = held
        return Following(held=right, absent=absent)


def _pair(there: Row | None, held: Row | None, progress: StoreProgress) -> _Pair:
    return _Pair(there, held, decided=there is None or _is_decided(there[1], progress))


def _is_decided(version: int, progress: StoreProgress) -> bool:
    """Tell whether a deciding store has read as far as a version's record."""
    place = Version.parts(version)
    if not 0 < place.epoch <= len(progress.topics):
        return False
    topic_id, _ = progress.topics[place.epoch - 1]
    return place.offset < progress.positions.get((topic_id, place.partition), 0)


def _some(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while some := list(islice(iterator, AT_ONCE)):
        yield some


def reconciliation_check(found: Comparison, repaired: Repair | None) -> Check:
    """Judge a comparison; what was mended is well again."""
    what = "following store"
    if not found.wrong:
        return Check(what=what, ok=True, found="equal to the deciding store, row by row")
    summary = str(found)
    if repaired is None:
        remedy = "`profiles verify --repair` makes it equal again."
        return Check(what=what, ok=False, found=summary, remedy=remedy)
    if not repaired.left:
        return Check(what=what, ok=True, found=f"{summary}; made equal again")
    return Check(
        what=what,
        ok=False,
        found=f"{summary}; {repaired.left:,} can't be made equal",
        remedy="There are versions that are not older than what is held, or deletions of such: the"
        " deciding store may be an earlier copy. Let `profiles process` catch up with the log, and"
        " verify again; else name a new keyspace, and repair into it.",
    )
