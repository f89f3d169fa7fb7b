"""What other producers put into a topic: whole responses, null values, records made to break it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from profiles.adapters.simulator import Simulator
from profiles.domain.person import PersonId

Record = tuple[bytes | None, bytes | None]


def responses(*, seed: int = 77, limit: int = 600) -> list[Record]:
    """Whole responses without keys, and hostile records each on its own."""
    simulator = Simulator(
        seed=seed,
        limit=limit,
        minors=0.1,
        boundary=0.05,
        hostile=0.2,
        as_responses=True,
        batch=50,
        today=datetime.now(UTC).date(),
    )
    return [(None, value) for each in simulator.deliveries() for value in each.values]


def tombstones(persons: Iterable[PersonId]) -> list[Record]:
    """Null values that erase, and some whose keys name nobody."""
    nobody: list[Record] = [(b"nobody", None), (b"\xff\xfe", None), (None, None)]
    return [(person.encode(), None) for person in persons] + nobody
