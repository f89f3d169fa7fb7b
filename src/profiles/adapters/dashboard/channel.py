"""Bounds on what a client may send and on how long it may take: before anything is answered.

Waitress refuses a body by its length, but it first asks for one that was announced with
`Expect: 100-continue`, answers some malformed requests with 501, and ends others with a traceback
in the log. It also waits for ever for a client that does not read what it has asked for.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any, Final

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError, TransferEncodingNotImplemented
from waitress.utilities import Error

from profiles.adapters.dashboard.request_filter import BODY_LIMIT

HEADER_LIMIT: Final = 32_768  # bytes; browsers send the cookies of all that ran on this host name
CONNECTIONS: Final = 100
LIMITS: Final = {
    "max_request_header_size": HEADER_LIMIT,
    "max_request_body_size": BODY_LIMIT + 1,  # waitress refuses from here on
    "connection_limit": CONNECTIONS,
    "outbuf_high_watermark": 1 << 20,  # no further answer to whoever has not read the last ones
}
"""What waitress is to bound by itself."""

_PATIENCE_S: Final = 20.0  # for the rest of a request, or for a reader to take its answer
_IDLE_S: Final = 120.0  # between requests
_CROWDED_S: Final = 1.0  # for either, where there is no room for another connection


class _ClientError(Error):  # type: ignore[misc] # waitress has no types
    """An answer that repeats nothing of the request."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__("")
        self.code = status.value
        self.reason = status.phrase

    def to_response(
        self,
        ident: str | None = None,  # noqa: ARG002 - who serves is not told
    ) -> tuple[str, list[tuple[str, str]], bytes]:
        headers = [
            ("Cache-Control", "no-store"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        text = "This page answers the requests that it makes itself, and no others.\n"
        return f"{self.code} {self.reason}", headers, text.encode()


class _Parser(HTTPRequestParser):  # type: ignore[misc] # waitress has no types
    """Reads one request; whatever is wrong with it is the client's error (4xx)."""

    error: Error | None = None
    path = ""  # of a request that could not be read: waitress logs it where the client has gone

    def __init__(self, adjustments: Any) -> None:  # noqa: ANN401 - waitress has no types
        super().__init__(adjustments)
        self.began = time.time()

    def received(self, data: bytes) -> int:
        consumed: int = super().received(data)
        if self.completed:  # refused, or without a body: there is nothing to go on with
            self.expect_continue = False
        if self.error is not None and not isinstance(self.error, _ClientError):
            self.error = _ClientError(HTTPStatus(self.error.code))
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except (TransferEncodingNotImplemented, ValueError):
            # A coding that nobody needs here; an address or a length that Python can't read.
            raise ParsingError("unreadable") from None


class Channel(HTTPChannel):  # type: ignore[misc] # waitress has no types
    """One connection."""

    parser_class = _Parser

    def keeps_waiting(self, now: float, *, crowded: bool) -> bool:
        """Tell whether the client has taken longer than it may, and the connection may be closed.

        now: seconds since the epoch.
        crowded: there is no room for another connection.
        """
        if self.requests and not self.total_outbufs_len:
            return False  # it is being answered
        since = self.last_activity
        patience = _IDLE_S
        if self.total_outbufs_len:
            patience = _PATIENCE_S
        elif isinstance(self.request, _Parser):
            patience, since = _PATIENCE_S, self.request.began
        return bool(now - since > (_CROWDED_S if crowded else patience))
