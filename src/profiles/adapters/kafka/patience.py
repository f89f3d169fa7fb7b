"""How long something is waited for before that is worth a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FIRST_S: Final = 10.0
"""Seconds after which the first word is due."""

_LONGEST_S: Final = 300.0


@dataclass(slots=True)
class Patience:
    """Counts the seconds for which something was waited for.

    A word is due after 10 s, then after twice as long each time, and at least every 5 minutes: what
    is done about it must not come more often than it can help.

    waited_s: seconds so far. Only what is spent on waiting counts, whatever the clock says.
    """

    first_s: float = FIRST_S
    waited_s: float = 0.0
    _step_s: float = 0.0
    _due_s: float = 0.0

    def __post_init__(self) -> None:
        """Let the first word be due after `first_s`."""
        self._step_s = self._due_s = self.first_s

    def wait(self, seconds: float) -> None:
        """Count seconds."""
        self.waited_s += seconds

    @property
    def is_over(self) -> bool:
        """Tell whether a word is due."""
        return self.waited_s >= self._due_s

    def extend(self) -> None:
        """Wait on after a word."""
        self._step_s = min(2 * self._step_s, _LONGEST_S)
        self._due_s = self.waited_s + self._step_s
