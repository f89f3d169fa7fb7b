"""The page over HTTP, without a browser."""

from __future__ import annotations

import json
import logging
import re
import socket
import threading
import urllib.request
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from profiles.adapters.dashboard.app import create_app
from profiles.adapters.dashboard.server import PageServer
from profiles.adapters.memory import MemoryLedger
from profiles.adapters.mongo import MongoDecidingStore
from profiles.application.errors import StoreError
from profiles.application.ports.stores import Overview
from profiles.domain.errors import UsageError
from profiles.domain.person import PersonId
from profiles.domain.statistics import Cell, cohorts_of
from tests.support.histories import chunk, stored
from tests.support.mongo_stores import database
from tests.support.patience import PATIENCE_S

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Reader:
    def __init__(self) -> None:
        self.breaks = False
        self.away = False

    def overview(self) -> Overview:
        if self.breaks:
            message = "ada@lovelace.example"
            raise RuntimeError(message)  # a bug, whose text may hold anything
        if self.away:
            raise StoreError("The store of the test", "it did not answer", "Let it come back.")
        return Overview(
            cohorts=cohorts_of({Cell("DK", "female", "1990-01"): 7}),
            email_domains={"a.example": 7},
        )


def page_of(reader: Reader, *, behind_proxy: bool = False) -> PageServer:
    app = create_app(reader, now=lambda: NOW, refresh_s=1e-6, behind_proxy=behind_proxy)
    return PageServer(app.server, port=0)


def read(
    url: str, asked: dict[str, Any] | None = None, *, host: str | None = None
) -> tuple[Any, str]:
    data = None if asked is None else json.dumps(asked).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - our own page
    if host is not None:
        request.add_header("Host", host)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:  # noqa: S310 - our own page
        return response.headers, response.read().decode()


