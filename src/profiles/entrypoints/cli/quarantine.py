"""The quarantine: what was rejected and why, and what of it can be read by now."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Final

import click
from click.core import ParameterSource

from profiles.application.quarantine.listing import list_rejections
from profiles.domain.errors import UsageError
from profiles.domain.outcome import RejectionReason
from profiles.entrypoints.cli import options
from profiles.entrypoints.cli.group import cli
from profiles.entrypoints.cli.installation import installation
from profiles.entrypoints.cli.output import console
from profiles.entrypoints.cli.stopping import stoppable_request
from profiles.entrypoints.composition.installation import InstallationSettings
from profiles.entrypoints.composition.stores import deciding_store
from profiles.entrypoints.rendering import table_of_rejections

_LISTED: Final = 100


@cli.command()
@installation(options.topic, options.envelope)
@options.option(
    "--reason",
    type=click.Choice([reason.value for reason in RejectionReason]),
    help="List what was rejected for this reason only.",
)
@options.option(
    "--limit",
    type=options.WholeNumber(1, 100_000),
    default=_LISTED,
    show_default=True,
    help="List so many, the newest first.",
)
@options.option(
    "--retry",
    is_flag=True,
    help="Append to the log anew what is still in it and can be read now.",
)
@options.policy
def quarantine(
    *,
    settings: InstallationSettings,
    reason: str | None,
    limit: int,
    retry: bool,
) -> None:
    """List what was rejected: why, and where it is; never what it says."""
    if retry:
        _check_nothing_is_chosen()
        _retry(settings)
        return
    with deciding_store(settings.stores.deciding, create=False) as store:
        document = list_rejections(
            store.rejections,
            limit=limit,
            reason=None if reason is None else RejectionReason(reason),
        )
    console().print(table_of_rejections(document["listed"]))
    click.echo(json.dumps(document, ensure_ascii=False))


def _check_nothing_is_chosen() -> None:
    """Refuse what says what to list beside `--retry`, which takes up everything."""
    context = click.get_current_context()
    for name in ("reason", "limit"):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise UsageError(
                f"--{name} says what is listed, and --retry takes up everything; leave one of them"
                " out."
            )


def _retry(settings: InstallationSettings) -> None:
    """Take up everything, whatever is listed; print the counts whatever happens."""
    from profiles.entrypoints.composition.quarantine import retrying

    with stoppable_request(console()) as stop, retrying(settings, stop=stop) as job:
        try:
            job.run(stopped=stop.is_set)
        finally:
            retried = job.retried
            if retried.not_in_log:
                missing = retried.not_in_log
                are = "1 record is" if missing == 1 else f"{missing:,} records are"
                console().print(
                    f"{are} not in the log: it keeps records for 24 hours, and"
                    " what a file or the API delivered was rejected before it. Let the source"
                    f" deliver {'it' if missing == 1 else 'them'} again."
                )
            click.echo(json.dumps(asdict(retried), separators=(",", ":")))
