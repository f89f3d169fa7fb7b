"""How many users may still be asked for: never more than so many in any window of time."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

_BEYOND_S: Final = 0.001
"""Waited past the end of the window, so that a rounded-off sum can't fall back into it."""


class _Spent(NamedTuple):
    at: float
    users: int


class UserBudget:
    """A sliding window over the users asked for, without a clock of its own.

    A request looks first (`wait_s`) and is counted once it is over (`spend`): the server counts
    somewhere in between, so its own window can't see more users than this one. `limits` 5.8 can
    look first, but knows the wall clock only and no waiting time; `pyrate-limiter` 4.5 takes any
    time, but counts in the moment it looks. Hence these lines.
    """

    def __init__(self, *, users: int, window_s: float) -> None:
        self._users = users
        self._window_s = window_s
        self._spent: deque[_Spent] = deque()

    def wait_s(self, users: int, *, now: float) -> float:
        """Return the seconds from `now` until `users` more fit (0: they fit now).

        A request that ended exactly one window ago still counts. More than a whole budget never
        fits; what is returned then is when the window is empty.
        """
        while self._spent and self._spent[0].at + self._window_s < now:
            self._spent.popleft()
        too_many = users + sum(spent.users for spent in self._spent) - self._users
        wait_s = 0.0
        for spent in self._spent:
            if too_many <= 0:
                break
            too_many -= spent.users
            wait_s = spent.at + self._window_s + _BEYOND_S - now
        return wait_s

    def spend(self, users: int, *, now: float) -> None:
        """Count `users` as asked for at `now`, seconds that never go back."""
        self._spent.append(_Spent(now, users))
