"""Metrics and health as a client of HTTP gets them."""

from __future__ import annotations

import json
import socket
from collections.abc import Generator
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from profiles.adapters.prometheus import MetricsServer, PrometheusMetrics
from profiles.application.monitoring.health import ALIVE_S, Health
from profiles.application.ports.metrics import Observation, Service
from profiles.domain.errors import UsageError
from profiles.domain.tally import Tally

HOST = "127.0.0.1"


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def metrics(clock: Clock) -> PrometheusMetrics:
    return PrometheusMetrics(health=Health(clock=clock))


@pytest.fixture
def server(metrics: PrometheusMetrics) -> Generator[MetricsServer]:
    with MetricsServer(metrics, host=HOST, port=0) as server:
        yield server


def get(server: MetricsServer, path: str, *, accept: str = "text/plain") -> tuple[int, str, str]:
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    connection.request("GET", path, headers={"Accept": accept})
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, response.headers["Content-Type"], body


def test_metrics_are_in_the_form_that_prometheus_reads(
    server: MetricsServer, metrics: PrometheusMetrics
) -> None:
    metrics.counted(Tally(read=2, stored=2))

    status, content_type, body = get(server, "/metrics")

    assert status == 200
    assert content_type.startswith("text/plain")
    families = {family.name: family for family in text_string_to_metric_families(body)}
    (read,) = (s for s in families["profiles_read_persons"].samples if s.name.endswith("_total"))
    assert read.value == 2


def test_a_client_that_asks_for_openmetrics_gets_it(server: MetricsServer) -> None:
    accept = "application/openmetrics-text; version=1.0.0"

    _, content_type, body = get(server, "/metrics?name=x", accept=accept)

    assert content_type.startswith("application/openmetrics-text")
    assert body.endswith("# EOF\n")


def test_health_is_told_by_the_status(
    server: MetricsServer, metrics: PrometheusMetrics, clock: Clock
) -> None:
    metrics.turned()
    assert get(server, "/healthz")[0] == 200

    clock.now = ALIVE_S
    status, content_type, body = get(server, "/healthz")
    assert (status, content_type) == (503, "application/json")
    assert json.loads(body) == {"alive": False}


def test_readiness_names_what_is_away_and_nothing_else(
    server: MetricsServer, metrics: PrometheusMetrics
) -> None:
    before = get(server, "/readyz")
    metrics.observed(Observation(reachable={Service.DECIDING: True, Service.LOG: False}))
    away = get(server, "/readyz")
    metrics.observed(Observation(reachable={Service.DECIDING: True, Service.LOG: True}))
    ready = get(server, "/readyz")

    assert [answer[0] for answer in (before, away, ready)] == [503, 503, 200]
    assert json.loads(before[2]) == {"ready": False}
    assert json.loads(away[2]) == {"ready": False, "deciding": True, "log": False}
    assert json.loads(ready[2]) == {"ready": True, "deciding": True, "log": True}


def test_there_is_nothing_else(server: MetricsServer) -> None:
    assert get(server, "/")[0] == 404
    assert get(server, "/metrics/more")[0] == 404


def test_requests_are_not_logged(server: MetricsServer, capfd: pytest.CaptureFixture[str]) -> None:
    assert get(server, "/metrics")[0] == 200
    with socket.create_connection((HOST, int(server.url.rpartition(":")[2]))) as broken:
        broken.sendall(b"GET /metrics")
    assert get(server, "/healthz")[0] == 200

    assert capfd.readouterr() == ("", "")


def test_it_listens_no_longer_than_it_is_wanted(metrics: PrometheusMetrics) -> None:
    with MetricsServer(metrics, host=HOST, port=0) as server:
        port = int(server.url.rpartition(":")[2])

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, port))


def test_an_address_of_the_sixth_version_is_served(metrics: PrometheusMetrics) -> None:
    with MetricsServer(metrics, host="::1", port=0) as server:
        assert server.url.startswith("http://[::1]:")
        assert get(server, "/healthz")[0] == 200


def test_a_port_that_is_taken_is_refused_with_what_to_do(metrics: PrometheusMetrics) -> None:
    with MetricsServer(metrics, host=HOST, port=0) as taken:
        port = int(taken.url.rpartition(":")[2])
        with (
            pytest.raises(UsageError, match="another program listens there"),
            MetricsServer(metrics, host=HOST, port=port),
        ):
            pass


@pytest.mark.parametrize(
    ("host", "said"), [("no.such.host.invalid", "no such host"), ("192.0.2.1", "no such address")]
)
def test_a_host_that_is_not_this_machine_is_refused(
    metrics: PrometheusMetrics, host: str, said: str
) -> None:
    with (
        pytest.raises(UsageError, match=said) as refused,
        MetricsServer(metrics, host=host, port=9),
    ):
        pass

    assert host in str(refused.value)
