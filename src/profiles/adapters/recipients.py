"""Recipients that are told over HTTP."""

from __future__ import annotations

import ipaddress
import json
from concurrent.futures import Future, wait
from dataclasses import dataclass
from datetime import datetime
from threading import Thread
from typing import Final

import httpx
import tenacity

from profiles.application.errors import RecipientError
from profiles.domain.errors import UsageError
from profiles.domain.person import PersonId

_SUCCESS: Final = range(200, 300)
_PASSING: Final = frozenset({408, 425, 429, *range(500, 600)})
"""Answers after which the same may be taken later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a recipient is waited for, in seconds.

    each_s: one answer, from the look-up of the server's name to its status.
    attempts: how often it is told. pause_s: after the first, and twice as long after each further.
    """

    each_s: float = 10.0
    attempts: int = 4
    pause_s: float = 0.5


class _NotNowError(Exception):
    """It was not told, and may be the next time."""


class HttpRecipient:
    """Takes notice by `POST` of a JSON object, and confirms with a status of 2xx.

    No redirect is followed: the id goes to the address that was named, and to no other.
    """

    def __init__(self, name: str, url: str, *, patience: Patience | None = None) -> None:
        """Tell the recipient of a name at an address.

        Raises:
            UsageError: ids can't be sent to this address.
        """
        self.name = name
        self._url = _checked(name, url)
        self._patience = patience or Patience()

    def tell(self, person: PersonId, *, action: str, at: datetime) -> None:
        """Tell it; see the port."""
        notice = json.dumps({"id": person, "action": action, "at": at.isoformat()}).encode()
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_NotNowError),
            stop=tenacity.stop_after_attempt(self._patience.attempts),
            wait=tenacity.wait_exponential(multiplier=self._patience.pause_s),
            reraise=True,
        )
        try:
            status = retrying(self._status, notice)
        except _NotNowError as failure:
            raise RecipientError(self.name, str(failure)) from None
        if status not in _SUCCESS:
            raise RecipientError(self.name, f"it refused the notice with status {status}")

    def _status(self, notice: bytes) -> int:
        """Send the notice once, and return the answer's status.

        In a thread of its own: the time-outs of the HTTP library bound single operations, and end
        neither a look-up that hangs nor an answer that comes byte by byte.
        """
        outcome: Future[int] = Future()
        Thread(target=self._send, args=(notice, outcome), daemon=True).start()
        wait([outcome], timeout=self._patience.each_s)
        if not outcome.done():
            raise self._too_late()
        status = outcome.result()
        if status in _PASSING:
            raise _NotNowError(f"it answers with status {status}")
        return status

    def _send(self, notice: bytes, outcome: Future[int]) -> None:
        try:
            headers = {"Content-Type": "application/json", "User-Agent": "profiles"}
            with (
                httpx.Client(timeout=self._patience.each_s, headers=headers) as client,
                client.stream("POST", self._url, content=notice) as response,
            ):
                outcome.set_result(response.status_code)
        except Exception as failure:  # noqa: BLE001 - its text may hold anything: told in our own words
            if outcome.done():
                return
            if isinstance(failure, httpx.TimeoutException):  # noticed here before whoever waits has
                outcome.set_exception(self._too_late())
            else:
                outcome.set_exception(_NotNowError("it can't be reached, or broke off"))

    def _too_late(self) -> _NotNowError:
        return _NotNowError(f"it did not answer within {self._patience.each_s:g} s")


def _checked(name: str, url: str) -> str:
    """Return an address if ids can be sent to it: encrypted, unless to this machine.

    Raises:
        UsageError: they can't; the address is not repeated, as a secret may be in it.
    """
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        parts = httpx.URL()
    if not parts.host or parts.scheme not in {"http", "https"} or (parts.port or 0) >= 2**16:
        raise UsageError(
            f"--notify of {name} needs an address such as https://example.com/erased after the ="
        )
    if parts.userinfo or parts.query or parts.fragment:
        raise UsageError(
            f"--notify of {name} must not hold a user name, a password, or anything after a ? or #:"
            " every process list shows it."
        )
    if parts.scheme == "http" and not _is_this_machine(parts.host):
        raise UsageError(
            f"--notify of {name} must begin with https://: ids go unencrypted to this machine only."
        )
    return url


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
