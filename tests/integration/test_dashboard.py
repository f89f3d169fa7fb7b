"""The page over HTTP, without a browser."""

from __future__ import annotations

import json
import logging
import re
import socket
import threading
import time
import urllib.request
from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest

from profiles.adapters.dashboard.app import create_app
from profiles.adapters.dashboard.server import PageServer
from profiles.domain.errors import UsageError
from profiles.domain.statistics import Cell, Statistics

TODAY = date(2026, 11, 23)


class Reader:
    def __init__(self) -> None:
        self.breaks = False

    def statistics(self) -> Statistics:
        if self.breaks:
            message = "ada@lovelace.example"
            raise RuntimeError(message)  # a bug, whose text may hold anything
        return Statistics(
            cells={Cell("DK", "female", "1990-01"): 7}, email_domains={"a.example": 7}
        )


def page_of(reader: Reader) -> PageServer:
    return PageServer(create_app(reader, today=lambda: TODAY, refresh_s=0.01), port=0)


def read(url: str, asked: dict[str, Any] | None = None) -> tuple[Any, str]:
    data = None if asked is None else json.dumps(asked).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - our own page
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - our own page
        return response.headers, response.read().decode()


def refreshed(url: str, shown: str | None = None) -> dict[str, Any]:
    """Ask what the browser asks at each refresh."""
    _, dependencies = read(f"{url}/_dash-dependencies")
    callback = next(each for each in json.loads(dependencies) if not each["clientside_function"])
    outputs = [
        dict(zip(("id", "property"), output.rsplit(".", 1), strict=True))
        for output in callback["output"].strip(".").split("...")
    ]
    _, answer = read(
        f"{url}/_dash-update-component",
        {
            "output": callback["output"],
            "outputs": outputs,
            "inputs": [{"id": "interval", "property": "n_intervals", "value": 1}],
            "state": [{"id": "shown", "property": "data", "value": shown}],
            "changedPropIds": ["interval.n_intervals"],
        },
    )
    written: dict[str, Any] = json.loads(answer)["response"]
    return written


def test_everything_comes_from_the_page_s_own_address() -> None:
    with page_of(Reader()) as server:
        _, index = read(server.url)
        addresses = re.findall(r'(?:src|href)="([^"]+)"', index)
        headers, bootstrap = read(server.url + "/bootstrap.min.css")

    assert len(addresses) > 5
    assert [address for address in addresses if not re.match(r"/(?!/)", address)] == []
    assert bootstrap.splitlines()[1].startswith(" * Bootstrap  v5.")
    assert "max-age=86400" in headers["Cache-Control"]


def test_a_refresh_draws_only_what_has_changed() -> None:
    with page_of(Reader()) as server:
        first = refreshed(server.url)
        second = refreshed(server.url, shown=first["shown"]["data"])

    assert first["users"]["children"] == "7"
    assert set(second) == {"notice", "updated", "answered"}


def test_no_debug_mode_no_developer_tools_no_tools_for_machines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DASH_DEBUG", "DASH_MCP_ENABLED", "DASH_UI", "DASH_HOT_RELOAD"):
        monkeypatch.setenv(name, "true")
    with page_of(Reader()) as server:
        _, index = read(server.url)
        _, tools = read(server.url + "/_mcp")  # the page itself, as for any unknown address
        with pytest.raises(urllib.error.HTTPError, match="405"):
            read(server.url + "/_mcp", {})

    config = re.search(r'<script id="_dash-config"[^>]*>(.*?)</script>', index)
    assert config is not None
    assert json.loads(config[1])["ui"] is False
    assert "<title>Population</title>" in tools


def test_the_text_of_an_unforeseen_error_is_neither_shown_nor_logged(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    reader = Reader()
    reader.breaks = True
    with caplog.at_level(logging.DEBUG), page_of(reader) as server:
        written = refreshed(server.url)
        reader.breaks = False
        again = refreshed(server.url)

    assert written == {}
    assert again["users"]["children"] == "7"
    assert "RuntimeError at test_dashboard.py" in caplog.text
    assert "lovelace" not in caplog.text + "".join(capfd.readouterr())


def test_a_page_without_its_stylesheet_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, missing in (("_BOOTSTRAP_OF", "no-such-distribution"), ("_BOOTSTRAP_FILE", "no.css")):
        with monkeypatch.context() as broken:
            broken.setattr(f"profiles.adapters.dashboard.app.{name}", missing)
            with pytest.raises(UsageError, match=r"pip install 'profiles\[dashboard\]'"):
                create_app(Reader(), today=lambda: TODAY)


def test_a_port_that_is_taken_is_a_sentence_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = PageServer(_hello, port=port)
        with pytest.raises(UsageError, match=f":{port}: another program listens there.*--port"):
            server.start()
        server.close()


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [
        ("127.0.0.1", 70_000, "from 0 to 65535"),
        ("a" * 64, 0, "no such host"),
        ("192.0.2.1", 0, "no such address"),
    ],
)
def test_an_address_that_can_t_be_used_is_a_sentence(host: str, port: int, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        PageServer(_hello, host=host, port=port).start()


def test_a_closed_server_is_gone_at_once_and_its_port_is_free_again() -> None:
    server = PageServer(_hello, port=0)
    server.start()
    read(server.url)
    with socket.create_connection(("127.0.0.1", server.port)):  # a browser keeps some open
        began = time.monotonic()
        server.close()
        server.close()
        took_s = time.monotonic() - began
    again = PageServer(_hello, port=server.port)
    with again:
        assert read(again.url)[1] == "hello"

    assert took_s < 2
    assert _threads_that_stay() == []


def test_a_request_that_never_ends_does_not_hold_up_the_end() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def stuck(_environment: object, respond: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI
        begun.set()
        may_end.wait(10)
        return _hello(_environment, respond)

    server = PageServer(stuck, port=0)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert begun.wait(10)
        began = time.monotonic()
        server.close()
        took_s = time.monotonic() - began
        may_end.set()

    assert took_s < 2
    assert _threads_that_stay() == []


def _hello(_environment: object, respond: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI
    respond("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def _threads_that_stay() -> list[str]:
    threads = [
        thread
        for thread in threading.enumerate()
        if thread.name == "page" or thread.name.startswith("waitress")
    ]
    for thread in threads:
        thread.join(10)
    return [thread.name for thread in threads if thread.is_alive()]
