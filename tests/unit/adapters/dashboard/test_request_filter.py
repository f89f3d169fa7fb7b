"""What the page answers to requests that it does not make itself."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import pytest

from profiles.adapters.dashboard.app import create_app
from profiles.adapters.dashboard.request_filter import Application
from profiles.application.ports.stores import Overview
from profiles.domain.statistics import Cell, cohorts_of
from tests.support.odd_requests import (
    JSON,
    OWN,
    UPDATE,
    Request,
    answer,
    browser_requests,
    odd_requests,
    refresh,
    refresh_body,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HELD = Overview(cohorts=cohorts_of({Cell("DK", "female", "1990-01"): 700}))


class Reader:
    breaks = False

    def overview(self) -> Overview:
        if self.breaks:
            raise RuntimeError("ada@lovelace.example")  # a bug, whose text may hold anything
        return HELD


@pytest.fixture(scope="module")
def page() -> Application:
    return page_of(Reader())


def page_of(reader: Reader, *, behind_proxy: bool = False) -> Application:
    app = create_app(reader, now=lambda: NOW, refresh_s=1e-6, behind_proxy=behind_proxy)
    application: Application = app.server
    return application


def status(page: Application, request: Request) -> int:
    return answer(page, request).status


def test_what_a_browser_asks_for_is_answered(page: Application) -> None:
    assert [status(page, request) for request in browser_requests()] == [200] * 11
    assert {status(page, Request(target=t, method="HEAD")) for t in ("/", "/healthz")} == {200}


def test_ten_thousand_odd_requests_are_refused_or_answered_and_none_fails(
    page: Application, caplog: pytest.LogCaptureFixture
) -> None:
    shown = json.loads(answer(page, refresh()).body)["response"]["shown"]["data"]
    own = browser_requests(shown)
    counts: Counter[int] = Counter()
    with caplog.at_level(logging.INFO):
        for request in odd_requests(own, seed=1, count=10_000):
            counts[status(page, request)] += 1

    assert {code for code in counts if not 200 <= code < 500} == set()
    assert sum(counts[code] for code in counts if code >= 400) > 5_000
    assert len(caplog.records) <= 1
    assert [status(page, request) for request in browser_requests()] == [200] * 11


@pytest.mark.parametrize(
    "target",
    [
        "/nothing",
        "/favicon.ico",
        "/_mcp",
        "/_reload-hash",
        "/assets/",
        "/assets/../app.py",
        "/assets/page.css/",
        "/_dash-component-suites/",
        "/_dash-component-suites/os/path.py",
        "/_dash-component-suites/dash/dash.py",
        "/_dash-component-suites/dash/dcc/../dash.py",
        "/_dash-component-suites/dash/dcc/no-such.js",
        "/_dash-component-suites/dash/.v1m1",
        "*",
        "",
    ],
)
def test_an_address_that_the_page_does_not_have_is_not_found(
    page: Application, target: str
) -> None:
    said = answer(page, Request(target=target))

    assert said.status == 404
    assert said.headers["X-Content-Type-Options"] == "nosniff"
    assert said.headers["Cache-Control"] == "no-store"
    assert len(said.body) < 200


def test_every_file_that_dash_offers_is_there_or_not_found(page: Application) -> None:
    suites = "/_dash-component-suites"
    offered = [f"{suites}/dash/dcc/{file.name}" for file in _files_of("dash", "dcc")]

    codes = {target: status(page, Request(target=target)) for target in offered}

    assert set(codes.values()) == {200, 404}
    assert codes[f"{suites}/dash/dcc/async-graph.js"] == 200
    assert codes[f"{suites}/dash/dcc/Graph.py"] == 404


@pytest.mark.parametrize("method", "POST PUT DELETE OPTIONS PATCH TRACE CONNECT get".split())
def test_an_address_has_the_methods_that_it_has(page: Application, method: str) -> None:
    refused = answer(page, Request(method=method))

    assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS"])
def test_a_refresh_is_posted(page: Application, method: str) -> None:
    refused = answer(page, refresh(method=method))

    assert (refused.status, refused.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (refresh(headers=OWN), 415),
        (refresh(headers=(*OWN, ("Content-Type", "text/plain"))), 415),
        (refresh(headers=(*OWN, ("Content-Type", "application/json; charset=utf-8"))), 200),
        (refresh(length=""), 411),
        (Request(method="POST", target=UPDATE, headers=(*OWN, JSON)), 411),
        (refresh(length="x"), 400),
        (refresh(length="-1"), 400),
        (refresh(length="²"), 400),
        (refresh(length="65537"), 413),
        (refresh(length="9" * 5_000), 413),
        (refresh(length="65536"), 400),  # less than that came
        (refresh(length="100"), 400),
    ],
)
def test_a_refresh_is_json_of_a_length_that_is_told(
    page: Application, request_: Request, code: int
) -> None:
    assert status(page, request_) == code


def test_a_body_that_is_too_large_is_not_read(page: Application) -> None:
    class Unread:
        def read(self, _size: int) -> bytes:
            raise AssertionError

    environment = refresh(length="64000000").environment() | {"wsgi.input": Unread()}
    said: list[str] = []
    page(environment, lambda code, *_: said.append(code))

    assert said[0].startswith("413")


def _with(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    body = refresh_body()
    change(body)
    return body


ODD_NUMERALS: tuple[object, ...] = (
    "en",
    [],
    {"first": [3]},
    {"offset": 1e99},
    {"a": "b" * 99},
    {str(number): 1 for number in range(100)},
)


def _value(place: int, value: object) -> dict[str, Any]:
    return _with(lambda body: body["inputs"][place].update(value=value))


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        _with(lambda body: body.pop("output")),
        _with(lambda body: body.update(output="offline.is_open")),
        _with(lambda body: body["outputs"].pop()),
        _with(lambda body: body["outputs"].reverse()),
        _with(lambda body: body.update(outputs=[])),
        _with(lambda body: body["inputs"].pop()),
        _with(lambda body: body["inputs"].reverse()),
        _with(lambda body: body["inputs"][0].update(id="users")),
        _with(lambda body: body["inputs"][0].update(property="disabled")),
        _with(lambda body: body.update(inputs=[body["inputs"]])),
        _with(lambda body: body.update(state=[])),
        _with(lambda body: body.pop("changedPropIds")),
        _with(lambda body: body.update(changedPropIds=["users.children"])),
        _with(lambda body: body.update(changedPropIds=["interval.n_intervals"] * 100)),
        *(_value(0, odd) for odd in (-1, 1.5, True, 2**60, "2", [2])),
        *(_value(1, odd) for odd in ("now", -1, 10**400)),
        *(_value(2, odd) for odd in (7, ["DK"], {"DK": 1}, "D" * 100, "<b>", "\ud800")),
        *(_value(3, odd) for odd in (7, ["female"], "f" * 100)),
        *(_value(4, odd) for odd in ODD_NUMERALS),
        _with(lambda body: body["state"][0].update(value=["people"])),
        _with(lambda body: body["state"][0].update(value={"people": 1})),
        _with(lambda body: body["state"][0].update(value={"people": "x" * 99})),
    ],
)
def test_a_refresh_of_another_shape_than_the_page_s_is_refused(
    page: Application, body: object
) -> None:
    assert status(page, refresh(body)) == 400


@pytest.mark.parametrize(
    "body",
    [
        *(_value(place, None) for place in range(5)),
        _value(2, "ZZ"),  # shown as everyone: nobody may be told by asking
        _value(4, {}),
        _value(4, {"group": "\N{NARROW NO-BREAK SPACE}", "unknown": 7}),
        _with(lambda body: body["state"][0].pop("value")),
        _with(lambda body: body.update(changedPropIds=[])),
        _with(lambda body: body.update(of_a_later_dash={"a": [1]})),
    ],
)
def test_a_refresh_of_any_browser_is_answered(page: Application, body: object) -> None:
    written = json.loads(answer(page, refresh(body)).body)["response"]

    assert written["notice"]["is_open"] is False


def test_refusals_are_told_in_one_line_and_say_nothing_of_the_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    page = page_of(Reader())
    with caplog.at_level(logging.DEBUG):
        for _ in range(50):
            status(page, Request(target="/ada@lovelace.example"))

    assert len(caplog.messages) == 1
    assert "not make itself: 1, the last with 404." in caplog.text
    assert "lovelace" not in caplog.text


def test_a_defect_of_ours_is_told_in_one_line_without_the_text_of_the_error(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    reader = Reader()
    reader.breaks = True
    page = page_of(reader)
    with caplog.at_level(logging.INFO):
        broken = answer(page, refresh())
        ready = answer(page, Request(target="/readyz"))
        reader.breaks = False
        again = status(page, refresh())

    assert (broken.status, ready.status, again) == (500, 500, 200)
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 2
    assert all("RuntimeError at test_request_filter.py:" in message for message in caplog.messages)
    everything = caplog.text + "".join(capfd.readouterr())
    assert "lovelace" not in everything + (broken.body + ready.body).decode()
    assert "Traceback" not in everything


@pytest.mark.parametrize(
    ("host", "own", "proxied"),
    [
        ("127.0.0.1", 200, 200),
        ("LOCALHOST:1", 200, 200),
        ("[::1]:8050", 200, 200),
        ("numbers.example.org", 421, 200),
        ("127.0.0.1.attacker.example", 421, 200),
        ("localhost@attacker.example", 421, 200),
        ("localhost:x", 421, 200),
        ("[", 421, 200),
        ("", 421, 200),
        ("\xff", 421, 200),
    ],
)
def test_names_of_others_are_misdirected_unless_a_proxy_stands_before(
    host: str, own: int, proxied: int
) -> None:
    for behind_proxy, code in ((False, own), (True, proxied)):
        page = page_of(Reader(), behind_proxy=behind_proxy)
        assert status(page, Request(headers=(("Host", host),))) == code


def _files_of(package: str, folder: str) -> Any:  # noqa: ANN401 - paths of a package
    return resources.files(package).joinpath(folder).iterdir()
