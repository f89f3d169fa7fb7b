"""Trying again what a store or a log could not do, for as long as somebody wants it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final, TypeVar

import tenacity

from profiles.application.errors import MAY_PASS
from profiles.domain.errors import ProfilesError

T = TypeVar("T")

_LOOK_UP_S: Final = 0.1

_logger = logging.getLogger(__name__)


class PatientRetry:
    """Tries for ever with pauses that grow, and says so in one line for each."""

    def __init__(
        self,
        *,
        first_s: float = 0.1,
        longest_s: float = 10.0,
        failures: tuple[type[ProfilesError], ...] = MAY_PASS,
        waiting: str = "The batch waits",
    ) -> None:
        """Set the pauses, in seconds; a little is added by chance.

        failures: what is tried again. waiting: says what waits meanwhile.
        """
        self._failures = failures
        self._waiting = waiting
        self._wait = tenacity.wait_exponential(
            multiplier=first_s, max=longest_s
        ) + tenacity.wait_random(0, first_s * 2)

    def __call__(self, attempt: Callable[[], T], /, *, given_up: Callable[[], bool]) -> T:
        """Return what `attempt` returns; see the port."""

        def pause(seconds: float) -> None:
            end = time.monotonic() + seconds
            while not given_up() and (left := end - time.monotonic()) > 0:
                time.sleep(min(left, _LOOK_UP_S))

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(self._failures),
            wait=self._wait,
            stop=lambda _state: given_up(),
            sleep=pause,
            before_sleep=self._log,
            reraise=True,
        )
        return retrying(attempt)

    def _log(self, state: tenacity.RetryCallState) -> None:
        failure = state.outcome.exception() if state.outcome else None
        _logger.warning(
            "%s %s; trying again in %.1f s.", failure, self._waiting, state.upcoming_sleep
        )
