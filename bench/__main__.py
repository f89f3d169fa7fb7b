"""Measure the speed on this machine: `nox -s bench`, or `nox -s bench -- --quick --only rules`.

Prints a table to standard error and one JSON object to standard output. Figures of two runs
compare only where they are ratios of what was measured side by side in one run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field

import dashboard
import engine
import growth
import jobs
import latency
import memory
import processes
import rules
import spark_share
import startup
from figures import Figure
from rich.console import Console
from rich.table import Table
from servers import running
from trials import Trials

HUNDRED = 100
"""A value below it is shown with decimals."""


@dataclass(slots=True, kw_only=True)
class Bench:
    """How much is measured, and on which servers.

    quick: a tenth of the persons, or less.
    partitions: of the topics. rounds: of the comparison of jobs.
    """

    quick: bool
    partitions: int
    rounds: int
    stack: ExitStack
    _trials: Trials | None = field(default=None, init=False)

    @property
    def trials(self) -> Trials:
        """Return what runs jobs, with the servers, started when they are first asked for."""
        if self._trials is None:
            self._trials = Trials(self.stack.enter_context(running()))
        return self._trials

    def either(self, quick: int, full: int) -> int:
        """Choose a size."""
        return quick if self.quick else full


PARTS: Mapping[str, Callable[[Bench], Iterator[Figure]]] = {
    "startup": lambda _bench: startup.measure(),
    "rules": lambda bench: rules.measure(bench.either(2_000, 20_000)),
    "engine": lambda bench: engine.measure(bench.either(10_000, 100_000)),
    "dashboard": lambda bench: dashboard.measure(quick=bench.quick),
    "jobs": lambda bench: jobs.measure(
        bench.trials,
        persons=bench.either(50_000, 200_000),
        partitions=bench.partitions,
        rounds=bench.rounds,
    ),
    "latency": lambda bench: latency.measure(
        bench.trials.servers, seconds=bench.either(15, 60), partitions=bench.partitions
    ),
    "growth": lambda bench: growth.measure(
        bench.trials,
        sizes=[10_000, 50_000] if bench.quick else [10_000, 100_000, 1_000_000],
        at_cores=bench.either(50_000, 200_000),
        partitions=bench.partitions,
    ),
    "processes": lambda bench: processes.measure(
        bench.trials,
        persons=bench.either(50_000, 400_000),
        partitions=bench.partitions,
        rounds=bench.rounds,
    ),
    "spark": lambda bench: spark_share.measure(
        bench.trials,
        persons=bench.either(50_000, 200_000),
        partitions=bench.partitions,
        rounds=bench.rounds,
    ),
    "memory": lambda bench: memory.measure(
        bench.trials.servers, minutes=bench.either(2, 60), partitions=bench.partitions
    ),
}
USUALLY = [part for part in PARTS if part != "memory"]
"""What runs if nothing is said: not what takes an hour."""


def main() -> None:
    """Run the benches that are wanted in turn, one at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the persons, or less")
    parser.add_argument("--only", help=f"some of {','.join(PARTS)}", default=",".join(USUALLY))
    parser.add_argument("--partitions", type=int, default=4, help="of the topics")
    parser.add_argument("--rounds", type=int, default=1, help="of the comparison; best counts")
    given = parser.parse_args()
    parts = given.only.split(",")
    if unknown := set(parts) - PARTS.keys():
        parser.error(f"--only takes {', '.join(PARTS)}, not {', '.join(sorted(unknown))}")
    load = os.getloadavg()[0]  # below a tenth of the cores nobody else is at work
    figures: list[Figure] = []
    console = Console(stderr=True)
    with ExitStack() as stack:
        bench = Bench(
            quick=given.quick, partitions=given.partitions, rounds=given.rounds, stack=stack
        )
        for part in parts:
            some = list(PARTS[part](bench))
            console.print(_table(part, some))
            figures += some
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_before": round(load, 1),
    }
    print(json.dumps({"machine": machine, "figures": [asdict(figure) for figure in figures]}))


def _table(part: str, figures: list[Figure]) -> Table:
    table = Table(title=f"profiles: {part} on this machine")
    table.add_column("what")
    for name in ("measured", "unit", "aim", "reached"):
        table.add_column(name, justify="right")
    table.add_column("note")
    for figure in figures:
        aim = "" if figure.aim is None else _shown(figure.aim)
        reached = "" if figure.reached is None else f"{figure.reached:.0%}"
        table.add_row(figure.what, _shown(figure.value), figure.unit, aim, reached, figure.note)
    return table


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= HUNDRED else f"{value:.3g}"


if __name__ == "__main__":
    main()
