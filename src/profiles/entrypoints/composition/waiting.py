"""What is away when a job starts: a stream waits for it, a run that is to end does not."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Final, TypeVar

from profiles.adapters.retrying import PatientRetry
from profiles.application.errors import AWAY
from profiles.domain.errors import ProfilesError

T = TypeVar("T")

_FIRST_S: Final = 1.0


class StoppedError(ProfilesError):
    """The job was asked to end before it had begun."""

    def __str__(self) -> str:
        """Say so."""
        return "Stopped while waiting at the start. Nothing was read."


class Opening:
    """Opens what a job needs, one after the other."""

    def __init__(self, *, once: bool, stop: Event) -> None:
        """Wait for what is away, until `stop` is set; with `once` for nothing."""
        self._once = once
        self._stop = stop
        self._retry = PatientRetry(
            first_s=_FIRST_S, failures=AWAY, waiting="The job waits to start"
        )

    def __call__(self, attempt: Callable[[], T], /) -> T:
        """Return what `attempt` returns, as soon as what it needs answers.

        Raises:
            StoppedError: `stop` was set meanwhile.
            ProfilesError: it can't be opened; with `once` also because it is away.
        """
        if self._once:
            return attempt()
        try:
            return self._retry(attempt, given_up=self._stop.is_set)
        except AWAY:
            raise StoppedError from None
