"""Looking again at who differs: a job that is at work may be in the middle of it.

The following store follows with a delay, a deletion is delivered after it was decided, and an
erasure is carried out after it was entered. Only what stays wrong is a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from profiles.domain.person import PersonId

AT_ONCE: Final = 1_000
"""Persons who are waited for together, so that memory stays bounded."""

FIRST_S: Final = 0.25
LONGEST_S: Final = 2.0
"""Seconds between the first two looks at the same persons; doubled each time up to the longest."""

IDLE_S: Final = 5.0
"""Seconds for which a difference has to stand still where nothing is written meanwhile."""

BUSY_S: Final = 10.0
"""The same where something is: a busy job may wait for a store that is slow."""

MOST_S: Final = 30.0
"""Seconds that are waited in all; whoever differs after that is looked at once more."""

Pause = Callable[[float], object]
"""Wait for some seconds."""

Seen = TypeVar("Seen")
Look = Callable[[Collection[PersonId]], Mapping[PersonId, Seen]]
"""Look at some persons; return what was seen of those who differ."""


@dataclass(slots=True, kw_only=True)
class Recheck:
    """Looks again at persons until they no longer differ, or have stood still differing.

    is_written_to: tells whether something was written since verification began.
    """

    pause: Pause
    is_written_to: Callable[[], bool]
    _left_s: float = field(default=MOST_S, init=False)
    _busy: bool = field(default=False, init=False)

    def persistent(
        self, suspects: Iterable[Collection[PersonId]], look: Look[Seen]
    ) -> Iterator[Mapping[PersonId, Seen]]:
        """Yield what was seen last of those who stay different, some at a time."""
        differing: dict[PersonId, Seen] = {}
        for some in suspects:
            differing.update(look(some))  # most no longer differ by now, and nobody waits
            if len(differing) >= AT_ONCE:
                yield self.last_seen(differing, look)
                differing = {}
        if differing:
            yield self.last_seen(differing, look)

    def last_seen(self, seen: Mapping[PersonId, Seen], look: Look[Seen]) -> Mapping[PersonId, Seen]:
        """Look at persons again until those who differ have stood still, or time is up."""
        still_s = dict.fromkeys(seen, 0.0)
        usual_s = FIRST_S
        while seen and (lacking_s := self._wanted_s() - min(still_s.values())) > 0 < self._left_s:
            paused_s = min(usual_s, lacking_s, self._left_s)
            self.pause(paused_s)
            self._left_s -= paused_s
            usual_s = min(2 * usual_s, LONGEST_S)
            before, seen = seen, look(list(seen))
            still_s = {
                person: still_s[person] + paused_s if what == before[person] else 0.0
                for person, what in seen.items()
            }
        return seen

    def _wanted_s(self) -> float:
        """Say for how long a difference has to stand still."""
        self._busy = self._busy or self.is_written_to()
        return BUSY_S if self._busy else IDLE_S
