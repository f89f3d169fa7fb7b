"""The simulator's stream: deterministic, resumable, paced, and stoppable."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from datetime import date
from itertools import islice
from threading import Event, Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.adapters.simulator import Simulator, parse
from tests.support.patience import PATIENCE_S

TODAY = date(2026, 11, 23)
MIXED = "minors=0.1,boundary=0.1,hostile=0.2,duplicates=0.2,updates=0.2"


def simulator_of(settings: str) -> Simulator:
    return Simulator(**asdict(parse(f"simulator:{settings}")), today=TODAY)


def records(simulator: Simulator, *, start: int = 0) -> list[bytes]:
    return [value for each in simulator.deliveries(start=start) for value in each.values]


def people(simulator: Simulator) -> list[dict[str, Any]]:
    return [json.loads(value) for value in records(simulator)]


def test_persons_depend_on_the_seed() -> None:
    one, other = (records(Simulator(seed=seed, limit=100, today=TODAY)) for seed in (1, 2))

    assert not set(one) & set(other)


def test_a_stream_is_the_same_in_every_process() -> None:
    program = (
        "import hashlib; from dataclasses import asdict; from datetime import date\n"
        "from profiles.adapters.simulator import Simulator, parse\n"
        f"settings = asdict(parse('simulator:seed=5,limit=500,{MIXED}'))\n"
        "simulator = Simulator(**settings, today=date(2026, 11, 23))\n"
        "stream = b'\\n'.join(v for d in simulator.deliveries() for v in d.values)\n"
        "print(hashlib.sha256(stream).hexdigest())\n"
    )
    here = b"\n".join(records(simulator_of(f"seed=5,limit=500,{MIXED}")))
    for hash_seed in ("1", "2"):
        there = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": "Pacific/Kiritimati"},
            text=True,
        )
        assert there.stdout.strip() == hashlib.sha256(here).hexdigest()


@given(start=st.integers(0, 130), batch=st.integers(1, 50), responses=st.booleans())
@settings(deadline=None, max_examples=15)
def test_it_goes_on_where_it_stopped(start: int, batch: int, *, responses: bool) -> None:
    whole = simulator_of(f"seed=6,limit=120,{MIXED}")
    rest = replace(whole, batch=batch)

    assert records(rest, start=start) == records(whole)[start:]
    if responses:
        rest = replace(rest, as_responses=True)
        deliveries = list(rest.deliveries())
        for number, delivery in enumerate(deliveries):
            assert delivery.position is not None
            following = list(rest.deliveries(start=delivery.position))
            assert following == deliveries[number + 1 :]


def test_positions_count_records() -> None:
    deliveries = Simulator(limit=25, batch=10, today=TODAY).deliveries(start=3)

    assert [(each.position, len(each.values)) for each in deliveries] == [
        (10, 7),
        (20, 10),
        (25, 5),
    ]


@pytest.mark.parametrize(("limit", "start"), [(0, 0), (10, 10), (10, 11)])
def test_nothing_is_delivered_past_the_limit(limit: int, start: int) -> None:
    assert records(Simulator(limit=limit, today=TODAY), start=start) == []


def test_a_higher_limit_brings_the_same_records_first() -> None:
    endless = Simulator(limit=None, batch=10, today=TODAY)
    first = [value for each in islice(endless.deliveries(), 3) for value in each.values]

    assert first == records(Simulator(limit=30, today=TODAY))
    assert endless.name == Simulator(limit=30, today=TODAY).name


def test_responses_hold_the_same_persons() -> None:
    simulator = Simulator(seed=8, limit=45, batch=20, today=TODAY)
    bodies = people(replace(simulator, as_responses=True))

    assert [person for body in bodies for person in body["results"]] == people(simulator)
    assert bodies[2]["info"] == {"seed": "8", "results": 5, "page": 3, "version": "1.4"}


def test_responses_are_readable_whatever_comes_between_them() -> None:
    simulator = Simulator(limit=2_000, batch=50, hostile=0.3, as_responses=True, today=TODAY)
    together = 0
    alone = 0
    for value in records(simulator):
        if value.startswith(b'{"results":['):
            together += len(json.loads(value)["results"])
        else:
            alone += 1

    assert together + alone == 2_000
    assert 0.2 < alone / 600 < 0.4


def test_a_stream_ends_when_it_is_stopped() -> None:
    stop = Event()
    deliveries = Simulator(limit=None, stop=stop, today=TODAY).deliveries()
    next(deliveries)
    stop.set()

    assert list(deliveries) == []


def test_a_stream_ends_in_the_middle_of_a_wait() -> None:
    stop = Event()
    seen: list[int | None] = []
    delivered = Event()

    def read() -> None:
        for delivery in Simulator(
            limit=None, batch=5, pace=3_600, stop=stop, today=TODAY
        ).deliveries():
            seen.append(delivery.position)
            delivered.set()

    reader = Thread(target=read, daemon=True)
    reader.start()
    assert delivered.wait(PATIENCE_S)
    stop.set()
    reader.join(PATIENCE_S)

    assert not reader.is_alive()
    assert seen == [5]
