"""A Prometheus that scrapes us answers every panel of the dashboard, and takes every rule."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from profiles.adapters.prometheus import MetricsServer, PrometheusMetrics
from profiles.application.ports.metrics import Observation, Service
from profiles.domain.tally import Tally
from tests.support.patience import PATIENCE_S
from tests.support.services.free_ports import free_port
from tests.support.waiting import until

DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yaml"
VARIABLES = {"$__rate_interval": "30s", "$job": "profiles"}


def expressions() -> Iterator[str]:
    for panel in json.loads((DEPLOY / "grafana" / "profiles.json").read_text("utf-8"))["panels"]:
        for target in panel["targets"]:
            expression = str(target["expr"])
            for name, value in VARIABLES.items():
                expression = expression.replace(name, value)
            assert "$" not in expression
            yield expression


class Prometheus:
    """A server that scrapes a job of ours."""

    def __init__(self, url: str) -> None:
        self._url = url

    def get(self, path: str, **query: str) -> Any:  # noqa: ANN401 - JSON
        address = f"{self._url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:  # noqa: S310 - ours
            document = json.load(answer)
        assert document["status"] == "success"
        return document["data"]

    def asked(self, expression: str) -> list[Any]:
        found: list[Any] = self.get("query", query=expression)["result"]
        return found


@pytest.fixture(scope="module")
def metrics() -> Iterator[tuple[PrometheusMetrics, str]]:
    made = PrometheusMetrics()
    made.observed(
        Observation(
            reachable=dict.fromkeys(Service, True), lag={0: 5, 1: 0}, ledger_position=2, outbox=0
        )
    )
    with MetricsServer(made, host="127.0.0.1", port=0) as server:
        yield made, server.url


@pytest.fixture
def scraping(
    prometheus: Path, metrics: tuple[PrometheusMetrics, str], tmp_path: Path
) -> Iterator[Prometheus]:
    made, url = metrics
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(ALERTS)],
        "scrape_configs": [
            {
                "job_name": "profiles",
                "static_configs": [{"targets": [url.removeprefix("http://")]}],
            }
        ],
    }
    (tmp_path / "prometheus.yaml").write_text(yaml.safe_dump(configuration), "utf-8")
    address = f"127.0.0.1:{free_port()}"
    command = [
        str(prometheus),
        f"--config.file={tmp_path / 'prometheus.yaml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address={address}",
    ]
    with (tmp_path / "said").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
    server = Prometheus(f"http://{address}")

    def scraped() -> bool:
        assert process.poll() is None, (tmp_path / "said").read_text()
        try:
            return bool(server.asked("up == 1"))
        except OSError:
            return False

    try:
        until(scraped)
        _work(made)
        yield server
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _work(metrics: PrometheusMetrics) -> None:
    """Do what every panel shows."""
    reasons = {"minor": 1, "type": 2}
    metrics.counted(Tally(read=9, stored=6, withheld=1, rejected=2, reasons=reasons))
    metrics.took(0.2)
    metrics.failed(Service.FOLLOWING)
    metrics.produced(fetched=4, acknowledged=3, failed=0, reasons={"minor": 1})


def test_every_panel_shows_something(scraping: Prometheus) -> None:
    silent = list(expressions())
    assert len(silent) > 10

    def all_answer() -> bool:
        silent[:] = [each for each in silent if not scraping.asked(each)]
        return not silent

    until(all_answer)


def test_every_rule_is_evaluated(scraping: Prometheus) -> None:
    wanted = len(re.findall(r"- alert:", ALERTS.read_text("utf-8")))

    def evaluated() -> bool:
        (group,) = scraping.get("rules")["groups"]
        return [rule["health"] for rule in group["rules"]] == ["ok"] * wanted

    until(evaluated)
