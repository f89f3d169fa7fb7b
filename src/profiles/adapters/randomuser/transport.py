"""One HTTP request, bounded in time and size. The only module that knows the HTTP library."""

from __future__ import annotations

import socket
import ssl
import time
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextlib import closing, suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any, Final

import httpx

from profiles.adapters.randomuser.failure import PermanentError, TransientError
from profiles.adapters.randomuser.response import Response
from profiles.domain.errors import UsageError

MAX_BODY_BYTES: Final = 16 * 2**20
"""Uncompressed; the longest answer of the API, 5,000 whole users, has 5.4 MB."""

MAX_REDIRECTS: Final = 5
THREAD_NAME: Final = "randomuser-request"
_LOOK_UP_S: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long a request may take, in seconds.

    connect_s: until a connection is there, for each address of the server.
    read_s: between two pieces of the answer.
    whole_s: from the look-up of the server's name to the last byte, redirects included.
    """

    connect_s: float = 5.0
    read_s: float = 30.0
    whole_s: float = 60.0


def checked_url(url: str) -> str:
    """Return `url` if it can be asked over HTTP.

    Raises:
        UsageError: it can't, or it holds a password or parameters.
    """
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        parts = httpx.URL()
    if (
        parts.scheme not in {"http", "https"}
        or not parts.host
        or (parts.port or 0) >= 2**16  # the library finds out when it connects
    ):
        raise UsageError("--api-url must be an address such as https://randomuser.me/api/1.4/.")
    if parts.userinfo:
        raise UsageError("--api-url must not hold a user name or password.")
    if parts.query or parts.fragment:
        raise UsageError("--api-url must end before any ? or #: the parameters are set elsewhere.")
    return url


class Transport:
    """Fetches one address, each time over a connection of its own.

    Proxies and certificates are taken from the environment as the HTTP library does.

    clock: seconds that never go back; the limit of the whole request is measured by it.
    """

    def __init__(
        self,
        url: str,
        *,
        timeouts: Timeouts,
        max_body_bytes: int = MAX_BODY_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = checked_url(url)
        self._timeouts = timeouts
        self._max_body_bytes = max_body_bytes
        self._clock = clock
        self._tls: ssl.SSLContext | None = None

    def get(self, parameters: Mapping[str, str], *, stop: Event) -> Response | None:
        """Return the complete response, whatever its status, or None once `stop` is set.

        Nothing is sent where `stop` is set from the beginning.

        Raises:
            TransientError: there is no complete response.
            PermanentError: nothing can be asked with this address, proxy or certificate store.
        """
        if stop.is_set():  # a request that is begun may leave before it is given up
            return None
        deadline = self._clock() + self._timeouts.whole_s
        if self._tls is None:
            self._tls = _certificates()
        exchange = _Exchange(
            self._url,
            parameters,
            self._timeouts,
            max_body_bytes=self._max_body_bytes,
            tls=self._tls,
        )
        Thread(target=exchange.run, name=THREAD_NAME, daemon=True).start()
        try:
            while not stop.is_set():
                left_s = deadline - self._clock()
                wait([exchange.outcome], timeout=max(0.0, min(left_s, _LOOK_UP_S)))
                if exchange.outcome.done():
                    return exchange.outcome.result()
                if left_s <= 0:
                    break
        finally:
            exchange.give_up()
        if stop.is_set():
            return None
        raise TransientError(
            f"the whole answer was not there after {self._timeouts.whole_s:g} s",
            counted=exchange.asked,
        )


class _Exchange:
    """One request with its response, in a thread of its own so that it can be given up any time.

    The time-outs of the HTTP library bound single operations. They end neither a look-up of the
    server's name that hangs, nor an answer that comes byte by byte.

    asked: whether the request has left, so that the server may have counted it.
    """

    def __init__(
        self,
        url: str,
        parameters: Mapping[str, str],
        timeouts: Timeouts,
        *,
        max_body_bytes: int,
        tls: ssl.SSLContext,
    ) -> None:
        self.outcome: Future[Response] = Future()
        self.asked = False
        self._url = url
        self._parameters = parameters
        self._timeouts = timeouts
        self._max_body_bytes = max_body_bytes
        self._tls = tls
        self._answered = False
        self._given_up = False
        self._connection: socket.socket | None = None

    def run(self) -> None:
        """Do it, and leave a response or an error in `outcome`."""
        try:
            response = self._exchanged()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self.outcome.set_exception(error)
        else:
            self.outcome.set_result(response)

    def give_up(self) -> None:
        """Let the thread end soon: its connection is shut, its outcome of no interest."""
        self._given_up = True
        _shut(self._connection)

    def _exchanged(self) -> Response:
        try:
            with self._client() as client:
                request = client.build_request(
                    "GET",
                    self._url,
                    params=self._parameters,
                    extensions={"trace": self._observe},
                )
                for _ in range(MAX_REDIRECTS + 1):
                    with closing(client.send(request, stream=True)) as response:
                        if response.next_request is None:
                            self._answered = True
                            return self._read(response)
                    if not may_follow(request.url.scheme, response.next_request.url.scheme):
                        raise PermanentError(
                            "the API redirected to an address that is not safe to follow",
                            "Check --api-url.",
                        )
                    request = response.next_request
        except (httpx.HTTPError, UnicodeError) as error:  # UnicodeError: a label over 63 letters
            happened = _described(error, self._timeouts, answered=self._answered)
        else:
            raise PermanentError(
                f"the API redirected more than {MAX_REDIRECTS} times", "Check --api-url."
            )
        raise TransientError(happened, counted=self.asked)

    def _client(self) -> httpx.Client:
        timeouts = self._timeouts
        try:
            return httpx.Client(
                verify=self._tls,
                timeout=httpx.Timeout(timeouts.read_s, connect=timeouts.connect_s),
                # Only what `_read` can uncompress within bounds.
                headers={"Accept-Encoding": "gzip", "User-Agent": "profiles"},
            )
        except (ImportError, ValueError, httpx.InvalidURL):
            pass  # raised below: the text of these errors can hold the proxy's password
        raise PermanentError(
            "the proxy of the environment can't be used",
            "Check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY (SOCKS needs the package socksio).",
        )

    def _observe(self, event: str, info: Mapping[str, Any]) -> None:
        """Follow the connection by the trace events of the HTTP library."""
        if event.endswith("send_request_headers.started"):
            self.asked = True
        elif event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._connection = info["return_value"].get_extra_info("socket")
            if self._given_up:  # while it was connecting; checked after the socket is known
                _shut(self._connection)

    def _read(self, response: httpx.Response) -> Response:
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in {"identity", "gzip", "x-gzip"}:
            raise TransientError("the answer is compressed in a way that was not asked for")
        gzip = None if encoding == "identity" else zlib.decompressobj(wbits=31)
        body = bytearray()
        for piece in response.iter_raw():
            body += piece if gzip is None else _inflated(gzip, piece, self._max_body_bytes)
            if len(body) > self._max_body_bytes:
                raise TransientError(f"the answer is larger than {self._max_body_bytes:,} bytes")
        if gzip is not None and not gzip.eof:
            raise TransientError("the compressed answer was cut short")
        return Response(
            status=response.status_code,
            body=bytes(body),
            retry_after=response.headers.get("retry-after"),
            date=response.headers.get("date"),
        )


def _inflated(gzip: zlib._Decompress, piece: bytes, limit: int) -> bytes:
    """Uncompress, but never to much more than `limit` bytes: a bomb is made of little."""
    try:
        inflated = gzip.decompress(piece, limit + 1)
    except zlib.error:
        inflated = None
    if inflated is None or gzip.unused_data:
        raise TransientError("the compressed answer is broken")
    return inflated


def may_follow(scheme: str, next_scheme: str) -> bool:
    """Say whether a redirect may lead there: HTTP only, and never out of TLS into clear text."""
    return next_scheme == "https" or (scheme, next_scheme) == ("http", "http")


def _certificates() -> ssl.SSLContext:
    with suppress(OSError):  # also ssl.SSLError
        return httpx.create_ssl_context()
    raise PermanentError(
        "the certificates to check the server by can't be read",
        "Check SSL_CERT_FILE and SSL_CERT_DIR.",
    )


def _shut(connection: socket.socket | None) -> None:
    """Wake whoever waits on this connection; closing it alone would not."""
    if connection is not None:
        with suppress(OSError):
            # Of the plain class: TLS would write into what the other thread is reading.
            socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _described(error: Exception, timeouts: Timeouts, *, answered: bool) -> str:
    """Say what happened in our words: an error's text may hold anything."""
    meanings: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
        ((socket.gaierror, UnicodeError), "the name of the server can't be looked up"),
        (
            ssl.SSLCertVerificationError,
            "the server's certificate can't be trusted (see SSL_CERT_FILE)",
        ),
        (httpx.ConnectTimeout, f"no connection within {timeouts.connect_s:g} s"),
        (httpx.TimeoutException, f"nothing arrived for {timeouts.read_s:g} s"),
        (httpx.ProxyError, "the proxy refused the connection"),
        (httpx.ConnectError, "the server can't be reached"),
    )
    causes = _causes(error)
    for kinds, meaning in meanings:
        if any(isinstance(cause, kinds) for cause in causes):
            return meaning
    return "the answer was cut short" if answered else "the connection broke off without an answer"


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in found:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found
