"""Alert rules and the dashboard ask for metrics that the code registers, and for no others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from profiles.adapters.prometheus import PrometheusMetrics
from profiles.application.ports.metrics import Observation, Service
from tests.support.promql import asked_by

DEPLOY = Path(__file__).parents[2] / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yaml"
DASHBOARD = DEPLOY / "grafana" / "profiles.json"

OF_PROMETHEUS = {"job", "instance"}
"""Labels that Prometheus adds to whatever it scrapes."""
DURATION = re.compile(r"\d+[smhd]")
IN_TEXTS = re.compile(r"\{\{ (.*?) \}\}")
HUMANIZED = re.compile(r"\$value( \| (humanize(Duration|Percentage)|printf \"%\.0f\"))?")


def series() -> dict[str, list[Mapping[str, str]]]:
    """Every series that there may be, by the name in which it is asked for, with its labels."""
    metrics = PrometheusMetrics()
    metrics.observed(Observation(reachable=dict.fromkeys(Service, True), lag={0: 1}))
    found: dict[str, list[Mapping[str, str]]] = {"up": [{}]}  # of Prometheus itself
    for metric in metrics.registry.collect():
        for sample in metric.samples:
            found.setdefault(sample.name, []).append(sample.labels)
    return found


SERIES = series()


def faults(expression: str) -> list[str]:
    """Say what an expression asks for in vain."""
    asked = asked_by(expression)
    unknown = [name for name in asked.metrics if name not in SERIES]
    known = {name: {k for one in SERIES.get(name, []) for k in one} for name in asked.metrics}
    unknown += [
        f"{name}{{{label}}}"
        for name, labels in asked.metrics.items()
        for label in labels - known[name] - OF_PROMETHEUS
    ]
    everywhere = set.union(*known.values()) | OF_PROMETHEUS
    unknown += [f"by ({label})" for label in asked.grouped_by - everywhere]
    values = {
        label: {one.get(label) for name in known for one in SERIES.get(name, [])}
        for label in asked.texts
    }
    unknown += [
        f"{label}={text}"
        for label, texts in asked.texts.items()
        if label not in OF_PROMETHEUS
        for alternatives in texts
        for text in alternatives.split("|")
        if text not in values[label]
    ]
    return unknown


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load(ALERTS.read_text("utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return found


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    for panel in panels():
        yield from (target["expr"] for target in panel["targets"])


@pytest.mark.parametrize("expression", [*expressions()])
def test_every_expression_asks_for_what_there_is(expression: str) -> None:
    assert faults(expression) == []


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("rate(profiles_persons[5m])", "profiles_persons"),
        ('profiles_ready{store="log"}', "profiles_ready{store}"),
        ("sum by (topic) (profiles_ready)", "by (topic)"),
        ('profiles_persons_total{outcome="kept"}', "outcome=kept"),
        ('profiles_persons_total{outcome=~"stored|kept"}', "outcome=kept"),
    ],
)
def test_an_expression_that_asks_in_vain_is_found_out(expression: str, fault: str) -> None:
    assert fault in faults(expression)


def test_every_metric_of_a_job_is_on_the_dashboard() -> None:
    shown = {
        name for panel in panels() for t in panel["targets"] for name in asked_by(t["expr"]).metrics
    }
    ours = {name for name in SERIES if name.startswith("profiles_")}
    counted_twice = {"profiles_read_persons_total"}  # the sum of what is shown by outcome

    made = {name for name in ours if not name.endswith("_created")}
    assert made - shown == counted_twice


def test_every_alert_says_how_bad_it_is_what_it_is_and_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]

    assert len(names) == len(set(names)) > 8
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert DURATION.fullmatch(rule.get("for", "0s"))
        assert set(rule["annotations"]) == {"summary", "description"}
        labels = asked_by(rule["expr"]).grouped_by | (
            {"instance"} if "up{" in rule["expr"] else set()
        )
        for named in IN_TEXTS.findall(" ".join(rule["annotations"].values())):
            assert HUMANIZED.fullmatch(named) or named.removeprefix("$labels.") in labels


def test_the_dashboard_is_whole_and_no_panel_lies_on_another() -> None:
    document = json.loads(DASHBOARD.read_text("utf-8"))
    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels())
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24  # columns of Grafana
    assert len({panel["id"] for panel in panels()}) == len(panels())
    assert {variable["name"] for variable in document["templating"]["list"]} == {
        "datasource",
        "job",
    }
    sources = {t["datasource"]["uid"] for panel in panels() for t in panel["targets"]}
    assert sources == {"${datasource}"}
    for panel in panels():
        for target in panel["targets"]:
            labels = asked_by(target["expr"]).grouped_by
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= labels
