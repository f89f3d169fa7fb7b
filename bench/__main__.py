"""Measure the speed on this machine: `nox -s bench`, or `nox -s bench -- --quick`.

Prints a table to standard error and one JSON object to standard output. Figures of two runs
compare only where they are ratios of what was measured side by side in one run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from dataclasses import asdict

import dashboard
import engine
import rules
import startup
from figures import Figure
from rich.console import Console
from rich.table import Table


def main() -> None:
    """Run all benches in turn, one at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the persons")
    quick = parser.parse_args().quick
    figures = [
        *startup.measure(),
        *rules.measure(2_000 if quick else 20_000),
        *engine.measure(10_000 if quick else 100_000),
        *dashboard.measure(quick=quick),
    ]
    Console(stderr=True).print(_table(figures))
    machine = {"cores": os.cpu_count(), "python": platform.python_version()}
    print(json.dumps({"machine": machine, "figures": [asdict(figure) for figure in figures]}))


def _table(figures: list[Figure]) -> Table:
    table = Table(title="profiles: speed on this machine")
    table.add_column("what")
    for name in ("measured", "unit", "aim", "reached"):
        table.add_column(name, justify="right")
    for figure in figures:
        aim = "" if figure.aim is None else f"{figure.aim:,.0f}"
        reached = "" if figure.reached is None else f"{figure.reached:.0%}"
        table.add_row(figure.what, f"{figure.value:,.0f}", figure.unit, aim, reached)
    return table


if __name__ == "__main__":
    main()
