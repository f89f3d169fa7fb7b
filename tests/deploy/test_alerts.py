"""Every alert fires when it should and not before, as Prometheus itself evaluates it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

ALERTS = Path(__file__).parents[2] / "deploy" / "prometheus" / "alerts.yaml"
RULES: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for group in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    for rule in group["rules"]
}
JOB = 'job="profiles"'


@dataclass(frozen=True, kw_only=True)
class Case:
    """A situation, with a value each minute.

    series: values in promtool's notation, by the name and labels of the series.
    at: the minute that is looked at. labels: of the alert; None where it does not fire.
    """

    alert: str
    when: str
    series: Mapping[str, str]
    at: int
    labels: Mapping[str, str] | None = None
    summary: str = field(default="")


def of(name: str, **labels: str) -> str:
    told = "".join(f',{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{JOB}{told}}}"


A, B = {"instance": "a"}, {"instance": "b"}
UP = of("up", **A)
FOLLOWING = {"store": "following"}
REACHABLE = "profiles_store_reachable"
LAG, READ = of("profiles_lag_records", partition="1"), of("profiles_read_persons_total")
OLDEST = of("profiles_oldest_undecided_seconds", **A)
OUTBOX = of("profiles_outbox_changes", **A)
REJECTED = of("profiles_persons_total", outcome="rejected", reason="type")
FAILED = of("profiles_produced_persons_total", outcome="failed", reason="")
RETRIES = of("profiles_retries_total", **FOLLOWING)
TAKES = {le: of("profiles_batch_seconds_bucket", le=le) for le in ("30.0", "60.0", "+Inf")}
ALL: Mapping[str, str] = {"job": "profiles"}

CASES = [
    Case(
        alert="ProfilesDown",
        when="a job has not answered for two minutes",
        series={UP: "1 0x9", of("up", **B): "1x10"},
        at=4,
        labels={**ALL, **A},
        summary="a does not answer",
    ),
    Case(alert="ProfilesDown", when="it is being restarted", series={UP: "1 0 1x9"}, at=4),
    Case(
        alert="ProfilesAbsent",
        when="nothing of the job has been scraped for five minutes",
        series={UP: "1x3 stale", 'up{job="another"}': "1x20"},
        at=14,
        labels=ALL,
        summary="No job of profiles is scraped",
    ),
    Case(alert="ProfilesAbsent", when="one of them is", series={UP: "0x20"}, at=14),
    Case(
        alert="ProfilesStoreUnreachable",
        when="one of two jobs does not reach a store",
        series={of(REACHABLE, **A, **FOLLOWING): "1 0x19", of(REACHABLE, **B, **FOLLOWING): "1x20"},
        at=7,
        labels={**ALL, **FOLLOWING},
        summary="following does not answer",
    ),
    Case(
        alert="ProfilesStoreUnreachable",
        when="a store is being restarted",
        series={of(REACHABLE, **A, **FOLLOWING): "1 0x3 1x19"},
        at=7,
    ),
    Case(
        alert="ProfilesNotReady",
        when="a job has not been ready for ten minutes",
        series={of("profiles_ready", **A): "1 0x19"},
        at=12,
        labels={**ALL, **A},
        summary="a can't work",
    ),
    Case(
        alert="ProfilesNotReady",
        when="another one has",
        series={of("profiles_ready", **A): "1x19"},
        at=12,
    ),
    Case(
        alert="ProfilesStuck",
        when="records wait and none is read",
        series={LAG: "5x40", READ: "100x40"},
        at=25,
        labels=ALL,
        summary="Records wait and none is taken in",
    ),
    Case(
        alert="ProfilesStuck",
        when="records wait and some are read",
        series={LAG: "5x40", READ: "0+1x40"},
        at=25,
    ),
    Case(
        alert="ProfilesStuck",
        when="nothing waits",
        series={LAG: "0x40", READ: "100x40"},
        at=25,
    ),
    Case(
        alert="ProfilesBehind",
        when="a record waits for longer than a quarter of an hour",
        series={OLDEST: "1000x20"},
        at=11,
        labels=ALL,
        summary="The oldest record waits for 16m 40s",
    ),
    Case(alert="ProfilesBehind", when="it does not", series={OLDEST: "900x20"}, at=11),
    Case(
        alert="ProfilesLogWillLoseRecords",
        when="a record waits for half of what the log keeps it for",
        series={OLDEST: "43201x2"},
        at=1,
        labels=ALL,
        summary="The oldest record waits for 12h 0m 1s, and the log keeps it for 24 hours",
    ),
    Case(alert="ProfilesLogWillLoseRecords", when="for less", series={OLDEST: "43200x2"}, at=1),
    Case(
        alert="ProfilesErasuresWait",
        when="changes have waited for a quarter of an hour",
        series={OUTBOX: "0 3x30"},
        at=17,
        labels=ALL,
        summary="The following store has not made 3 changes",
    ),
    Case(
        alert="ProfilesErasuresWait",
        when="they were made in between",
        series={OUTBOX: "3x9 0 3x10"},
        at=17,
    ),
    Case(
        alert="ProfilesErasuresWait",
        when="a job has just been started, and is about to make them",
        series={OUTBOX: "3x30"},
        at=2,
    ),
    Case(
        alert="ProfilesRejecting",
        when="a fifth can't be read",
        series={READ: "0+60x60", REJECTED: "0+12x60"},
        at=35,
        labels=ALL,
        summary="20% of the records can't be read",
    ),
    Case(
        alert="ProfilesRejecting",
        when="a twentieth can't be read",
        series={READ: "0+60x60", REJECTED: "0+3x60"},
        at=35,
    ),
    Case(
        alert="ProfilesRejecting",
        when="nothing is read at all",
        series={READ: "60x60", REJECTED: "12x60"},
        at=35,
    ),
    Case(
        alert="ProfilesProducerFails",
        when="Kafka has refused some",
        series={FAILED: "_x4 100x1 107x20"},
        at=10,
        labels=ALL,
        summary="Kafka has refused about 8 persons",
    ),
    Case(alert="ProfilesProducerFails", when="long ago", series={FAILED: "0x5 7x30"}, at=30),
    Case(
        alert="ProfilesRetrying",
        when="five attempts a minute fail",
        series={RETRIES: "0+5x60"},
        at=25,
        labels={**ALL, **FOLLOWING},
        summary="following fails again and again",
    ),
    Case(alert="ProfilesRetrying", when="one does", series={RETRIES: "0+1x60"}, at=25),
    Case(
        alert="ProfilesSlow",
        when="batches take up to a minute",
        series={TAKES["30.0"]: "0x60", TAKES["60.0"]: "0+1x60", TAKES["+Inf"]: "0+1x60"},
        at=30,
        labels=ALL,
        summary="A batch takes 58.5s",
    ),
    Case(
        alert="ProfilesSlow",
        when="they take less",
        series={TAKES["30.0"]: "0+1x60", TAKES["60.0"]: "0+1x60", TAKES["+Inf"]: "0+1x60"},
        at=30,
    ),
]


def expected(case: Case) -> Sequence[Mapping[str, Any]]:
    if case.labels is None:
        return []
    rule = RULES[case.alert]
    return [
        {
            "exp_labels": {**rule["labels"], **case.labels},
            "exp_annotations": {**rule["annotations"], "summary": case.summary},
        }
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.alert}: {case.when}")
def test_an_alert_fires_when_it_should(case: Case, promtool: Path, tmp_path: Path) -> None:
    test = {
        "rule_files": [str(ALERTS)],
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": name, "values": values} for name, values in case.series.items()
                ],
                "alert_rule_test": [
                    {
                        "eval_time": f"{case.at}m",
                        "alertname": case.alert,
                        "exp_alerts": expected(case),
                    }
                ],
            }
        ],
    }
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump(test), "utf-8")

    done = subprocess.run(
        [promtool, "test", "rules", file], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr + done.stdout


def test_every_alert_is_tried_both_ways() -> None:
    tried = {(case.alert, case.labels is not None) for case in CASES}

    assert tried == {(alert, fires) for alert in RULES for fires in (True, False)}


def test_prometheus_takes_the_rules(promtool: Path) -> None:
    done = subprocess.run(
        [promtool, "check", "rules", ALERTS], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert f"{len(RULES)} rules found" in done.stdout
