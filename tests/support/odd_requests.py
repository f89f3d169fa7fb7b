"""Requests that nobody's browser makes, from those that it does: changed by a seeded generator."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from profiles.adapters.dashboard import content, page

Headers = tuple[tuple[str, str], ...]

UPDATE: Final = "/_dash-update-component"
OWN: Final[Headers] = (("Host", "127.0.0.1:8050"), ("Accept", "*/*"))
_PLACES: Final = ((page.SHOWN, "data"), *page.FRAME, *content.places())
JSON: Final = ("Content-Type", "application/json")


@dataclass(frozen=True, kw_only=True)
class Request:
    method: str = "GET"
    target: str = "/"
    headers: Headers = OWN
    body: bytes = b""
    length: str | None = field(default=None)  # as told; None tells the true one

    def raw(self) -> bytes:
        """Write it as it goes over the wire."""
        head = "".join(f"{name}: {value}\r\n" for name, value in self._headers())
        line = f"{self.method} {self.target} HTTP/1.1\r\n"
        return (line + head + "\r\n").encode("latin-1", "replace") + self.body

    def environment(self) -> dict[str, Any]:
        """Write it as a server hands it to a WSGI application."""
        path, _, query = self.target.partition("?")
        environment: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": "page.invalid",
            "SERVER_PORT": "8050",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(self.body),
            "wsgi.errors": None,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self._headers():
            key = name.upper().replace("-", "_")
            known = key in {"CONTENT_TYPE", "CONTENT_LENGTH"}
            environment[key if known else f"HTTP_{key}"] = value
        return environment

    def _headers(self) -> Headers:
        if self.length is None and not self.body:
            return self.headers
        told = str(len(self.body)) if self.length is None else self.length
        return (*self.headers, ("Content-Length", told))


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def answer(application: Callable[..., Iterable[bytes]], request: Request) -> Answer:
    """Ask a WSGI application; what it raises is not caught."""
    said: list[tuple[str, list[tuple[str, str]]]] = []

    def respond(status: str, headers: list[tuple[str, str]], _error: object = None) -> None:
        said.append((status, headers))

    chunks = application(request.environment(), respond)
    body = b"".join(chunks)
    close = getattr(chunks, "close", None)
    if close is not None:
        close()
    ((status, headers),) = said
    return Answer(status=int(status[:3]), headers=dict(headers), body=body)


def refresh_body(shown: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Write what a browser sends at a refresh; `shown` is what it was told to send again."""
    return {
        "output": "..{}..".format("...".join(f"{name}.{what}" for name, what in _PLACES)),
        "outputs": [{"id": name, "property": what} for name, what in _PLACES],
        "inputs": [
            {"id": "interval", "property": "n_intervals", "value": 2},
            {"id": "awake", "property": "data"},
            {"id": "selected-nationality", "property": "value", "value": "all"},
            {"id": "selected-gender", "property": "value", "value": "female"},
            {
                "id": "numerals",
                "property": "data",
                "value": {
                    "group": ",",
                    "decimal": ".",
                    "first": 3,
                    "further": 3,
                    "ungrouped": 1,
                    "before_percent": "",
                    "after_percent": "%",
                    "offset": -90,
                },
            },
        ],
        "changedPropIds": ["interval.n_intervals"],
        "parsedChangedPropsIds": ["interval.n_intervals"],
        "state": [{"id": "shown", "property": "data", "value": shown}],
    }


def refresh(said: object = None, /, **changed: Any) -> Request:  # noqa: ANN401 - any field
    body = json.dumps(refresh_body() if said is None else said).encode()
    own = Request(method="POST", target=f"{UPDATE}?endId=x", headers=(*OWN, JSON), body=body)
    return replace(own, **changed)


def browser_requests(shown: Mapping[str, str] | None = None) -> list[Request]:
    """List what a browser asks for: first a refresh."""
    targets = [
        "/",
        "/assets/page.css?m=1.5",
        "/assets/favicon.svg",
        "/bootstrap.min.css",
        "/_dash-layout",
        "/_dash-dependencies",
        "/_dash-component-suites/dash/dcc/async-graph.js",
        "/_dash-component-suites/dash/deps/react@18.v4_4_1m1795654573.3.1.min.js",
        "/healthz",
        "/readyz",
    ]
    return [refresh(refresh_body(shown)), *(Request(target=target) for target in targets)]


