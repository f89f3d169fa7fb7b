"""When a job counts as alive, and when as ready."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from profiles.application.monitoring.health import ALIVE_S, FRESH_S, Health
from profiles.application.ports.metrics import Observation, Service

ALL = Observation(reachable={Service.DECIDING: True, Service.LOG: True})
ONE_AWAY = Observation(reachable={Service.DECIDING: True, Service.LOG: False})


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(clock=clock)


def test_a_job_that_waits_to_begin_is_alive_and_not_ready(health: Health, clock: Clock) -> None:
    clock.now = 10 * ALIVE_S

    assert health.alive
    assert not health.ready
    assert health.reachable == {}


def test_a_job_whose_loop_turns_no_more_is_not_alive(health: Health, clock: Clock) -> None:
    health.turned()
    clock.now = ALIVE_S - 1
    before = health.alive
    clock.now = ALIVE_S

    assert (before, health.alive) == (True, False)

    health.turned()
    assert health.alive


def test_a_job_is_ready_while_all_that_it_needs_answers(health: Health) -> None:
    health.observed(ONE_AWAY)
    assert not health.ready
    assert health.reachable == {Service.DECIDING: True, Service.LOG: False}

    health.observed(ALL)
    assert health.ready


def test_what_has_not_answered_for_long_is_away(health: Health, clock: Clock) -> None:
    health.observed(ALL)
    clock.now = FRESH_S

    assert not health.ready
