"""Simulated persons and hostile records for tests: the same ones in every run."""

from __future__ import annotations

import json
from datetime import date
from itertools import count
from typing import Any, Final, TypeVar

from profiles.adapters.simulator import Simulation
from profiles.adapters.simulator.hostile import HOSTILE_KINDS
from profiles.adapters.simulator.marking import mark_forbidden
from profiles.adapters.simulator.records import Records as Simulated

RECORDS_OF_EACH_KIND: Final = 60
_SIMULATIONS: Final = {
    "adults": Simulation(seed=1, domains=9),
    "minors": Simulation(seed=2, domains=9, minors=1.0),
    "boundary": Simulation(seed=3, domains=9, boundary=1.0),
}
"""Each with a seed of its own, of which the simulator makes the ids."""
_MARKER: Final = "Qz7plantedXk"
"""Stands before what may never be kept: some of the API's passwords are everyday words."""

Item_co = TypeVar("Item_co", covariant=True)


class Records(tuple[Item_co, ...]):
    """Records that show no value where they are printed, as in what pytest says of a failure."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Say how many they are."""
        return f"<{len(self)} records>"


def records_of(kind: str, today: date) -> Records[dict[str, Any]]:
    """Make persons in the API's form, as `json.loads` returns them: passwords, pictures and all.

    kind: `adults` (18 and more on `today`), `minors`, or `boundary`: born on days on which rules of
        age change, such as 18 years before `today`, the days beside it, or a 29 February. Some of
        these are minors, and some too old to be true.
    """
    simulated = Simulated(_SIMULATIONS[kind], today=today)
    made = [json.loads(simulated.record(index)) for index in range(RECORDS_OF_EACH_KIND)]
    for person in made:
        mark_forbidden(person, _MARKER)
    return Records(made)


def hostile_messages(today: date) -> Records[bytes]:
    """Make messages that were made to break a reader, one of each kind that the simulator has.

    Wrong types, broken JSON, other encodings, deep nesting, huge numbers. Most can't be read as a
    person, some can and are odd, some are minors.
    """
    simulated = Simulated(Simulation(seed=4, hostile=1.0), today=today, marker=_MARKER)
    found: dict[str | None, bytes] = {}
    for index in count():
        kind = simulated.hostile_kind(index)
        if kind not in found:
            found[kind] = simulated.record(index)
            if len(found) == len(HOSTILE_KINDS):
                break
    return Records(found[kind] for kind in HOSTILE_KINDS)
