"""What the command line may say of a simulation."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

import pytest

from profiles.adapters.simulator import Simulation, Simulator, parse
from profiles.domain.errors import UsageError

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("spec", "simulation"),
    [
        ("simulator", Simulation()),
        ("simulator:seed=7", Simulation(seed=7)),
        ("simulator:seed=-7,limit=0", Simulation(seed=-7, limit=0)),
        ("simulator:limit=none", Simulation(limit=None)),
        (
            "simulator:seed=1,limit=20,minors=.1,boundary=0.2,hostile=1e-1,duplicates=0.3,updates=0.3",
            Simulation(
                seed=1,
                limit=20,
                minors=0.1,
                boundary=0.2,
                hostile=0.1,
                duplicates=0.3,
                updates=0.3,
            ),
        ),
        ("simulator:domains=5", Simulation(domains=5)),
    ],
)
def test_a_spec_is_read(spec: str, simulation: Simulation) -> None:
    assert parse(spec) == simulation


@pytest.mark.parametrize(
    ("spec", "part"),
    [
        ("simulators", "is no simulator"),
        ("randomuser:seed=1", "is no simulator"),
        ("simulator:", "write each as name=value"),
        ("simulator:seed", "write each as name=value"),
        ("simulator:seed=1,", "write each as name=value"),
        ("simulator:size=1", "no setting 'size'; allowed are seed, limit, minors, boundary"),
        ("simulator:seed=1,seed=1", "seed is given twice"),
        ("simulator:seed=one", "seed is 'one'; give a whole number"),
        ("simulator:seed=1.5", "seed is '1.5'; give a whole number"),
        ("simulator:seed=\u0661", "give a whole number"),
        ("simulator:limit=-1", "limit is -1; give 0 or more"),
        ("simulator:limit=", "limit is ''; give a whole number, or none"),
        ("simulator:minors=x", "minors is 'x'; give a share from 0 to 1"),
        ("simulator:minors=1.01", "minors is 1.01; give a share from 0 to 1"),
        ("simulator:hostile=-0.1", "hostile is -0.1; give a share from 0 to 1"),
        ("simulator:hostile=nan", "hostile is nan; give a share from 0 to 1"),
        ("simulator:minors=0.6,updates=0.6", "add up to 1.2; together they can be at most 1"),
        ("simulator:domains=0", "domains is 0; give a number from 1 to 1000000"),
    ],
)
def test_a_bad_spec_gets_one_clear_sentence(spec: str, part: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(spec)

    assert part in str(raised.value)
    assert str(raised.value).endswith(".")
    assert "\n" not in str(raised.value)


def test_proportions_may_add_up_to_one() -> None:
    spec = "simulator:minors=0.1,boundary=0.2,hostile=0.3,duplicates=0.2,updates=0.2"

    assert parse(spec).identity == f"simulator:seed=0,{spec.partition(':')[2]}"


def test_a_simulator_takes_the_settings_of_a_simulation() -> None:
    simulation = parse("simulator:seed=9,limit=4,duplicates=0.5")
    simulator = Simulator(**asdict(simulation), today=TODAY)

    assert simulator.name == simulation.identity == "simulator:seed=9,duplicates=0.5"


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"batch": 0}, "batch is 0; give 1 or more"),
        ({"pace": -1.0}, "pace is -1; give seconds"),
        ({"pace": float("inf")}, "pace is inf; give seconds"),
        ({"today": date(1999, 12, 31)}, "today is 1999-12-31; give 2002-03-22 or later"),
        ({"minors": 2.0}, "minors is 2; give a share"),
    ],
)
def test_a_simulator_refuses_what_it_cannot_do(changes: dict[str, object], part: str) -> None:
    with pytest.raises(UsageError, match=part):
        Simulator(**{"today": TODAY, **changes})  # type: ignore[arg-type] # wrong on purpose
