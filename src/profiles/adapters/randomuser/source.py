"""The source of persons behind the Random User Generator API: when to ask, and when again."""

from __future__ import annotations

import dataclasses
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from threading import Event
from typing import Final

# Not stamina: its waits between two attempts can be neither interrupted nor injected, and its
# logging is switched for the whole process, which belongs to whoever embeds this library.
import tenacity

from profiles.adapters.randomuser.budget import UserBudget
from profiles.adapters.randomuser.failure import PermanentError, TransientError
from profiles.adapters.randomuser.response import count_users
from profiles.adapters.randomuser.transport import Timeouts, Transport
from profiles.application.errors import SourceError
from profiles.application.ports.sources import Delivery, Fingerprint, Places
from profiles.domain.errors import UsageError
from profiles.domain.person import Person

API_URL: Final = "https://randomuser.me/api/1.4/"

FIELDS: Final = tuple(field.name for field in dataclasses.fields(Person) if field.name != "schema")
"""The top-level fields that a profile is made of. The API can't leave out parts of a field."""

MAX_RESULTS: Final = 5_000
"""Of one response. Asked for more, the API answers with one user and no error."""

MAX_USERS: Final = 20_000
WINDOW_S: Final = 300.0
"""The API serves 20,000 users in 5 minutes to one network address, then answers 429."""

_NAME: Final = "randomuser"
_logger = logging.getLogger("profiles.adapters.randomuser")

# 1, 2, 4, … 60 s: a service that is away for hours is asked once a minute.
_BACKOFF: Final = tenacity.wait_exponential(multiplier=1, max=60) + tenacity.wait_random(0, 2)
# 60, 120, 240, 300 s: after a 429 without `Retry-After` nothing is known but that the server's
# window, of 5 minutes from a fixed start, began at some time before.
_WINDOW_BACKOFF: Final = tenacity.wait_exponential(
    multiplier=60, max=WINDOW_S
) + tenacity.wait_random(0, 10)


