"""Trying again what a store or a log could not do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Retry(Protocol):
    """Tries what a store or a log could not do, with pauses that grow."""

    def __call__(self, attempt: Callable[[], T], /, *, given_up: Callable[[], bool]) -> T:
        """Return what `attempt` returns.

        given_up: looked at before each further attempt, and during the pauses.

        Raises:
            StoreError, LogError, LedgerAwayError: the last failure, once it is given up.
            ProfilesError: any other failure of an attempt, at once.
        """
        ...