def odd_requests(own: Sequence[Request], *, seed: int, count: int) -> Iterator[Request]:
    """Change the requests of a browser, each in one to four places; half of them the first."""
    chance = random.Random(seed)
    for _ in range(count):
        request = own[0] if chance.random() < 0.5 else chance.choice(own)
        for _ in range(chance.choice((1, 1, 2, 4))):
            request = chance.choice(_CHANGES)(request, chance)
        yield request


def broken_requests(own: Sequence[Request], *, seed: int, count: int) -> Iterator[bytes]:
    """Change odd requests again, in the bytes that go over the wire."""
    chance = random.Random(seed)
    for request in odd_requests(own, seed=seed, count=count):
        raw = request.raw()
        for _ in range(chance.choice((0, 1, 1, 2, 8))):
            raw = _bytes(raw, chance, _WIRE)
        yield raw


_ODD_VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    -1,
    2**64,
    10**400,
    1.5,
    float("nan"),
    float("inf"),
    "",
    "x" * 2_000,
    "\ud800",
    "\x00",
    "interval.n_intervals",
    "__proto__",
    [],
    {},
    [[[[]]]],
    {"id": "users", "property": "children", "value": 1},
    {"id": {"index": "ALL"}, "property": "value"},
    ["interval.n_intervals"] * 200,
)
_ODD_BODIES: Final = (
    b"",
    b"null",
    b"[]",
    b'"',
    b"{}",
    b"[" * 60_000,
    b'{"a":' * 10_000,
    b"9" * 60_000,
    b"1e999",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b"a=b&c=d",
    b'{"output":"..notice.children.."}',
    b'{"output":"offline.is_open","inputs":[],"changedPropIds":[]}',
)
_ODD_TARGETS: Final = (
    "*",
    "",
    "//",
    "/..",
    "/../../etc/passwd",
    "/%00",
    "/%ff%fe",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/" + "a" * 20_000,
    "/?" + "a=b&" * 5_000,
    "http://[",
    "http://[::1/",
    "http://127.0.0.1:8050/",
    "/_reload-hash",
    "/_favicon.ico",
    "/_mcp",
    "/static/x",
    "/assets/",
    "/assets/../app.py",
    "/assets/page.css/",
    "/_dash-component-suites/",
    "/_dash-component-suites/dash/",
    "/_dash-component-suites/os/path.py",
    "/_dash-component-suites/dash/dash.py",
    "/_dash-component-suites/dash/dcc/../dash.py",
    "/_dash-component-suites/dash/dcc/async-graph.js.map",
    "/_dash-component-suites/dash_bootstrap_components/_components/dash_bootstrap_components.v1m",
    "/_dash-component-suites/dash/dcc/.v1m1.",
    "/_dash-update-component/",
    "/_dash-ws-callback",
)
_ODD_HEADERS: Final[Headers] = (
    ("Host", ""),
    ("Host", "["),
    ("Host", "[::1"),
    ("Host", "127.0.0.1:99999999"),
    ("Host", "127.0.0.1.attacker.example"),
    ("Host", "localhost@attacker.example"),
    ("Host", "a" * 5_000),
    ("Content-Type", "text/plain"),
    ("Content-Type", "application/json; charset=\xff"),
    ("Content-Type", "multipart/form-data; boundary=" + "x" * 200),
    ("Content-Encoding", "gzip"),
    ("Transfer-Encoding", "chunked"),
    ("Transfer-Encoding", "gzip, chunked"),
    ("Transfer-Encoding", "identity"),
    ("Expect", "100-continue"),
    ("Expect", "200-ok"),
    ("Connection", "keep-alive, Upgrade"),
    ("Upgrade", "websocket"),
    ("Range", "bytes=0-0,1-1,-1,9999999999999999999999-"),
    ("Range", "bytes=" + "0-1," * 1_000),
    ("If-None-Match", '"' + " " * 8_000),
    ("If-None-Match", "*"),
    ("If-Modified-Since", "Mon, 01 Jan 99999 00:00:00 +9999999999"),
    ("If-Range", "x"),
    ("Cookie", "a=b; " * 1_000),
    ("Cookie", '="\\'),
    ("Accept", "*/*;q=" + "9" * 5_000),
    ("Authorization", "Basic \xff"),
    ("X-Forwarded-For", "1.2.3.4"),
    ("Forwarded", 'for="'),
    ("Origin", "null"),
    ("A" * 5_000, "x"),
    ("Bad Name", "x"),
    ("", "x"),
    ("Content-Length", "-1"),
    ("Content-Length", "9" * 5_000),
)
_ODD_METHODS: Final = (
    *("GET HEAD POST PUT DELETE OPTIONS PATCH TRACE CONNECT PROPFIND get".split()),
    "",
    "G\xc9T",
    "A" * 5_000,
)
_ODD_LENGTHS: Final = ("", "0", "1", "-5", "+3", "1_0", "65537", "70000000", "9" * 5_000, "x", "²")
_PIECES: Final = (b"\x00", b"\xff", b'"', b"{", b"}", b",", b"\\", b"\\u", b"-", b"../", b"%")
_WIRE: Final = (*_PIECES, b"\r\n", b"\r", b"\n", b": ", b" ", b"\t", b"\r\n\r\n", b"HTTP/9.9", b";")


