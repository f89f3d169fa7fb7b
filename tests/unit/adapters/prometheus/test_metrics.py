"""What is particular to metrics in Prometheus's form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from profiles.adapters.prometheus import PrometheusMetrics
from profiles.application.ports.metrics import Observation, Service
from profiles.domain.outcome import Outcome, RejectionReason, WithheldReason
from profiles.domain.tally import Tally

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
CLOSED = {
    "outcome": {*(outcome.value for outcome in Outcome), "acknowledged", "failed"},
    "reason": {
        *(r.value for r in WithheldReason),
        *(r.value for r in RejectionReason),
        "",
        "other",
    },
    "store": {service.value for service in Service},
}


@pytest.fixture
def metrics() -> PrometheusMetrics:
    return PrometheusMetrics(clock=NOW.timestamp)


def value(metrics: PrometheusMetrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_every_outcome_and_reason_is_there_before_anything_happens(
    metrics: PrometheusMetrics,
) -> None:
    for outcome in Outcome:
        if outcome not in (Outcome.WITHHELD, Outcome.REJECTED):
            assert value(metrics, "profiles_persons_total", outcome=outcome.value, reason="") == 0
    for withheld in WithheldReason:
        labels = {"outcome": "withheld", "reason": withheld.value}
        assert value(metrics, "profiles_persons_total", **labels) == 0
    for rejected in RejectionReason:
        labels = {"outcome": "rejected", "reason": rejected.value}
        assert value(metrics, "profiles_persons_total", **labels) == 0


def test_the_oldest_record_ages_while_nobody_tells_of_it(metrics: PrometheusMetrics) -> None:
    waiting = NOW - timedelta(minutes=2)
    metrics.observed(Observation(reachable={Service.LOG: True}, lag={0: 3}, oldest=waiting))
    metrics.observed(Observation(reachable={Service.LOG: False}))

    assert value(metrics, "profiles_oldest_undecided_seconds") == 120
    assert value(metrics, "profiles_lag_records", partition="0") == 3
    assert value(metrics, "profiles_store_reachable", store="log") == 0

    metrics.observed(Observation(reachable={Service.LOG: True}, lag={0: 0}))
    assert value(metrics, "profiles_oldest_undecided_seconds") == 0


def test_a_clock_that_is_behind_the_logs_makes_no_age_below_nothing(
    metrics: PrometheusMetrics,
) -> None:
    metrics.observed(
        Observation(reachable={}, lag={0: 1}, oldest=NOW + timedelta(seconds=5)),
    )

    assert value(metrics, "profiles_oldest_undecided_seconds") == 0


def test_a_count_that_was_corrected_downwards_does_not_go_back(metrics: PrometheusMetrics) -> None:
    for failed in (5, 3, 6):
        metrics.produced(fetched=9, acknowledged=0, failed=failed, reasons={})

    labels = {"outcome": "failed", "reason": ""}
    assert value(metrics, "profiles_produced_persons_total", **labels) == 6


def test_what_is_no_reason_of_ours_makes_no_label(metrics: PrometheusMetrics) -> None:
    metrics.counted(Tally(read=1, rejected=1, reasons={"Ada Byron": 1}))

    labels = {"outcome": "rejected", "reason": "other"}
    assert value(metrics, "profiles_persons_total", **labels) == 1


def test_labels_are_members_of_closed_sets_or_numbers_of_partitions(
    metrics: PrometheusMetrics,
) -> None:
    metrics.counted(Tally(read=1, rejected=1, reasons={"Ada Byron": 1}))
    metrics.observed(Observation(reachable=dict.fromkeys(Service, True), lag={0: 1}, oldest=NOW))

    samples = [sample for metric in metrics.registry.collect() for sample in metric.samples]
    ours = [sample for sample in samples if sample.name.startswith("profiles_")]
    for sample in ours:
        for label, found in sample.labels.items():
            if label in CLOSED:
                assert found in CLOSED[label]
            else:
                assert label in {"partition", "le", "version"}
    assert {"outcome", "reason", "store", "partition"} <= {k for s in ours for k in s.labels}


def test_the_job_is_ready_as_its_health_says(metrics: PrometheusMetrics) -> None:
    before = value(metrics, "profiles_ready")
    metrics.observed(Observation(reachable={Service.LOG: True}))

    assert (before, value(metrics, "profiles_ready")) == (0, 1)
