"""What every source promises (see the port `Source`); the one over HTTP has its own tests."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from profiles.adapters.jsonl import JsonlSource
from profiles.adapters.jsonl import source as jsonl
from profiles.adapters.simulator import Simulator
from profiles.application.ports.sources import Source

Reopen = Callable[[], Source]
"""Make the source again, as the next run of a program does."""


def lines_of(simulator: Simulator) -> bytes:
    values = [value for delivery in simulator.deliveries() for value in delivery.values]
    return b"".join(value + b"\n" for value in values)


@contextmanager
def piped(content: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give content on standard input, by a real pipe that another thread fills."""
    read, write = os.pipe()

    def fill() -> None:
        with os.fdopen(write, "wb") as stream:
            stream.write(content)

    filling = Thread(target=fill)
    filling.start()
    with monkeypatch.context() as patched, io.TextIOWrapper(os.fdopen(read, "rb")) as stdin:
        patched.setattr("sys.stdin", stdin)
        yield
    filling.join()


@pytest.fixture(autouse=True)
def small_deliveries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "DELIVERY_BYTES", 100_000)


@pytest.fixture(params=["file", "gzip", "simulator", "simulator in responses"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path, simulator: Simulator) -> Reopen:
    """Give each source that can go on where it was."""
    path = tmp_path / "persons"
    match request.param:
        case "simulator":
            return lambda: simulator
        case "simulator in responses":
            return lambda: replace(simulator, as_responses=True)
        case "gzip":
            path.write_bytes(gzip.compress(lines_of(simulator)))
        case _:
            path.write_bytes(lines_of(simulator))
    return lambda: JsonlSource(path, once=True, stop=Event())


@pytest.fixture(params=["plain", "gzip"])
def standard_input(
    request: pytest.FixtureRequest, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> Generator[Source]:
    """Give the source that can't go on where it was."""
    content = lines_of(simulator)
    with piped(gzip.compress(content) if request.param == "gzip" else content, monkeypatch):
        yield JsonlSource(None, once=True, stop=Event())


def test_a_source_delivers_the_same_every_time(reopen: Reopen) -> None:
    first = list(reopen().deliveries())

    assert first == list(reopen().deliveries())
    assert len(first) > 2
    assert all(isinstance(value, bytes) for delivery in first for value in delivery.values)


def test_positions_rise(reopen: Reopen) -> None:
    positions = [delivery.position for delivery in reopen().deliveries()]

    assert None not in positions
    assert positions == sorted(set(positions))  # type: ignore[type-var]  # none is None
    assert positions[0] != 0


def test_from_any_position_on_a_source_delivers_just_what_would_have_come(reopen: Reopen) -> None:
    """So a run that was killed leaves the same log as one that was not."""
    whole = list(reopen().deliveries())

    for number, delivery in enumerate(whole, 1):
        assert delivery.position is not None
        assert list(reopen().deliveries(start=delivery.position)) == whole[number:]


def test_a_source_keeps_its_name(reopen: Reopen) -> None:
    source = reopen()
    before = source.name
    next(iter(source.deliveries()))

    assert source.name == before == reopen().name


def test_a_delivery_shows_no_value(reopen: Reopen) -> None:
    delivery = next(iter(reopen().deliveries()))

    assert "values" not in repr(delivery)


def test_standard_input_delivers_everything_and_has_no_position(
    standard_input: Source, simulator: Simulator
) -> None:
    deliveries = list(standard_input.deliveries())

    values = b"".join(value + b"\n" for delivery in deliveries for value in delivery.values)
    assert values == b"".join(
        line + b"\n" for line in lines_of(simulator).split(b"\n") if line.strip()
    )
    assert {delivery.position for delivery in deliveries} == {None}
