"""A following store in memory: for tests. It keeps the same promises as the real one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from threading import RLock

from profiles.application.ports.clock import Clock
from profiles.application.ports.stores import Following
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile


@dataclass(slots=True)
class MemoryFollowingStore:
    """Holds what it is told, the newest version of each person; threads may share it.

    A deletion is remembered with its version, as long as the store lives.
    """

    clock: Clock
    _newest: dict[PersonId, tuple[Profile | None, int]] = field(
        default_factory=dict, init=False, repr=False
    )
    _lock: RLock = field(default_factory=RLock, init=False, repr=False)

    def follow(self, following: Following) -> None:
        """Write what is held and delete what is not, each at its version; see the port."""
        with self._lock:
            for person, (profile, version) in following.held.items():
                if version > self._version(person):
                    self._newest[person] = profile, version
            for person, version in following.absent.items():
                if version >= self._version(person):
                    self._newest[person] = None, version

    def _version(self, person: PersonId) -> int:
        newest = self._newest.get(person)
        return -1 if newest is None else newest[1]

    def profile(self, person: PersonId) -> tuple[Profile, int] | None:
        """Return what is held of a person, with its version, or None."""
        with self._lock:
            profile, version = self._newest.get(person, (None, 0))
        if profile is None or self.clock() >= datetime.combine(profile.expires_at, time(), UTC):
            return None
        return profile, version

    def held(self, persons: Collection[PersonId]) -> Mapping[PersonId, tuple[Profile, int]]:
        """Return what is held of some persons."""
        found = {person: self.profile(person) for person in persons}
        return {person: held for person, held in found.items() if held is not None}

    def profiles(self) -> Iterator[tuple[Profile, int]]:
        """Yield all that is held, with versions."""
        with self._lock:
            persons = list(self._newest)
        for person in persons:
            if (held := self.profile(person)) is not None:
                yield held
