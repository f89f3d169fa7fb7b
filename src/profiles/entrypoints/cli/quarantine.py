"""The quarantine: what was rejected, and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import click

from profiles.application.quarantine.listing import list_rejections
from profiles.domain.outcome import RejectionReason
from profiles.entrypoints.addresses import read_stores
from profiles.entrypoints.cli import options
from profiles.entrypoints.cli.group import cli
from profiles.entrypoints.cli.output import console
from profiles.entrypoints.composition.stores import deciding_store
from profiles.entrypoints.rendering import table_of_rejections

_LISTED: Final = 100


@cli.command()
@options.store
@options.option(
    "--reason",
    type=click.Choice([reason.value for reason in RejectionReason]),
    help="List what was rejected for this reason only.",
)
@options.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=_LISTED,
    show_default=True,
    help="List so many, the newest first.",
)
def quarantine(*, stores: Sequence[str], reason: str | None, limit: int) -> None:
    """List what was rejected: why, and where it is; never what it says."""
    with deciding_store(read_stores(stores).deciding, create=False) as store:
        document = list_rejections(
            store.rejections,
            limit=limit,
            reason=None if reason is None else RejectionReason(reason),
        )
    console().print(table_of_rejections(document["listed"]))
    click.echo(json.dumps(document, ensure_ascii=False))
