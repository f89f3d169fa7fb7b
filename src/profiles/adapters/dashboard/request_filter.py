"""Let through the requests that the page makes itself, and refuse all others at once.

What a stranger sends is judged here, by its address, method, kind and shape, before Flask or Dash
see it: they answer much of it with 500 and a traceback. A fault of the page itself is none of
this module's business, and passes.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import Any, Final

BODY_LIMIT: Final = 65_536
"""Bytes. A refresh has some 3,000."""

Environment = dict[str, Any]
Respond = Callable[..., Any]
Application = Callable[[Environment, Respond], Iterable[bytes]]

_LOG: Final = logging.getLogger(__name__)

_READING: Final = ("GET", "HEAD")
_ASKING: Final = ("POST",)
_OWN_HOST: Final = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{0,5})?", re.IGNORECASE)
_ETAG_LIMIT: Final = 256  # Werkzeug's time for a header grows with the square of its length
_DIGITS: Final = 9
_UNSEEN: Final = ("HTTP_", "CONTENT_")
_NOT_KEPT: Final = frozenset({"text/html", "application/json", "text/plain"})
_TOLD_EVERY_S: Final = 600.0
_TEXTS: Final = {
    HTTPStatus.MISDIRECTED_REQUEST: "This page is served under the names of its own machine only.",
    HTTPStatus.NOT_FOUND: "There is nothing at this address. The page is at /.",
}
_TEXT: Final = "This page answers the requests that it makes itself, and no others."


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What the page serves.

    has: whether there is something to read at a path.
    refresh_path: where a refresh is posted to.
    read_refresh: write a refresh anew, or give None for what is no refresh.
    """

    has: Callable[[str], bool]
    refresh_path: str
    read_refresh: Callable[[bytes], bytes | None]


class RequestFilter:
    """A WSGI application before that of the page.

    application: answers what is let through. It gets no query, no header of the client but
        `If-None-Match`, and a body only if that is a refresh.
    behind_proxy: other names than this machine's own are answered, too. Else they are not, or
        any web site that a reader has open could read the page by a name of its own that leads
        here (DNS rebinding).
    headers: of every answer.
    clock: seconds from any start, never back.
    """

    def __init__(
        self,
        application: Application,
        served: Served,
        *,
        behind_proxy: bool,
        headers: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._application = application
        self._served = served
        self._behind_proxy = behind_proxy
        self._headers = headers
        self._refusals = _Refusals(clock)

    def __call__(self, environment: Environment, respond: Respond) -> Iterable[bytes]:
        """Answer a request, as WSGI has it."""

        def respond_safely(
            status: str, headers: list[tuple[str, str]], error: object = None
        ) -> object:
            return respond(status, self._with_ours(headers), *([error] if error else []))

        methods = self._methods(environment.get("PATH_INFO", ""))
        admitted = self._admitted(environment, methods)
        if not isinstance(admitted, HTTPStatus):
            return self._application(admitted, respond_safely)
        self._refusals.count(admitted)
        text = f"{_TEXTS.get(admitted, _TEXT)}\n".encode()
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(text))),
        ]
        if admitted is HTTPStatus.METHOD_NOT_ALLOWED:
            headers.append(("Allow", ", ".join(methods)))
        respond_safely(f"{admitted.value} {admitted.phrase}", headers)
        return [] if environment["REQUEST_METHOD"] == "HEAD" else [text]

    def _methods(self, path: str) -> tuple[str, ...]:
        if path == self._served.refresh_path:
            return _ASKING
        return _READING if self._served.has(path) else ()

    def _admitted(
        self, environment: Environment, methods: tuple[str, ...]
    ) -> Environment | HTTPStatus:
        """Give the request as the page's own application may see it, or why it may not."""
        if not (self._behind_proxy or _OWN_HOST.fullmatch(environment.get("HTTP_HOST", ""))):
            return HTTPStatus.MISDIRECTED_REQUEST
        if not methods:
            return HTTPStatus.NOT_FOUND
        if environment["REQUEST_METHOD"] not in methods:
            return HTTPStatus.METHOD_NOT_ALLOWED
        return _bare(environment, b"") if methods == _READING else self._refresh(environment)

    def _refresh(self, environment: Environment) -> Environment | HTTPStatus:
        if not _is_json(environment):
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        body = _body(environment)
        if isinstance(body, HTTPStatus):
            return body
        refresh = self._served.read_refresh(body)
        if refresh is None:
            return HTTPStatus.BAD_REQUEST
        return _bare(environment, refresh) | {"CONTENT_TYPE": "application/json"}

    def _with_ours(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        ours = dict(self._headers)
        for name, value in headers:
            if name.lower() == "content-type" and value.partition(";")[0] in _NOT_KEPT:
                ours["Cache-Control"] = "no-store"
        replaced = {name.lower() for name in ours}
        return [each for each in headers if each[0].lower() not in replaced] + list(ours.items())


class _Refusals:
    """Tells the log that there were some, seldom, and nothing that they said."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._untold = 0
        self._told_at: float | None = None

    def count(self, status: HTTPStatus) -> None:
        with self._lock:
            self._untold += 1
            now = self._clock()
            if self._told_at is not None and now - self._told_at < _TOLD_EVERY_S:
                return
            untold, self._untold, self._told_at = self._untold, 0, now
        _LOG.info(
            "Refused requests that the page does not make itself: %d, the last with %d. The next"
            " such line comes in %d minutes at the earliest.",
            untold,
            status,
            _TOLD_EVERY_S // 60,
        )


def _bare(environment: Environment, body: bytes) -> Environment:
    """Leave out what the client said; the page needs none of it."""
    bare = {name: said for name, said in environment.items() if not name.startswith(_UNSEEN)}
    etag = environment.get("HTTP_IF_NONE_MATCH", "")
    if 0 < len(etag) <= _ETAG_LIMIT:
        bare["HTTP_IF_NONE_MATCH"] = etag
    return bare | {
        "HTTP_HOST": "localhost",
        "QUERY_STRING": "",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
    }


def _is_json(environment: Environment) -> bool:
    said: str = environment.get("CONTENT_TYPE", "")
    return said.partition(";")[0].strip().lower() == "application/json"


def _body(environment: Environment) -> bytes | HTTPStatus:
    length: str = environment.get("CONTENT_LENGTH", "")
    if not length:
        return HTTPStatus.LENGTH_REQUIRED
    if not (length.isascii() and length.isdecimal()):
        return HTTPStatus.BAD_REQUEST
    if len(length) > _DIGITS or int(length) > BODY_LIMIT:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    body: bytes = environment["wsgi.input"].read(int(length))
    return body if len(body) == int(length) else HTTPStatus.BAD_REQUEST
