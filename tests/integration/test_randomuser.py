"""The Random User Generator API at its worst, met over real HTTP on loopback."""

from __future__ import annotations

import json
import logging
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import pytest

from profiles.adapters.randomuser import (
    FIELDS,
    RandomUserSource,
    Timeouts,
    check_reachable,
    transport,
)
from profiles.adapters.randomuser.transport import THREAD_NAME
from profiles.application.errors import SourceError
from profiles.application.ports.sources import Source
from profiles.domain.errors import UsageError
from tests.support import misbehaving_api as api
from tests.support.misbehaving_api import Answer, MisbehavingApi, answer
from tests.support.patience import PATIENCE_S

HOUR_S = 3_600.0
# Where the whole is to end a request, and no other limit may.
ENDED_BY_THE_WHOLE = Timeouts(connect_s=HOUR_S, read_s=HOUR_S, whole_s=0.2)
# Where nothing but `stop` may.
ENDED_BY_NO_LIMIT = Timeouts(connect_s=HOUR_S, read_s=HOUR_S, whole_s=HOUR_S)
LOGGER = "profiles.adapters.randomuser"

TOO_MANY = answer(429, b'{"error":"Whoa, ease up there cowboy. You\'ve requested 20000 users"}')
TRANSIENT: dict[str, Answer] = {
    "429": TOO_MANY,
    "408": answer(408, b"Request Timeout"),
    "500": answer(500, b"Internal Server Error"),
    "502": answer(502, b"<html>"),
    "503": answer(503, b"<html>"),
    "504": answer(504, b""),
    "error with 200": api.error_in_body(200),
    "error with 400": api.error_in_body(400),
    "error with 500": api.error_in_body(500),
    "no users": api.no_users,
    "no results": answer(body=b'{"info": {}}'),
    "results that are no list": answer(body=b'{"results": {"a": 1}}'),
    "no object": answer(body=b"[]"),
    "another page": answer(body=b"<html>Please log in to this network</html>"),
    "empty": answer(body=b""),
    "not UTF-8": answer(body=b'{"results": ["\xff"]}'),
    "too deep": answer(body=b"[" * 200_000),
    "cut short": api.cut_short,
    "cut short, length unknown": api.cut_short_unannounced,
    "hung up": api.hang_up,
    "never answered": api.say_nothing,
    "header byte by byte": api.drip_head,
    "body byte by byte": api.drip_body,
    "stalled": api.stall,
    "without end": api.flood,
    "gzip cut short": api.gzip_cut_short,
    "gzip broken": api.gzip_broken,
    "gzip followed by more": api.gzip_followed_by_more,
    "gzip bomb": api.gzip_bomb,
    "compressed unasked": answer(headers={"Content-Encoding": "br"}),
    "not HTTP": api.speak_another_protocol,
    "odd status": answer(304, b""),
}