class RandomUserSource:
    """Asks the API again and again, one `Delivery` a response; a `profiles` port `Source`.

    A response that is no use (see `response.count_users`) is never delivered but asked for again,
    after a growing wait and with one warning in the log.

    Args:
        api_url: address of the API, version included, without parameters.
        results: users a response, 1 to 5,000.
        every_s: seconds between the starts of two responses, if the budget allows.
        once: end after one response; fail after `attempts` failures instead of going on.
        attempts: how often to try at most, with `once`.
        fields: top-level fields to ask for.
        timeouts: of each request.
        max_users: users to ask for at most in any `window_s` seconds.
        window_s: see `max_users`.
        stop: ends the iterators, also while they wait, once it is set.
        clock: seconds that never go back.
        wait: waits some seconds, or less when `stop` is set; by default `stop.wait`.

    Raises:
        UsageError: an argument is out of its range.
    """

    def __init__(  # noqa: PLR0913 - settings, each with a default, by keyword only
        self,
        api_url: str = API_URL,
        *,
        results: int = 50,
        every_s: float = 5.0,
        once: bool = False,
        attempts: int = 5,
        fields: Sequence[str] = FIELDS,
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
        max_users: int = MAX_USERS,
        window_s: float = WINDOW_S,
        stop: Event | None = None,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        if not 1 <= results <= MAX_RESULTS:
            raise UsageError(f"--results must be from 1 to {MAX_RESULTS:,}, not {results}.")
        if results > max_users:
            raise UsageError(f"--results must not be above the budget of {max_users:,} users.")
        if not (every_s >= 0 and math.isfinite(every_s)):
            raise UsageError("--every must be a time of 0 s or more.")
        if attempts < 1:
            raise UsageError("There must be at least one attempt.")
        self._results = results
        self._every_s = every_s
        self._parameters = {"results": str(results), "inc": ",".join(fields)}
        self._transport = Transport(api_url, timeouts=timeouts, clock=clock)
        self._budget = UserBudget(users=max_users, window_s=window_s)
        self._stop = Event() if stop is None else stop
        self._clock = clock
        self._wait = self._stop.wait if wait is None else wait
        self._once = once
        self._attempts = attempts
        self._due_at = -math.inf
        self._responses = 0

    @property
    def name(self) -> str:
        """`randomuser`, whatever the address: no position in a stream of chance is kept."""
        return _NAME

    def deliveries(
        self, *, start: int = 0, fingerprint: Fingerprint | None = None
    ) -> Iterator[Delivery]:
        """Yield each good response as one value, byte for byte.

        `start` means nothing here: every response is drawn anew. Ends after one with `once`, and
        whenever `stop` is set; a response under way is then given up.

        Raises:
            SourceError: the API refuses the request for good, or, with `once`, each attempt failed.
        """
        del start, fingerprint
        while (body := self._next_body()) is not None:
            self._responses += 1
            yield Delivery(values=(body,), places=Places("response", (self._responses,)))
            if self._once:
                return

    def _next_body(self) -> bytes | None:
        try:
            return tenacity.Retrying(
                retry=tenacity.retry_if_exception_type(TransientError),
                stop=tenacity.stop_after_attempt(self._attempts)
                if self._once
                else tenacity.stop_never,
                wait=self._pause_s,
                sleep=self._rest,
                before_sleep=_log_retry,
                reraise=True,
            )(self._attempt)
        except TransientError as error:
            failed = error
        except PermanentError as error:
            raise SourceError(_NAME, error.happened, error.remedy) from None
        raise SourceError(
            _NAME,
            f"{failed.happened} (the last of {self._attempts} failed attempts)",
            _remedy(failed),
        )

    def _attempt(self) -> bytes | None:
        """Ask once, when it is time to; None if `stop` is set before there is an answer."""
        self._wait_for_turn()
        if self._stop.is_set():
            return None
        asked_at = self._clock()
        users = self._results  # what the server may have counted, as long as nothing else is known
        try:
            response = self._transport.get(self._parameters, stop=self._stop)
            if response is None:
                return None
            users = max(users, count_users(response, now=datetime.now(UTC)))
            self._due_at = asked_at + self._every_s
        except TransientError as error:
            users = users if error.counted else 0
            raise
        finally:
            self._budget.spend(users, now=self._clock())
        return response.body

    def _wait_for_turn(self) -> None:
        now = self._clock()
        pause_s = max(0.0, self._due_at - now)
        budget_s = self._budget.wait_s(self._results, now=now)
        if budget_s > pause_s + 1:  # a wait that just ended a little early is not worth a line
            _logger.info("The budget of users is used up; going on in %.0f s", budget_s)
        while (pause_s := max(pause_s, budget_s)) > 0 and not self._stop.is_set():
            self._rest(pause_s)
            pause_s, budget_s = 0.0, self._budget.wait_s(self._results, now=self._clock())

    def _rest(self, seconds: float) -> None:
        self._wait(seconds)

    def _pause_s(self, state: tenacity.RetryCallState) -> float:
        """Return the seconds until the next attempt: backoff, `Retry-After` or budget."""
        error = _failure(state)
        if error.rate_limited and error.retry_after_s is None:
            pause_s = _WINDOW_BACKOFF(state)
        else:
            pause_s = max(_BACKOFF(state), error.retry_after_s or 0.0)
        return max(pause_s, self._budget.wait_s(self._results, now=self._clock()))


def check_reachable(
    api_url: str = API_URL, *, within_s: float = 5.0, stop: Event | None = None
) -> None:
    """Ask the API for one user, without a person's value in the answer, and give up soon.

    Args:
        api_url: as for `RandomUserSource`.
        within_s: seconds that all of it may take, the look-up of the server's name included.
        stop: returns early, with nothing said, once it is set.

    Raises:
        SourceError: the API gives no users now; `happened` says why.
        UsageError: `api_url` is no address.
    """
    limits = Timeouts(connect_s=within_s, read_s=within_s, whole_s=within_s)
    try:
        response = Transport(api_url, timeouts=limits).get(
            {"results": "1", "inc": "nat"}, stop=Event() if stop is None else stop
        )
        if response is not None:
            count_users(response, now=datetime.now(UTC))
    except TransientError as error:
        failed: tuple[str, str] = error.happened, _remedy(error)
    except PermanentError as error:
        failed = error.happened, error.remedy
    else:
        return
    raise SourceError(_NAME, *failed)


def _failure(state: tenacity.RetryCallState) -> TransientError:
    error = None if state.outcome is None else state.outcome.exception()
    if not isinstance(
        error, TransientError
    ):  # pragma: no cover - tenacity asks after failures only
        raise TypeError("only a failed attempt is retried")
    return error


def _log_retry(state: tenacity.RetryCallState) -> None:
    _logger.warning(
        "%s: %s (attempt %d); trying again in %.1f s",
        _NAME,
        _failure(state).happened,
        state.attempt_number,
        state.upcoming_sleep,
    )


def _remedy(error: TransientError) -> str:
    if error.rate_limited:
        return "Wait five minutes, then run the same command."
    return (
        "Check the network and --api-url, or try again later; --source simulator needs no network."
    )
