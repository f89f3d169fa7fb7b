"""What every kind of metrics keeps of what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import pytest

from profiles.adapters.memory import MemoryMetrics
from profiles.adapters.prometheus import PrometheusMetrics
from profiles.application.ports.metrics import Metrics, Observation, Service
from profiles.domain.outcome import Outcome
from profiles.domain.tally import Tally

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
FIRST = Tally(read=9, stored=4, withheld=3, rejected=2, reasons={"minor": 3, "json": 2})
SECOND = Tally(read=6, suppressed=1, restricted=2, superseded=1, erased=2)


class Kept(Protocol):
    """What some metrics have kept, in terms that both can be asked in."""

    @property
    def metrics(self) -> Metrics: ...
    def read(self) -> float: ...
    def outcome(self, outcome: Outcome) -> float: ...
    def reason(self, outcome: Outcome, reason: str) -> float: ...
    def batches(self) -> tuple[float, float]: ...
    def failures(self, service: Service) -> float: ...
    def production(self) -> Mapping[str, float]: ...
    def lag(self, partition: int) -> float: ...
    def numbers(self) -> tuple[float | None, float | None]: ...


@dataclass
class InMemory:
    metrics: MemoryMetrics = field(default_factory=MemoryMetrics)

    def read(self) -> float:
        return self.metrics.tally.read

    def outcome(self, outcome: Outcome) -> float:
        return self.metrics.tally.count(outcome)

    def reason(self, outcome: Outcome, reason: str) -> float:
        assert outcome in (Outcome.WITHHELD, Outcome.REJECTED)
        return self.metrics.tally.reasons[reason]

    def batches(self) -> tuple[float, float]:
        return len(self.metrics.seconds), sum(self.metrics.seconds)

    def failures(self, service: Service) -> float:
        return self.metrics.failures[service]

    def production(self) -> Mapping[str, float]:
        return {**self.metrics.production, **self.metrics.reasons}

    @property
    def _observed(self) -> Observation:
        assert self.metrics.observation is not None
        return self.metrics.observation

    def lag(self, partition: int) -> float:
        return self._observed.lag[partition]

    def numbers(self) -> tuple[float | None, float | None]:
        return self._observed.ledger_position, self._observed.outbox


@dataclass
class InPrometheus:
    metrics: PrometheusMetrics = field(
        default_factory=lambda: PrometheusMetrics(clock=NOW.timestamp)
    )

    def _value(self, name: str, **labels: str) -> float:
        value = self.metrics.registry.get_sample_value(name, labels)
        assert value is not None, (name, labels)
        return value

    def read(self) -> float:
        return self._value("profiles_read_persons_total")

    def outcome(self, outcome: Outcome) -> float:
        series = next(m for m in self.metrics.registry.collect() if m.name == "profiles_persons")
        return sum(
            sample.value
            for sample in series.samples
            if sample.name.endswith("_total") and sample.labels["outcome"] == outcome.value
        )

    def reason(self, outcome: Outcome, reason: str) -> float:
        return self._value("profiles_persons_total", outcome=outcome.value, reason=reason)

    def batches(self) -> tuple[float, float]:
        name = "profiles_batch_seconds"
        return self._value(f"{name}_count"), self._value(f"{name}_sum")

    def failures(self, service: Service) -> float:
        return self._value("profiles_retries_total", store=service.value)

    def production(self) -> Mapping[str, float]:
        produced = "profiles_produced_persons_total"
        return {
            "fetched": self._value("profiles_fetched_persons_total"),
            "acknowledged": self._value(produced, outcome="acknowledged", reason=""),
            "failed": self._value(produced, outcome="failed", reason=""),
            "minor": self._value(produced, outcome="withheld", reason="minor"),
        }

    def lag(self, partition: int) -> float:
        return self._value("profiles_lag_records", partition=str(partition))

    def numbers(self) -> tuple[float | None, float | None]:
        return self._value("profiles_ledger_position"), self._value("profiles_outbox_changes")


@pytest.fixture(params=[InMemory, InPrometheus])
def kept(request: pytest.FixtureRequest) -> Kept:
    made: Kept = request.param()
    return made


def test_batches_add_up_by_outcome_and_reason(kept: Kept) -> None:
    kept.metrics.counted(FIRST)
    kept.metrics.counted(SECOND)

    assert kept.read() == 15
    whole = FIRST + SECOND
    assert {o: kept.outcome(o) for o in Outcome} == {o: whole.count(o) for o in Outcome}
    assert kept.reason(Outcome.WITHHELD, "minor") == 3
    assert kept.reason(Outcome.REJECTED, "json") == 2


def test_each_batch_has_its_time(kept: Kept) -> None:
    kept.metrics.took(0.5)
    kept.metrics.took(1.5)

    assert kept.batches() == (2, 2.0)


def test_what_failed_is_counted_by_what_did_not_answer(kept: Kept) -> None:
    kept.metrics.failed(Service.FOLLOWING)
    kept.metrics.failed(Service.FOLLOWING)
    kept.metrics.failed(Service.LEDGER)

    assert [kept.failures(service) for service in Service] == [0, 2, 0, 1]


def test_a_producers_counts_are_those_of_the_last_time_that_it_told_them(kept: Kept) -> None:
    kept.metrics.produced(fetched=3, acknowledged=1, failed=0, reasons={"minor": 1})
    kept.metrics.produced(fetched=9, acknowledged=6, failed=1, reasons={"minor": 2})

    assert kept.production() == {"fetched": 9, "acknowledged": 6, "failed": 1, "minor": 2}


def test_the_last_observation_is_the_one_that_counts(kept: Kept) -> None:
    reachable = dict.fromkeys(Service, True)
    for lag in (7, 2):
        kept.metrics.observed(
            Observation(
                reachable=reachable, lag={0: lag, 1: 0}, oldest=NOW, ledger_position=lag, outbox=1
            )
        )

    assert (kept.lag(0), kept.lag(1)) == (2, 0)
    assert kept.numbers() == (2, 1)


def test_a_turn_of_the_loop_can_be_told_at_any_time(kept: Kept) -> None:
    kept.metrics.turned()
    kept.metrics.turned()

    assert kept.read() == 0
