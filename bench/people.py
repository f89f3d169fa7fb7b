"""The persons that benches read: made by the simulator, the same in every run."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from profiles.adapters.simulator import Simulator

TODAY = datetime(2026, 11, 23, 12, tzinfo=UTC)


def records(count: int) -> list[bytes]:
    """Return persons as the API sends them, each as JSON."""
    source = Simulator(seed=1, limit=count, today=TODAY.date(), batch=count)
    return [value for delivery in source.deliveries() for value in delivery.values]


def write_lines(path: Path, count: int) -> None:
    """Write a file of JSON lines, a person each."""
    path.write_bytes(b"".join(record + b"\n" for record in records(count)))


def ids(responses: list[bytes]) -> list[str]:
    """Return the ids of persons in whole responses of one person each."""
    return [json.loads(response)["results"][0]["login"]["uuid"] for response in responses]
