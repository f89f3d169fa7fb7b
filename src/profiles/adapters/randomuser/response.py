"""What a response of the API means. Pure: no network, no clock.

Sources: the API's documentation (https://randomuser.me/documentation), its public issues, and
RFC 9110 (HTTP semantics).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from profiles.adapters.randomuser.failure import PermanentError, TransientError
from profiles.application.log.api_version import OLDEST_READ_NAME, outdated_version

LONGEST_RETRY_AFTER_S: Final = 3600.0
"""A mistaken `Retry-After` of years must not silence a stream for good."""

_DIGITS: Final = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An HTTP response as it arrived, complete and uncompressed.

    retry_after, date: the header fields of these names, None where absent.
    """

    status: int
    body: bytes = field(repr=False)
    retry_after: str | None = None
    date: str | None = None


def count_users(response: Response, *, now: datetime) -> int:
    """Return how many users the response holds: at least one, or it is a failure.

    Looks no deeper: whether an entry is a person is for the domain to say.

    Args:
        response: what the API answered.
        now: the time in UTC, for a `Retry-After` that is a date in a response without one.

    Raises:
        TransientError: an error of the moment, or an answer that is none.
        PermanentError: a refusal that a retry would only repeat, or a version of the API whose
            persons can't be read.
    """
    status, answer = response.status, _parsed(response.body)
    asked_s = retry_after_s(response.retry_after, now=_http_date(response.date) or now)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise TransientError(
            "the API has counted too many users in 5 minutes (status 429)",
            retry_after_s=asked_s,
            rate_limited=True,
        )
    # The hosted service is said to report its own failures like this under any status.
    if isinstance(answer, dict) and "error" in answer:
        raise TransientError(f"the API reported an error (status {status})", retry_after_s=asked_s)
    # 408: the server gave up waiting for the request, which may be sent again (RFC 9110, 15.5.9).
    if 400 <= status < 500 and status != HTTPStatus.REQUEST_TIMEOUT:  # noqa: PLR2004 - as in RFC 9110
        raise _refusal(status)
    if not 200 <= status < 300:  # noqa: PLR2004 - as in RFC 9110
        raise TransientError(f"the API answered with status {status}", retry_after_s=asked_s)
    if not isinstance(answer, dict):
        raise TransientError("the answer was cut short or is not a JSON object")
    version = outdated_version(answer)
    if version is not None:
        raise PermanentError(
            f"the API speaks version {version}, and persons are read from version"
            f" {OLDEST_READ_NAME} on",
            "End --api-url in a newer version, such as /api/1.4/.",
        )
    users = answer.get("results")
    if not isinstance(users, list):
        raise TransientError("the answer has no list of results")
    if not users:
        raise TransientError("the API answered without any user")
    return len(users)


def retry_after_s(value: str | None, *, now: datetime) -> float | None:
    """Read a `Retry-After`: seconds or an HTTP date (RFC 9110, 10.2.3); at most an hour.

    Returns None for what is absent or neither of both, and 0 for a date in the past.
    """
    if value is None:
        return None
    value = value.strip()
    if _DIGITS.fullmatch(value):
        # A number of more than 9 digits is beyond the maximum anyway.
        return LONGEST_RETRY_AFTER_S if len(value) > 9 else min(float(value), LONGEST_RETRY_AFTER_S)  # noqa: PLR2004 - explained above
    until = _http_date(value)
    if until is None:
        return None
    return min(max((until - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER_S)


def _http_date(value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        read = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read


def _parsed(body: bytes) -> object:
    """Parse the body, or return None: the error of the parser would carry the body along."""
    try:
        # Numbers are not looked at: one of 5,000 digits is not worth the whole response.
        return json.loads(body.decode(), parse_int=len, parse_float=len, parse_constant=len)
    except (ValueError, RecursionError):
        return None


def _refusal(status: int) -> PermanentError:
    if status == HTTPStatus.NOT_FOUND:
        remedy = "Check --api-url: it ends in the version, such as /api/1.4/."
    elif status == HTTPStatus.FORBIDDEN:
        remedy = (
            "The API blocks some networks, those of cloud providers above all. Use another network,"
            " another --api-url, or --source simulator."
        )
    elif status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        remedy = "Check the proxy's address and password in HTTPS_PROXY or ALL_PROXY."
    else:
        remedy = "Check --api-url."
    return PermanentError(f"the API refused the request (status {status})", remedy)
