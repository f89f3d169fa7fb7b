"""The Random User Generator API as it is on a bad day: a real HTTP server on loopback.

Each request meets the next of the scripted answers; when there is none left, a good response.
"""

from __future__ import annotations

import gzip
import json
import socketserver
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

MARKER = "Marked-Person-7c1f"
"""In every value of every person that this server makes up."""

Answer = Callable[["Exchange"], None]
"""Writes what the server answers to one request; the connection is closed afterwards."""


@dataclass(frozen=True, slots=True)
class Request:
    target: str
    headers: Mapping[str, str]
    method: str = "GET"
    body: bytes = b""

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)


@dataclass(frozen=True, slots=True)
class Exchange:
    """What an answer has at hand.

    number: of this request, from 1.
    hang: says that the client waits in vain from now on.
    """

    request: Request
    number: int
    closing: threading.Event = field(repr=False)
    write: Callable[[bytes], object] = field(repr=False)
    hang: Callable[[], object] = field(repr=False)

    @property
    def good(self) -> bytes:
        """The body of the good response to this request."""
        return response_of(int(self.request.query["results"][0]), number=self.number)


def answer(
    status: int = 200, body: bytes | None = None, *, headers: Mapping[str, str] | None = None
) -> Answer:
    def write(exchange: Exchange) -> None:
        content = exchange.good if body is None else body
        exchange.write(_head(status, {"Content-Length": len(content), **(headers or {})}) + content)

    return write


def error_in_body(status: int) -> Answer:
    return answer(status, b'{"error": "Uh oh, something has gone wrong. %s"}' % MARKER.encode())


def no_users(exchange: Exchange) -> None:
    info = {"seed": "d3adb33f", "results": 1, "page": 1, "version": "1.4"}
    answer(body=json.dumps({"results": [], "info": info}).encode())(exchange)


def of_version(version: str) -> Answer:
    """Answer as an older version of the API does: a street is one text."""

    def write(exchange: Exchange) -> None:
        document = json.loads(exchange.good)
        for person in document["results"]:
            person["location"] = {"street": f"12 {MARKER}"}
        document["info"]["version"] = version
        answer(body=json.dumps(document).encode())(exchange)

    return write


def cut_short(exchange: Exchange) -> None:
    """Promise the whole body, send two thirds of it."""
    head = _head(200, {"Content-Length": len(exchange.good)})
    exchange.write(head + exchange.good[: len(exchange.good) * 2 // 3])


def cut_short_unannounced(exchange: Exchange) -> None:
    """Send two thirds of the body, of a length that was not said before."""
    exchange.write(_head(200) + exchange.good[: len(exchange.good) * 2 // 3])


def speak_another_protocol(exchange: Exchange) -> None:
    exchange.write(b"SSH-2.0-OpenSSH_9.2\r\n")


def hang_up(exchange: Exchange) -> None:
    del exchange


def say_nothing(exchange: Exchange) -> None:
    exchange.hang()
    exchange.closing.wait()


def drip_head(exchange: Exchange) -> None:
    """Begin an answer, and never end its header."""
    exchange.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    _drip(exchange)


def drip_body(exchange: Exchange) -> None:
    """Send half of the body at once, and blanks ever after."""
    exchange.write(_head(200) + exchange.good[: len(exchange.good) // 2])
    _drip(exchange)


def stall(exchange: Exchange) -> None:
    """Send half of the body, and then nothing."""
    exchange.write(
        _head(200, {"Content-Length": len(exchange.good)})
        + exchange.good[: len(exchange.good) // 2]
    )
    exchange.hang()
    exchange.closing.wait()


def flood(exchange: Exchange) -> None:
    """Send without end, as fast as it is taken."""
    exchange.write(_head(200) + b'{"results": [')
    while not exchange.closing.is_set():
        exchange.write(b'"' + b"x" * 65_536 + b'",')


def gzipped(exchange: Exchange) -> None:
    _gzip(exchange, gzip.compress(exchange.good))


def gzip_cut_short(exchange: Exchange) -> None:
    _gzip(exchange, gzip.compress(exchange.good)[:-12])


def gzip_broken(exchange: Exchange) -> None:
    content = bytearray(gzip.compress(exchange.good))
    content[len(content) // 2] ^= 0xFF
    _gzip(exchange, bytes(content))


def gzip_followed_by_more(exchange: Exchange) -> None:
    _gzip(exchange, gzip.compress(exchange.good) + b"more")


def gzip_bomb(exchange: Exchange) -> None:
    """A few KB that uncompress to 64 MiB."""
    _gzip(exchange, gzip.compress(b" " * 2**26))


def response_of(users: int, *, number: int = 0) -> bytes:
    """Make a response in the API's shape; no two of different `number` share an id."""
    results = [
        {
            "gender": "female",
            "name": {"title": "Ms", "first": MARKER, "last": MARKER},
            "email": f"{MARKER}@example.com",
            "login": {"uuid": str(UUID(int=number * 10_000 + user)), "password": MARKER},
            "dob": {"date": "1984-02-29T01:02:03.000Z", "age": 42},
            "nat": "NO",
        }
        for user in range(users)
    ]
    return json.dumps({"results": results, "info": {"results": users}}).encode()


class MisbehavingApi:
    """The server; `url` is the base to ask, `requests` what it was asked.

    hanging: called whenever a client begins to wait in vain, so that its time can then run out.
    """

    def __init__(
        self,
        *script: Answer,
        path: str = "/api/1.4/",
        hanging: Callable[[], object] = lambda: None,
    ) -> None:
        self.requests: list[Request] = []
        self.arrived = threading.Event()
        self._hanging = hanging
        self._script = deque(script)
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(self._handle)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.address}{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()  # joins the threads of the open connections
        self._thread.join()

    def _handle(self, request: Request, write: Callable[[bytes], object]) -> None:
        with self._lock:
            self.requests.append(request)
            number = len(self.requests)
            act = self._script.popleft() if self._script else answer()
        self.arrived.set()
        act(Exchange(request, number, self._closing, write, self._hanging))


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = False  # so that closing the server waits for its connections

    def __init__(self, handle: Callable[[Request, Callable[[bytes], object]], None]) -> None:
        self.handle = handle
        super().__init__(("127.0.0.1", 0), _Connection)


class _Connection(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        try:
            line = self.rfile.readline().decode("ascii")
            headers = {}
            while field_line := self.rfile.readline().strip():
                name, _, value = field_line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            if line:
                method, target, *_ = line.split()
                body = self.rfile.read(int(headers.get("content-length", 0)))
                self.server.handle(Request(target, headers, method, body), self.wfile.write)
        except OSError:
            pass  # the client gave up: what many of the tests are about


def _head(status: int, headers: Mapping[str, object] | None = None) -> bytes:
    fields = {"Content-Type": "application/json; charset=utf-8", "Connection": "close"}
    lines = [f"{name}: {value}" for name, value in {**fields, **(headers or {})}.items()]
    return "\r\n".join([f"HTTP/1.1 {status} Whatever", *lines, "", ""]).encode()


def _drip(exchange: Exchange) -> None:
    exchange.hang()
    while not exchange.closing.wait(0.02):
        exchange.write(b" ")


def _gzip(exchange: Exchange, content: bytes) -> None:
    answer(body=content, headers={"Content-Encoding": "gzip"})(exchange)
