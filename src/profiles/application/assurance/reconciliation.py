"""Is the following store what the deciding store holds? Row by row; and making it so again.

Versions order all writes, so this may run beside the jobs. A row of the following store is read
before the deciding store is asked: what is there and not held was held once and is deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, islice
from typing import Final, TypeVar

from profiles.application.assurance.checks import Check
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

AT_ONCE: Final = 1_000

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


@dataclass(slots=True, kw_only=True)
class Reconciliation:
    """Compares two stores; `repair` makes the following store equal again as it goes.

    A row from beyond the deciding store's position is left alone: the deciding store is an earlier
    copy, and comes to write the same row in the same version, which a deletion would hide. A row of
    somebody whom the ledger suppresses or restricts goes all the same: no job comes to write it.

    view: of the ledger; one without entries where it is not known.
    progress: of the deciding store, from before anything was read. today: who has expired
        by then is left out, for the following store forgets them by itself.
    """

    store: DecidingStore
    following: FollowingStore
    view: LedgerView
    progress: StoreProgress
    today: date
    repair: bool
    _undecided: int = field(default=0, init=False)

    def run(self) -> tuple[Comparison, Repair]:
        """Go through both stores, some persons at a time."""
        found = Comparison()
        written = deleted = left = 0
        for mending in chain(self._there(found), self._held(found)):
            if self.repair:
                self.following.follow(mending)
                written += len(mending.held)
                deleted += len(mending.absent)
                left += self._left([*mending.held, *mending.absent])
        left += self._undecided
        return found, Repair(written=written, deleted=deleted, left=left)

    def _there(self, found: Comparison) -> Iterator[Following]:
        """Hold what is there against what is held; yield what mends it."""
        for rows in _some(self.following.profiles()):
            held = self.store.held([profile.id for profile, _ in rows])
            found.rows += len(rows)
            mending = self._compared({profile.id: (profile, v) for profile, v in rows}, held, found)
            if mending.held or mending.absent:
                yield mending

    def _compared(
        self, rows: Mapping[PersonId, Row], held: Mapping[PersonId, Row], found: Comparison
    ) -> Following:
        absent: dict[PersonId, int] = {}
        right: dict[PersonId, Row] = {}
        undecided = {
            person
            for person, (_, version) in rows.items()
            if person not in held and not self._is_decided(version)
        }
        named = self.view.named(undecided)
        undecided -= named.suppressed | named.restricted
        for person, row in rows.items():
            if person in undecided:
                found.ahead += 1
                self._undecided += 1
            elif person not in held:
                found.extra += 1
                absent[person] = row[1]
            elif row != held[person]:
                found.older += row[1] < held[person][1]
                found.ahead += row[1] > held[person][1]
                found.different += row[1] == held[person][1]
                right[person] = held[person]
        return Following(held=right, absent=absent)

    def _is_decided(self, version: int) -> bool:
        """Tell whether the deciding store has read as far as a version's record."""
        place = Version.parts(version)
        if not 0 < place.epoch <= len(self.progress.topics):
            return False
        topic_id, _ = self.progress.topics[place.epoch - 1]
        return place.offset < self.progress.positions.get((topic_id, place.partition), 0)

    def _held(self, found: Comparison) -> Iterator[Following]:
        """Look for what is held and not there; yield what mends it."""
        for rows in _some(self.store.profiles()):
            living = {p.id: (p, version) for p, version in rows if p.expires_at > self.today}
            there = self.following.held(list(living))
            missing = {person: row for person, row in living.items() if person not in there}
            if missing:
                found.missing += len(missing)
                yield Following(held=missing, absent={})

    def _left(self, persons: list[PersonId]) -> int:
        """Count who is not the same in both stores."""
        there, held = self.following.held(persons), self.store.held(persons)
        return sum(there.get(person) != held.get(person) for person in persons)


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
