"""The right to rectification."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Final

import click

from profiles.domain.corrections import FIELDS_OF
from profiles.domain.errors import UsageError
from profiles.domain.ledger_entry import Reason
from profiles.domain.person import PersonId
from profiles.entrypoints.cli import options
from profiles.entrypoints.cli.exits import FAILURE
from profiles.entrypoints.cli.given_files import read_given, standard_input_or
from profiles.entrypoints.cli.group import cli
from profiles.entrypoints.cli.installation import installation
from profiles.entrypoints.cli.output import all_know, console
from profiles.entrypoints.cli.person_ids import read_id
from profiles.entrypoints.cli.stopping import stoppable_request
from profiles.entrypoints.composition.installation import InstallationSettings

_KNOWN: Final = ", ".join(FIELDS_OF)


@cli.command()
@click.argument("arguments", metavar="ID [FIELD=VALUE]…", nargs=-1)
@installation(options.topic, options.envelope)
@options.policy
@options.request_option(
    "--from",
    "file",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="JSON object of fields and values, null for none; - reads it from standard input, so that"
    " no process list shows it.",
)
@options.request_option(
    "--release",
    multiple=True,
    metavar="FIELD",
    help="Field of which the source counts again, from its next record on; once for each.",
)
@options.received
@options.notify
@click.pass_context
def rectify(
    context: click.Context,
    *,
    arguments: Sequence[str],
    settings: InstallationSettings,
    file: Path | None,
    release: Sequence[str],
    received: date | None,
    notify: Sequence[str],
) -> None:
    """Correct what is held of a person, for good (GDPR Art. 16).

    FIELD is one of username, gender, title, full_name, full_address, city, country, nationality,
    email, birth_date (YYYY-MM-DD) and registered_on; FIELD= empties it. Later records of the
    source do not change what was corrected.
    """
    from profiles.application.rights.rectifying import Request
    from profiles.entrypoints.composition.erasing import erasing
    from profiles.entrypoints.composition.recipients import recipients
    from profiles.entrypoints.composition.rectifying import rectifying

    request = Request(
        person=_identity(arguments), values=_values(arguments[1:], file), release=release
    )
    to_tell = recipients(notify, settings.policy.read())
    with stoppable_request(console()) as stop:
        with rectifying(settings, recipients=to_tell, stop=stop, told=console().print) as job:
            done = job.rectify(request, received=received)
        complete, told = done.complete, done.told
        if done.minor:
            console().print(
                "By the correction the person is too young to be held, and is erased for good: a"
                " later record with the wrong date must not bring a child back."
            )
            with erasing(settings, recipients=to_tell, stop=stop) as erasure:
                receipt, *_ = erasure.erase([done.id], reason=Reason.CHILD, received=received)
                complete = receipt.complete and complete
                told = receipt.persons[0].told
    done = replace(done, complete=complete, told=told)
    document = {**asdict(done), "erased": done.minor}
    click.echo(json.dumps(document, ensure_ascii=False))
    if not complete:
        console().print(
            "Not every store holds the correction now: a later record or correction may have come"
            " in between, or a job may be writing. Run `profiles verify`, and the same command"
            " again."
        )
        context.exit(FAILURE)
    if not all_know(told):
        context.exit(FAILURE)


def _identity(arguments: Sequence[str]) -> PersonId:
    if not arguments:
        raise UsageError("Whose? Give the ID of a person, then FIELD=VALUE. Nothing was done.")
    return read_id(arguments[0], "The first argument")


def _values(arguments: Sequence[str], file: Path | None) -> dict[str, object]:
    """Read what is to be set, from arguments and a file; no value is repeated in an error."""
    values: dict[str, object] = {} if file is None else _in_file(file)
    for number, argument in enumerate(arguments, 1):
        name, equals, value = argument.partition("=")
        if not equals or name not in FIELDS_OF:
            raise UsageError(
                f"Argument {number} after the ID is not FIELD=VALUE with a FIELD of {_KNOWN}."
                " Nothing was done."
            )
        if name in values:
            raise UsageError(f"{name} is given twice. Nothing was done.")
        values[name] = value or None
    return values


def _in_file(file: Path) -> dict[str, object]:
    text = read_given(file)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not document.keys() <= FIELDS_OF.keys():
        raise UsageError(
            f"{standard_input_or(file)} is no JSON object of {_KNOWN}. Nothing was done."
        )
    return document
