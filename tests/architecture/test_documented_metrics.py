"""Each metric that is registered is explained, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client import Metric

from profiles.adapters.prometheus import PrometheusMetrics
from profiles.application.ports.metrics import Observation, Service

PAGE = Path(__file__).parents[2] / "docs" / "operating.md"
ROW = re.compile(r"^\| `(profiles_\w+)` \| (\w+) \|([^|]*)\| [^|]+ \|$", re.MULTILINE)


def registered() -> dict[str, tuple[str, set[str]]]:
    """Every metric of ours, by the name in which it is asked for, with type and labels."""
    metrics = PrometheusMetrics()
    metrics.observed(Observation(reachable=dict.fromkeys(Service, True), lag={0: 1}))
    return {_name(metric): (metric.type, _labels(metric)) for metric in _ours(metrics)}


def _ours(metrics: PrometheusMetrics) -> list[Metric]:
    return [m for m in metrics.registry.collect() if m.name.startswith("profiles_")]


def _name(metric: Metric) -> str:
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def _labels(metric: Metric) -> set[str]:
    return {label for sample in metric.samples for label in sample.labels}


def test_every_metric_is_explained_with_its_type_and_labels() -> None:
    rows = ROW.findall(PAGE.read_text("utf-8"))
    explained = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}

    assert len(rows) == len(explained) > 10
    assert explained == registered()