class SimulatedTime:
    """A clock that moves only while somebody waits for it, or for the server in vain."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.waits: list[float] = []

    def clock(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        assert seconds > 0
        self.waits.append(seconds)
        self.now += seconds

    def run_out(self) -> None:
        self.now += HOUR_S


@pytest.fixture
def simulated() -> SimulatedTime:
    return SimulatedTime()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for scheme in ("HTTP", "HTTPS", "ALL", "NO"):
        monkeypatch.delenv(f"{scheme}_PROXY", raising=False)
        monkeypatch.delenv(f"{scheme}_PROXY".lower(), raising=False)


@pytest.fixture(autouse=True)
def no_thread_is_left_behind() -> Iterator[None]:
    yield
    await_the_end_of_requests()


def await_the_end_of_requests() -> None:
    for thread in threading.enumerate():
        if thread.name == THREAD_NAME:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def bodies(source: Source, count: int) -> list[bytes]:
    return [value for delivery in islice(source.deliveries(), count) for value in delivery.values]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == LOGGER and record.levelno >= logging.WARNING
    ]


def test_each_response_is_delivered_whole_and_once(simulated: SimulatedTime) -> None:
    with MisbehavingApi() as server:
        source = RandomUserSource(server.url, results=3, clock=simulated.clock, wait=simulated.wait)

        deliveries = list(islice(source.deliveries(), 4))

    assert [delivery.values for delivery in deliveries] == [
        (api.response_of(3, number=number),) for number in (1, 2, 3, 4)
    ]
    assert {delivery.position for delivery in deliveries} == {None}
    assert source.name == "randomuser"
    assert simulated.waits == [5.0, 5.0, 5.0]


def test_only_needed_fields_and_the_number_of_users_are_asked_for() -> None:
    with MisbehavingApi() as server:
        bodies(RandomUserSource(server.url, results=7, once=True), 2)

    (request,) = server.requests
    assert urlsplit(request.target).path == "/api/1.4/"
    assert request.query == {"results": ["7"], "inc": [",".join(FIELDS)]}
    assert not {"phone", "cell", "id", "picture"} & set(FIELDS)
    assert request.headers["accept-encoding"] == "gzip"


def test_once_ends_after_one_response() -> None:
    with MisbehavingApi() as server:
        assert len(bodies(RandomUserSource(server.url, once=True), 2)) == 1

    assert len(server.requests) == 1


def test_a_compressed_response_is_delivered_uncompressed() -> None:
    with MisbehavingApi(api.gzipped) as server:
        assert bodies(RandomUserSource(server.url, once=True), 1) == [api.response_of(50, number=1)]


@pytest.mark.parametrize("failure", TRANSIENT.values(), ids=TRANSIENT.keys())
def test_a_failure_between_two_responses_costs_a_retry_and_one_line_and_nothing_else(
    failure: Answer, simulated: SimulatedTime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with MisbehavingApi(answer(), failure, answer(), hanging=simulated.run_out) as server:
        source = RandomUserSource(server.url, clock=simulated.clock, wait=simulated.wait)

        received = bodies(source, 2)

    assert received == [
        api.response_of(50, number=1),
        api.response_of(50, number=3),
    ]
    assert len(server.requests) == 3
    (line,) = warnings(caplog)
    assert "(attempt 1)" in line
    assert f"in {simulated.waits[1]:.1f} s" in line
    assert api.MARKER not in caplog.text


@pytest.mark.parametrize("failure", TRANSIENT.values(), ids=TRANSIENT.keys())
def test_once_gives_up_after_its_attempts_and_tells_no_value(
    failure: Answer, simulated: SimulatedTime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with MisbehavingApi(*[failure] * 3, hanging=simulated.run_out) as server:
        source = RandomUserSource(
            server.url,
            once=True,
            attempts=2,
            clock=simulated.clock,
            wait=simulated.wait,
        )

        with pytest.raises(SourceError) as caught:
            bodies(source, 1)

    assert len(server.requests) == 2
    assert len(warnings(caplog)) == 1
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caplog.text
    assert api.MARKER not in told
    assert caught.value.__context__ is None
    assert caught.value.remedy


@pytest.mark.parametrize("failure", [api.drip_head, api.drip_body, api.say_nothing, api.stall])
def test_a_request_ends_at_the_limit_of_the_whole(failure: Answer) -> None:
    with MisbehavingApi(failure) as server:
        source = RandomUserSource(server.url, once=True, attempts=1, timeouts=ENDED_BY_THE_WHOLE)
        with pytest.raises(SourceError, match=r"not there after 0\.2 s"):
            bodies(source, 1)


@pytest.mark.parametrize("failure", [api.say_nothing, api.stall])
def test_a_request_ends_where_nothing_arrives_for_long(failure: Answer) -> None:
    timeouts = Timeouts(connect_s=HOUR_S, read_s=0.2, whole_s=HOUR_S)
    with MisbehavingApi(failure) as server:
        source = RandomUserSource(server.url, once=True, attempts=1, timeouts=timeouts)
        with pytest.raises(SourceError, match=r"nothing arrived for 0\.2 s"):
            bodies(source, 1)


def test_a_retry_after_in_seconds_is_honoured(simulated: SimulatedTime) -> None:
    failure = answer(429, b"", headers={"Retry-After": "77"})
    with MisbehavingApi(failure) as server:
        bodies(RandomUserSource(server.url, clock=simulated.clock, wait=simulated.wait), 1)

    assert simulated.waits == [77.0]


def test_a_retry_after_that_is_a_date_is_honoured_by_the_clock_of_the_server(
    simulated: SimulatedTime,
) -> None:
    failure = answer(
        503,
        b"",
        headers={
            "Date": "Wed, 21 Oct 2015 07:28:00 GMT",
            "Retry-After": "Wed, 21 Oct 2015 07:29:30 GMT",
        },
    )
    with MisbehavingApi(failure) as server:
        bodies(RandomUserSource(server.url, clock=simulated.clock, wait=simulated.wait), 1)

    assert simulated.waits == [90.0]


def test_without_a_retry_after_a_429_is_waited_out_up_to_the_window_of_5_minutes(
    simulated: SimulatedTime,
) -> None:
    with MisbehavingApi(*[TOO_MANY] * 5) as server:
        bodies(
            RandomUserSource(server.url, results=1, clock=simulated.clock, wait=simulated.wait), 1
        )

    at_least = [60, 120, 240, 300, 300]
    assert all(
        low <= waited <= low + 10 for low, waited in zip(at_least, simulated.waits, strict=True)
    )


def test_a_stream_outlasts_an_api_that_is_away_for_long(
    simulated: SimulatedTime, caplog: pytest.LogCaptureFixture
) -> None:
    with MisbehavingApi(*[answer(502, b"")] * 40) as server:
        source = RandomUserSource(server.url, results=1, clock=simulated.clock, wait=simulated.wait)

        assert bodies(source, 1) == [api.response_of(1, number=41)]

    assert len(warnings(caplog)) == 40
    assert simulated.waits[0] < 3.1
    assert 60 <= max(simulated.waits) <= 62


@pytest.mark.parametrize(
    ("status", "hint"),
    [(404, "--api-url"), (403, "blocks"), (407, "PROXY"), (400, "--api-url")],
)
def test_a_refusal_is_not_retried(status: int, hint: str, caplog: pytest.LogCaptureFixture) -> None:
    with MisbehavingApi(answer(status, b"Not Found")) as server:
        with pytest.raises(SourceError) as caught:
            bodies(RandomUserSource(server.url), 1)

        assert len(server.requests) == 1
    assert str(status) in caught.value.happened
    assert hint in caught.value.remedy
    assert warnings(caplog) == []


@pytest.mark.parametrize("once", [True, False])
def test_an_older_version_of_the_api_is_told_and_not_asked_again(once: bool) -> None:  # noqa: FBT001 - both ways
    with MisbehavingApi(api.of_version("1.1"), path="/api/1.1/") as server:
        with pytest.raises(SourceError, match=r"speaks version 1\.1.*--api-url"):
            list(RandomUserSource(server.url, once=once).deliveries())

        assert len(server.requests) == 1


def test_what_came_before_a_failure_for_good_stays_delivered() -> None:
    with MisbehavingApi(answer(), answer(404, b"")) as server:
        deliveries = RandomUserSource(server.url, every_s=0).deliveries()

        assert next(deliveries).values == (api.response_of(50, number=1),)
        with pytest.raises(SourceError):
            next(deliveries)


def test_responses_are_numbered_for_what_is_told_of_the_rejected() -> None:
    with MisbehavingApi(answer(), answer(500, b""), answer()) as server:
        deliveries = RandomUserSource(server.url, every_s=0, wait=lambda _s: None).deliveries()
        places = [delivery.places for delivery in islice(deliveries, 2)]

    assert [place.of(0) for place in places if place is not None] == ["response 1", "response 2"]


def test_no_window_of_5_minutes_holds_more_than_the_budget(simulated: SimulatedTime) -> None:
    asked_at: list[tuple[float, int]] = []

    def noted(then: Answer) -> Answer:
        def act(exchange: api.Exchange) -> None:
            asked_at.append((simulated.now, int(exchange.request.query["results"][0])))
            then(exchange)

        return act

    one = answer(body=b'{"results": [{}]}')
    failed = answer(500, b"")
    script = [noted(failed if number % 5 == 3 else one) for number in range(60)]
    with MisbehavingApi(*script) as server:
        source = RandomUserSource(
            server.url, results=3_000, every_s=1, clock=simulated.clock, wait=simulated.wait
        )
        bodies(source, 48)

    assert len(asked_at) >= 59
    for began, _ in asked_at:
        assert sum(users for at, users in asked_at if began <= at <= began + 300) <= 20_000
    # And no slower than the budget asks for: 6 requests of 3,000 users fit into one window.
    assert simulated.now - 1_000 <= 11 * 301


def test_the_budget_is_announced_before_a_long_wait(
    simulated: SimulatedTime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger=LOGGER)
    with MisbehavingApi() as server:
        source = RandomUserSource(
            server.url, results=100, max_users=200, clock=simulated.clock, wait=simulated.wait
        )
        bodies(source, 3)

    (line,) = [record.getMessage() for record in caplog.records if record.name == LOGGER]
    assert "in 295 s" in line


def test_users_of_a_request_that_never_left_are_not_counted(simulated: SimulatedTime) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # not listening: refused
        source = RandomUserSource(
            f"http://127.0.0.1:{nobody.getsockname()[1]}/api/",
            results=5_000,
            once=True,
            attempts=8,
            clock=simulated.clock,
            wait=simulated.wait,
        )
        with pytest.raises(SourceError, match="can't be reached"):
            bodies(source, 1)

    assert max(simulated.waits) <= 62


@pytest.mark.parametrize(
    ("first", "delivered"),
    [(answer(), 1), (answer(500, b""), 0)],
    ids=["between two responses", "before a retry"],
)
def test_a_stop_interrupts_a_wait_at_once(first: Answer, delivered: int) -> None:
    stop = threading.Event()
    waiting = threading.Event()

    def wait(seconds: float) -> None:
        waiting.set()
        stop.wait(seconds + 600)

    with MisbehavingApi(first) as server:
        source = RandomUserSource(server.url, every_s=600, stop=stop, wait=wait)
        received: list[bytes] = []
        reader = threading.Thread(target=lambda: received.extend(bodies(source, 9)))
        reader.start()
        assert waiting.wait(PATIENCE_S)
        stop.set()
        reader.join(PATIENCE_S)

        assert not reader.is_alive()
    assert len(received) == delivered
    assert len(server.requests) == 1


@pytest.mark.parametrize("failure", [api.say_nothing, api.drip_head, api.drip_body])
def test_a_stop_gives_up_a_request_under_way(failure: Answer) -> None:
    stop = threading.Event()
    with MisbehavingApi(failure) as server:
        source = RandomUserSource(server.url, stop=stop, timeouts=ENDED_BY_NO_LIMIT)
        received: list[bytes] = []
        reader = threading.Thread(target=lambda: received.extend(bodies(source, 9)))
        reader.start()
        assert server.arrived.wait(PATIENCE_S)
        stop.set()
        reader.join(PATIENCE_S)

        assert not reader.is_alive()
    assert received == []


def test_nothing_is_asked_once_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    class ThreadAhead(threading.Thread):
        """One that has done all its work before whoever started it goes on."""

        def start(self) -> None:
            super().start()
            self.join()

    monkeypatch.setattr(transport, "Thread", ThreadAhead)
    stop = threading.Event()
    stop.set()
    with MisbehavingApi() as server:
        assert bodies(RandomUserSource(server.url, stop=stop), 1) == []
        check_reachable(server.url, stop=stop)

        assert server.requests == []


def test_a_redirect_is_followed_with_its_query() -> None:
    with MisbehavingApi() as target:
        moved = answer(302, b"", headers={"Location": f"{target.url}?results=3"})
        with MisbehavingApi(moved) as server:
            assert bodies(RandomUserSource(server.url, once=True), 1) == [
                api.response_of(3, number=1)
            ]


@pytest.mark.parametrize(
    "location", ["/again", "ftp://127.0.0.1/", "file:///etc/passwd"], ids=["circle", "ftp", "file"]
)
def test_a_redirect_without_end_or_out_of_http_is_an_error(location: str) -> None:
    moved = answer(301, b"", headers={"Location": location})
    with MisbehavingApi(*[moved] * 9) as server:
        with pytest.raises(SourceError, match="redirected"):
            bodies(RandomUserSource(server.url), 1)

        assert len(server.requests) <= 6


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with MisbehavingApi() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.address}")
        assert bodies(RandomUserSource("http://api.invalid/api/1.4/", once=True), 1)

    assert proxy.requests[0].target.startswith("http://api.invalid/api/1.4/?results=50&")


def test_a_proxy_that_makes_no_sense_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"gopher://user:{api.MARKER}@127.0.0.1:1")
    with pytest.raises(SourceError, match="proxy") as caught:
        bodies(RandomUserSource("http://api.invalid/api/1.4/"), 1)

    assert api.MARKER not in "".join(traceback.format_exception(caught.value))


def test_a_missing_certificate_store_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent/certificates.pem")
    with pytest.raises(SourceError, match="SSL_CERT_FILE"):
        bodies(RandomUserSource("https://127.0.0.1:1/"), 1)


def test_a_server_that_speaks_no_tls_is_retried(simulated: SimulatedTime) -> None:
    with MisbehavingApi() as server:
        source = RandomUserSource(
            server.url.replace("http:", "https:"),
            once=True,
            attempts=2,
            timeouts=Timeouts(connect_s=0.2, read_s=0.2, whole_s=0.2),
            clock=simulated.clock,
            wait=simulated.wait,
        )
        with pytest.raises(SourceError):
            bodies(source, 1)


def test_a_name_that_nobody_has_is_said_so(simulated: SimulatedTime) -> None:
    source = RandomUserSource(
        f"http://{'x' * 70}.invalid/", once=True, attempts=1, wait=simulated.wait
    )
    with pytest.raises(SourceError, match="can't be looked up"):
        bodies(source, 1)


def test_an_api_that_answers_is_reachable_without_a_person() -> None:
    with MisbehavingApi() as server:
        check_reachable(server.url)

    assert server.requests[0].query == {"results": ["1"], "inc": ["nat"]}


@pytest.mark.parametrize(
    "failure",
    [api.no_users, TOO_MANY, answer(404, b""), answer(body=b"<a>")],
    ids=["no users", "429", "404", "another page"],
)
def test_an_api_that_gives_no_users_is_not_reachable_and_asked_once(failure: Answer) -> None:
    with MisbehavingApi(failure) as server:
        with pytest.raises(SourceError):
            check_reachable(server.url, within_s=PATIENCE_S)

        assert len(server.requests) == 1


@pytest.mark.parametrize("failure", [api.say_nothing, api.drip_head], ids=["no answer", "dripping"])
def test_an_api_that_keeps_the_check_waiting_is_given_up(failure: Answer) -> None:
    with MisbehavingApi(failure) as server, pytest.raises(SourceError, match=r"0\.2 s"):
        check_reachable(server.url, within_s=0.2)


def test_dropped_packets_do_not_hold_up_the_check() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        crowd = [socket.socket() for _ in range(8)]
        for one in crowd:  # fills the queue of connections: the kernel drops what comes after
            one.settimeout(0)
            one.connect_ex(full.getsockname())
        with pytest.raises(SourceError, match=r"0\.2 s"):
            check_reachable(f"http://127.0.0.1:{full.getsockname()[1]}/", within_s=0.2)

        for one in crowd:
            one.close()


def test_a_look_up_of_the_name_that_hangs_does_not_hold_up_the_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        over.wait()
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hang)  # a resolver that hangs can't be had for real
    with pytest.raises(SourceError, match=r"0\.2 s"):
        check_reachable("http://api.invalid/", within_s=0.2)

    over.set()


def test_a_connection_that_comes_after_giving_up_is_shut(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo
    over = threading.Event()

    def hang(*args: Any, **options: Any) -> list[Any]:  # noqa: ANN401 - hands them through
        over.wait()
        return look_up(*args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with MisbehavingApi(api.say_nothing) as server:
        source = RandomUserSource(server.url, once=True, attempts=1, timeouts=ENDED_BY_THE_WHOLE)
        with pytest.raises(SourceError):
            bodies(source, 1)
        over.set()
        await_the_end_of_requests()


WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "no results": (lambda: RandomUserSource(results=0), "--results"),
    "too many results": (lambda: RandomUserSource(results=5_001), "--results"),
    "more than the budget": (lambda: RandomUserSource(results=200, max_users=100), "--results"),
    "before the last": (lambda: RandomUserSource(every_s=-1), "--every"),
    "no time": (lambda: RandomUserSource(every_s=float("nan")), "--every"),
    "no attempt": (lambda: RandomUserSource(attempts=0), "attempt"),
    "not HTTP": (lambda: RandomUserSource("ftp://example.com/"), "--api-url"),
    "no scheme": (lambda: RandomUserSource("randomuser.me/api"), "--api-url"),
    "half an address": (lambda: RandomUserSource("http://[::1/"), "--api-url"),
    "no port": (lambda: RandomUserSource("http://127.0.0.1:123456/"), "--api-url"),
    "password": (lambda: RandomUserSource("https://me:secret@example.com/"), "password"),
    "parameters": (lambda: RandomUserSource("https://example.com/?results=1"), "parameters"),
    "fragment": (lambda: RandomUserSource("https://example.com/#a"), "parameters"),
}


@pytest.mark.parametrize(("make", "told"), WRONG.values(), ids=WRONG.keys())
def test_what_can_not_work_is_refused_before_any_request(
    make: Callable[[], object], told: str
) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        make()

    assert "secret" not in str(caught.value)


def test_the_response_is_one_json_text() -> None:
    with MisbehavingApi() as server:
        (body,) = bodies(RandomUserSource(server.url, results=2, once=True), 1)

    assert len(json.loads(body)["results"]) == 2