def _method(request: Request, chance: random.Random) -> Request:
    return replace(request, method=chance.choice(_ODD_METHODS))


def _target(request: Request, chance: random.Random) -> Request:
    if chance.random() < 0.5:
        return replace(request, target=chance.choice(_ODD_TARGETS))
    changed = _bytes(request.target.encode("latin-1"), chance, _PIECES)
    return replace(request, target=changed.decode("latin-1"))


def _header(request: Request, chance: random.Random) -> Request:
    headers = list(request.headers)
    if headers and chance.random() < 0.3:
        headers.pop(chance.randrange(len(headers)))
    else:
        headers.insert(chance.randint(0, len(headers)), chance.choice(_ODD_HEADERS))
    return replace(request, headers=tuple(headers))


def _length(request: Request, chance: random.Random) -> Request:
    return replace(request, length=chance.choice(_ODD_LENGTHS))


def _body(request: Request, chance: random.Random) -> Request:
    if not request.body or chance.random() < 0.2:
        return replace(request, body=chance.choice(_ODD_BODIES))
    return replace(request, body=_bytes(request.body, chance, _PIECES))


def _shape(request: Request, chance: random.Random) -> Request:
    """Change the body as JSON: another value, one more, one less, two exchanged."""
    try:
        said = json.loads(request.body)
    except (ValueError, RecursionError):
        return request
    holder, last = said, None
    inside = said
    while isinstance(inside, dict | list) and inside and (last is None or chance.random() < 0.8):
        holder = inside
        last = chance.choice(list(holder)) if isinstance(holder, dict) else _index(holder, chance)
        inside = holder[last]
    if last is None:
        return request
    what = chance.random()
    if what < 0.2:
        del holder[last]
    elif what < 0.3 and isinstance(holder, list):
        holder.append(holder[last])
    elif what < 0.4 and isinstance(holder, dict):
        holder[chance.choice(("", "id", "value", "x" * 500))] = chance.choice(_ODD_VALUES)
    else:
        holder[last] = chance.choice(_ODD_VALUES)
    return replace(request, body=json.dumps(said).encode())


def _index(some: list[Any], chance: random.Random) -> int:
    return chance.randrange(len(some))


def _bytes(said: bytes, chance: random.Random, pieces: tuple[bytes, ...]) -> bytes:
    """Overwrite, insert, cut out or repeat some bytes."""
    start = chance.randint(0, len(said))
    end = min(len(said), start + chance.choice((0, 1, 1, 4, 40)))
    new = chance.choice((chance.choice(pieces), b"", said[start:end] * 2, chance.randbytes(2)))
    return said[:start] + new + said[end:]


_CHANGES: Final = (_method, _target, _header, _header, _length, _body, _shape, _shape, _shape)