def refreshed(url: str, shown: dict[str, str] | None = None) -> dict[str, Any]:
    """Ask what the browser asks at each refresh."""
    _, dependencies = read(f"{url}/_dash-dependencies")
    callback = next(each for each in json.loads(dependencies) if not each["clientside_function"])
    outputs = [
        dict(zip(("id", "property"), output.rsplit(".", 1), strict=True))
        for output in callback["output"].strip(".").split("...")
    ]
    said = {"interval": 1, "selected-nationality": "all", "selected-gender": "all"}
    _, answer = read(
        f"{url}/_dash-update-component",
        {
            "output": callback["output"],
            "outputs": outputs,
            "inputs": [{**each, "value": said.get(each["id"])} for each in callback["inputs"]],
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

    assert first["users"]["children"] == "5"
    assert set(second) == {"notice", "updated", "answered"}


def test_the_page_may_load_and_do_nothing_but_what_is_its_own() -> None:
    with page_of(Reader()) as server:
        headers, index = read(server.url)
        data_headers, _ = read(server.url + "/_dash-layout")

    policy = dict(
        directive.split(" ", 1) for directive in headers["Content-Security-Policy"].split("; ")
    )
    scripts = policy.pop("script-src").split()
    assert scripts[0] == "'self'"
    assert all(re.fullmatch(r"'sha256-[\w+/]+=*'", script) for script in scripts[1:])
    assert re.findall(r"<script>|javascript:|\son\w+=", index) == []
    assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"
    assert policy["connect-src"] == "'self'"
    for name, value in {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }.items():
        assert headers[name] == data_headers[name] == value
    assert "Server" not in headers


def test_other_names_than_the_machine_s_own_are_answered_behind_a_proxy_only() -> None:
    with page_of(Reader()) as server:
        with pytest.raises(urllib.error.HTTPError, match="421"):
            read(server.url, host="page.attacker.example")
        for own in (f"localhost:{server.port}", "127.0.0.1", "[::1]:1"):
            assert "Population" in read(server.url, host=own)[1]
    with page_of(Reader(), behind_proxy=True) as server:
        assert "Population" in read(server.url, host="numbers.example.org")[1]


def test_health_and_readiness_are_separate_answers() -> None:
    reader = Reader()
    with page_of(reader) as server:
        assert read(server.url + "/readyz")[1] == "The store answers.\n"
        reader.away = True
        with pytest.raises(urllib.error.HTTPError, match="503") as refused:
            read(server.url + "/readyz")
        refused.value.close()
        assert read(server.url + "/healthz")[1] == "The page is served.\n"
        reader.away = False
        assert read(server.url + "/readyz")[1] == "The store answers.\n"


@pytest.mark.servers
def test_mongodb_gives_the_page_what_is_held(mongo_url: str) -> None:
    def persons(start: int, count: int) -> Any:  # noqa: ANN401 - a chunk
        ids = [PersonId(str(uuid4())) for _ in range(count)]
        return chunk(*(stored(person) for person in ids), start=start)

    with (
        database(mongo_url) as name,
        closing(MongoDecidingStore.open(mongo_url, name)) as store,
    ):
        store.apply(persons(0, 23), MemoryLedger())
        app = create_app(store, now=lambda: NOW, refresh_s=1e-6)
        with PageServer(app.server, port=0) as server:
            first = refreshed(server.url)
            store.apply(persons(23, 4), MemoryLedger())
            still = refreshed(server.url, shown=first["shown"]["data"])
            store.apply(persons(27, 1), MemoryLedger())
            later = refreshed(server.url, shown=first["shown"]["data"])

    assert first["users"]["children"] == "20"
    assert set(still) == {"notice", "updated", "answered"}
    assert later["users"]["children"] == "25"


def test_no_debug_mode_no_developer_tools_no_tools_for_machines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DASH_DEBUG", "DASH_MCP_ENABLED", "DASH_UI", "DASH_HOT_RELOAD"):
        monkeypatch.setenv(name, "true")
    with page_of(Reader()) as server:
        _, index = read(server.url)
        with pytest.raises(urllib.error.HTTPError, match="404") as refused:
            read(server.url + "/_mcp")
        refused.value.close()

    config = re.search(r'<script id="_dash-config"[^>]*>(.*?)</script>', index)
    assert config is not None
    assert json.loads(config[1])["ui"] is False


def test_the_text_of_an_unforeseen_error_is_neither_shown_nor_logged(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    reader = Reader()
    reader.breaks = True
    with caplog.at_level(logging.DEBUG), page_of(reader) as server:
        with pytest.raises(urllib.error.HTTPError, match="500") as told:
            refreshed(server.url)
        body = told.value.read().decode()
        reader.breaks = False
        again = refreshed(server.url)

    assert again["users"]["children"] == "5"
    assert "RuntimeError at test_dashboard.py" in caplog.text
    assert "lovelace" not in caplog.text + "".join(capfd.readouterr()) + body


def test_a_page_without_its_stylesheet_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, missing in (("_BOOTSTRAP_OF", "no-such-distribution"), ("_BOOTSTRAP_FILE", "no.css")):
        with monkeypatch.context() as broken:
            broken.setattr(f"profiles.adapters.dashboard.web.{name}", missing)
            with pytest.raises(UsageError, match=r"pip install 'profiles\[dashboard\]'"):
                create_app(Reader(), now=lambda: NOW)


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


def test_a_server_closes_before_its_clients_do_and_its_port_is_free_again() -> None:
    server = PageServer(_hello, port=0)
    server.start()
    read(server.url)
    with socket.create_connection(("127.0.0.1", server.port)):  # a browser keeps some open
        server.close()
        server.close()
    again = PageServer(_hello, port=server.port)
    with again:
        assert read(again.url)[1] == "hello"

    assert _threads_that_stay() == []


def test_a_request_that_never_ends_does_not_hold_up_the_end() -> None:
    begun, may_end = threading.Event(), threading.Event()
    outlasted: list[bool] = []

    def stuck(_environment: object, respond: Any) -> Iterable[bytes]:  # noqa: ANN401 - WSGI
        begun.set()
        outlasted.append(may_end.wait(PATIENCE_S))
        return _hello(_environment, respond)

    server = PageServer(stuck, port=0)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert begun.wait(PATIENCE_S)
        server.close()
        may_end.set()

    assert _threads_that_stay() == []
    assert outlasted == [True]


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
        thread.join(PATIENCE_S)
    return [thread.name for thread in threads if thread.is_alive()]
