"""The page under requests that no browser sends: over real connections."""

from __future__ import annotations

import logging
import re
import socket
import threading
import tracemalloc
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import pytest

from profiles.adapters.dashboard import channel
from profiles.adapters.dashboard.app import create_app
from profiles.adapters.dashboard.request_filter import Environment, Respond
from profiles.adapters.dashboard.server import THREADS, PageServer
from profiles.application.ports.stores import Overview
from profiles.domain.statistics import Cell, cohorts_of
from tests.support.odd_requests import (
    JSON,
    OWN,
    UPDATE,
    Request,
    broken_requests,
    browser_requests,
    refresh,
)
from tests.support.patience import PATIENCE_S

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MEBIBYTE = 1 << 20
ALIVE = Request(target="/healthz").raw()


class Reader:
    def overview(self) -> Overview:
        return Overview(cohorts=cohorts_of({Cell("DK", "female", "1990-01"): 700}))


@pytest.fixture
def server() -> Generator[PageServer]:
    app = create_app(Reader(), now=lambda: NOW, refresh_s=1e-6)
    with PageServer(app.server, port=0) as server:
        yield server


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as client:
        yield client


def head_of(client: socket.socket) -> bytes:
    """Read an answer up to the end of its head, or what there is of it."""
    said = b""
    while b"\r\n\r\n" not in said:
        try:
            more = client.recv(8192)
        except ConnectionError:
            break
        if not more:
            break
        said += more
    return said


def answered(port: int, *pieces: bytes) -> bytes:
    """Send what the server takes of these, and read what it says."""
    with connected(port) as client:
        try:
            for piece in pieces:
                client.sendall(piece)
        except ConnectionError:
            pass  # refused before the end, and told so
        return head_of(client)


def code_of(said: bytes) -> int | None:
    found = re.match(rb"HTTP/1\.[01] (\d{3}) ", said)
    return int(found[1]) if found else None


def test_a_body_over_the_limit_is_refused_before_it_is_sent(server: PageServer) -> None:
    for length in (65_537, 64 << 20, 1 << 40):
        assert code_of(answered(server.port, refresh(length=str(length), body=b"").raw())) == 413


def test_a_body_that_waits_to_be_asked_for_is_asked_for_only_if_it_may_come(
    server: PageServer,
) -> None:
    own = (*OWN, JSON, ("Expect", "100-continue"))
    body = refresh().body
    with connected(server.port) as client:
        client.sendall(refresh(headers=own, body=b"", length=str(len(body))).raw())
        assert code_of(head_of(client)) == 100
        client.sendall(body)
        assert code_of(head_of(client)) == 200

    assert (
        code_of(answered(server.port, refresh(headers=own, body=b"", length="64000000").raw()))
        == 413
    )
    without = Request(target="/healthz", headers=own)
    assert code_of(answered(server.port, without.raw())) == 200


def test_a_body_in_chunks_is_refused_at_the_limit(server: PageServer) -> None:
    head = Request(
        method="POST", target=UPDATE, headers=(*OWN, JSON, ("Transfer-Encoding", "chunked"))
    )
    body = refresh().body
    chunk = b"%x\r\n%b\r\n"

    small = answered(server.port, head.raw(), chunk % (len(body), body), b"0\r\n\r\n")
    large = answered(server.port, head.raw(), *[chunk % (1024, b" " * 1024)] * 1024)
    never = answered(server.port, head.raw(), b"1" * MEBIBYTE)

    assert [code_of(said) for said in (small, large, never)] == [200, 413, 413]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"a" * 40_000, 431),
        (b"GET /" + b"a" * 40_000, 431),
        (b"GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
            400,
        ),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1, 1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nada@lovelace.example\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 421),
        (b"GET / HTTP/1.0\r\n\r\n", 421),
        (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
    ],
)
def test_what_is_no_request_of_ours_is_the_client_s_error(
    server: PageServer, caplog: pytest.LogCaptureFixture, raw: bytes, code: int
) -> None:
    said = answered(server.port, raw)

    assert code_of(said) == code
    assert b"lovelace" not in said
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []
    assert code_of(answered(server.port, ALIVE)) == 200


def test_hundreds_of_broken_requests_leave_the_page_alive_and_the_log_empty(
    server: PageServer, caplog: pytest.LogCaptureFixture
) -> None:
    more_than_is_read = b"\r\n\r\n" + b"x" * 150_000  # ends whatever the request has begun
    codes: Counter[int | None] = Counter()
    with caplog.at_level(logging.INFO):
        for raw in broken_requests(browser_requests(), seed=2, count=400):
            codes[code_of(answered(server.port, raw, more_than_is_read))] += 1

    assert {code for code in codes if code is not None and not 100 <= code < 500} == set()
    assert sum(codes[code] for code in codes if code and code >= 400) > 200
    assert len(caplog.records) <= 1
    for request in browser_requests():
        assert code_of(answered(server.port, request.raw())) == 200


def test_half_a_request_is_not_waited_for_for_ever(
    server: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "_PATIENCE_S", 0.0)
    for half in (b"GET / HT", refresh().raw()[:-1]):
        assert answered(server.port, half) == b""


def test_a_connection_without_requests_is_closed_in_the_end(
    server: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connected(server.port) as client:
        client.sendall(ALIVE)
        assert code_of(head_of(client)) == 200
        monkeypatch.setattr(channel, "_IDLE_S", 0.0)
        while client.recv(8192):
            pass


def test_clients_that_do_not_read_their_answers_do_not_take_all_threads_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stuck, freed = threading.Semaphore(0), threading.Semaphore(0)

    def more_than_is_read(environment: Environment, respond: Respond) -> Iterable[bytes]:
        respond("200 OK", [("Content-Type", "text/plain")])
        if environment["PATH_INFO"] == "/deaf":
            yield b"x" * 20 * MEBIBYTE
            stuck.release()
            try:
                yield b"x"
            finally:
                freed.release()
        else:
            yield b"x"

    with PageServer(more_than_is_read, port=0) as server, ExitStack() as stack:
        for _ in range(THREADS):
            deaf = stack.enter_context(connected(server.port))
            deaf.sendall(Request(target="/deaf").raw())
        for _ in range(THREADS):
            assert stuck.acquire(timeout=PATIENCE_S)
        with monkeypatch.context() as impatient:
            impatient.setattr(channel, "_PATIENCE_S", 0.0)
            for _ in range(THREADS):
                assert freed.acquire(timeout=PATIENCE_S)
        assert code_of(answered(server.port, ALIVE)) == 200


def test_those_who_only_hold_connections_make_room_for_others(server: PageServer) -> None:
    with ExitStack() as stack:
        for number in range(150):
            idle = stack.enter_context(connected(server.port))
            idle.sendall(b"GET / HTTP/1.1\r\n" * (number % 2))
        assert code_of(answered(server.port, ALIVE)) == 200


def test_large_bodies_cost_neither_memory_nor_the_page(server: PageServer) -> None:
    part = b"x" * MEBIBYTE
    head = refresh(body=b"", length=str(256 * MEBIBYTE)).raw()
    chunked = Request(
        method="POST", target=UPDATE, headers=(*OWN, JSON, ("Transfer-Encoding", "chunked"))
    )
    tracemalloc.start()
    try:
        codes = [
            code_of(answered(server.port, head, *[part] * 256)),
            code_of(answered(server.port, chunked.raw(), b"10000000\r\n", *[part] * 256)),
        ]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert codes == [413, 413]
    assert peak < 4 * MEBIBYTE
    assert code_of(answered(server.port, ALIVE)) == 200
