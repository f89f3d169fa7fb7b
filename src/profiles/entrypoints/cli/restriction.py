"""The right to restriction of processing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Final

import click

from profiles.domain.ledger_entry import Reason
from profiles.entrypoints.cli import options
from profiles.entrypoints.cli.exits import FAILURE
from profiles.entrypoints.cli.group import cli
from profiles.entrypoints.cli.installation import installation
from profiles.entrypoints.cli.output import all_know, console
from profiles.entrypoints.cli.person_ids import read_id
from profiles.entrypoints.composition.installation import InstallationSettings

if TYPE_CHECKING:
    from profiles.application.rights.restricting import Restriction

GROUNDS: Final = (Reason.ACCURACY, Reason.UNLAWFUL, Reason.CLAIMS, Reason.OBJECTION)
"""Those of GDPR Art. 18(1), in its order."""


@cli.command()
@click.argument("person", metavar="ID")
@installation()
@options.policy
@options.request_option(
    "--reason",
    type=click.Choice([reason.value for reason in GROUNDS]),
    required=True,
    help="On which ground of Art. 18(1).",
)
@options.received
@options.notify
@click.pass_context
def restrict(
    context: click.Context,
    *,
    person: str,
    settings: InstallationSettings,
    reason: str,
    received: date | None,
    notify: Sequence[str],
) -> None:
    """Keep a person's profile apart, uncounted and unchanged (GDPR Art. 18).

    What comes of the person meanwhile counts as restricted and changes nothing.
    """
    from profiles.entrypoints.composition.recipients import recipients
    from profiles.entrypoints.composition.restricting import restricting

    identity = read_id(person)
    told = recipients(notify, settings.policy.read())
    with restricting(settings, recipients=told) as job:
        done = job.restrict(identity, reason=Reason(reason), received=received)
    if not done.kept_apart:
        console().print("Nothing is held of this person, so there is nothing to be restricted.")
    _answer(context, done)


@cli.command()
@click.argument("person", metavar="ID")
@installation()
@options.policy
@options.notify
@click.pass_context
def unrestrict(
    context: click.Context,
    *,
    person: str,
    settings: InstallationSettings,
    notify: Sequence[str],
) -> None:
    """Hold a person's profile again that was kept apart.

    Tell the person before you do so (GDPR Art. 18(3)).
    """
    from profiles.entrypoints.composition.recipients import recipients
    from profiles.entrypoints.composition.restricting import restricting

    identity = read_id(person)
    told = recipients(notify, settings.policy.read())
    with restricting(settings, recipients=told) as job:
        done = job.unrestrict(identity)
        waits = not done.complete and job.waits_for_a_record(identity)
    if done.entry is None:
        console().print("The processing of this person's data was not restricted.")
    if waits:
        console().print(
            "The profile is held again; the following store gets it with the person's next record."
            f" `profiles rectify {person} --release username` makes one."
        )
    _answer(context, done)


def _answer(context: click.Context, done: Restriction) -> None:
    click.echo(json.dumps(asdict(done), ensure_ascii=False))
    if not done.complete:
        console().print(
            "Not every store is as the ledger says: a job may be writing. Run the same command"
            " again, and `profiles verify` if that does not help."
        )
        context.exit(FAILURE)
    if not all_know(done.told):
        context.exit(FAILURE)
