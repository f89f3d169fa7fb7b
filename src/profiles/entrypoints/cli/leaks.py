"""Oversight: the proof that nobody's data is where it may not be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from threading import Event

import click

from profiles.entrypoints.addresses import read_stores
from profiles.entrypoints.cli import options
from profiles.entrypoints.cli.exits import FAILURE
from profiles.entrypoints.cli.group import cli
from profiles.entrypoints.cli.output import console
from profiles.entrypoints.interruption import stoppable
from profiles.entrypoints.policy import PolicySource


@cli.command()
@options.store
@options.some_kafka
@options.replication
@options.option(
    "--checkpoint",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of this machine for Spark's checkpoint. Default: without Spark.",
)
@options.policy
@click.pass_context
def leakcheck(
    context: click.Context,
    *,
    stores: Sequence[str],
    kafka: str | None,
    replication: int,
    checkpoint: Path | None,
    policy: PolicySource,
) -> None:
    """Send marked persons through the pipeline in names of its own; search for them everywhere."""
    from profiles.entrypoints.composition.leakcheck import LeakCheckSettings, check_for_leaks

    read_stores(stores)
    settings = LeakCheckSettings(
        stores=stores,
        kafka=kafka,
        replication=replication,
        checkpoint=checkpoint,
        policy=policy,
    )
    stop = Event()
    with stoppable(stop):
        report = check_for_leaks(
            settings,
            stop=stop,
            named=lambda name: console().print(
                f"All that is made is called {name}, and removed at the end."
            ),
        )
    planted, search = report.planted, report.search
    document = {
        "name": report.name,
        "planted": {
            "persons": len(planted.persons),
            "hostile": len(planted.hostile),
            "markers": len(planted.markers),
        },
        "searched": [
            {
                "place": place.place,
                "bytes": place.size,
                "may_hold": place.kept.value,
                "found": [f"{whose}: {field}" for whose, field in sorted(place.found)],
            }
            for place in search.searched.values()
        ],
        "findings": [leak._asdict() for leak in search.leaks],
        "not_searched": report.not_searched,
        "left": [left._asdict() for left in report.left],
    }
    click.echo(json.dumps(document, ensure_ascii=False))
    if search.leaks:
        places = sorted({leak.place for leak in search.leaks})
        console().print(f"Personal data is where it may not be: {', '.join(places)}.")
    if search.leaks or report.left:
        context.exit(FAILURE)
