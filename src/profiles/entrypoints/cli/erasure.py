"""The right to erasure, and the way back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

import click

from profiles.domain.errors import ProfilesError, UsageError
from profiles.domain.ledger_entry import Reason
from profiles.domain.person import PersonId
from profiles.entrypoints.cli import options
from profiles.entrypoints.cli.exits import FAILURE
from profiles.entrypoints.cli.given_files import read_given, standard_input_or
from profiles.entrypoints.cli.group import cli
from profiles.entrypoints.cli.installation import installation
from profiles.entrypoints.cli.output import console
from profiles.entrypoints.cli.person_ids import read_id
from profiles.entrypoints.cli.stopping import stoppable_request
from profiles.entrypoints.composition.installation import InstallationSettings
from profiles.entrypoints.progress import count_progress

_REASONS: Final = (
    Reason.REQUEST,
    Reason.CONSENT,
    Reason.OBJECTION,
    Reason.UNNECESSARY,
    Reason.UNLAWFUL,
    Reason.OBLIGATION,
    Reason.CHILD,
)
"""Why somebody is erased: the letters of Art. 17(1), and plainly that she asks for it."""


@cli.command()
@click.argument("persons", metavar="ID…", nargs=-1)
@installation(options.topic)
@options.policy
@options.request_option(
    "--from",
    "file",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="File with an ID in each line; - reads standard input.",
)
@options.request_option(
    "--limit",
    type=options.WholeNumber(1),
    help="The most persons that are meant. Default: 1 % of those held, and 10 at least.",
)
@options.request_option(
    "--reason",
    type=click.Choice([reason.value for reason in _REASONS]),
    default=Reason.REQUEST.value,
    show_default=True,
    help="Why; the ledger keeps it.",
)
@options.received
@options.notify
@options.option("--dry-run", is_flag=True, help="Change nothing; say what is held where.")
@click.pass_context
def erase(
    context: click.Context,
    *,
    persons: Sequence[str],
    settings: InstallationSettings,
    file: Path | None,
    limit: int | None,
    reason: str,
    received: date | None,
    notify: Sequence[str],
    dry_run: bool,
) -> None:
    """Erase persons from every place, and keep them out for good (GDPR Art. 17).

    Prints a receipt, signed with the key of the erasure ledger.
    """
    from profiles.entrypoints.composition.erasing import erasing
    from profiles.entrypoints.composition.recipients import recipients

    identities = _identities(persons, file)
    told = recipients(notify, settings.policy.read())
    shown = console()
    with (
        stoppable_request(shown) as stop,
        count_progress(shown, "persons erased") as erased,
        erasing(settings, recipients=told, stop=stop) as job,
    ):
        job.check(identities, limit=limit)
        receipt, document, not_begun = (
            job.look(identities)
            if dry_run
            else job.erase(
                identities,
                reason=Reason(reason),
                received=received,
                progress=erased,
                stopped=stop.is_set,
            )
        )
    click.echo(json.dumps(document, ensure_ascii=False))
    if dry_run:
        return
    if not receipt.complete:
        console().print(
            "Something is held still, of which `left` in the receipt says where. Run the same"
            " command again; if it stays, please report it."
        )
    if not receipt.all_told:
        console().print(
            "The persons are erased, but not every recipient has confirmed that it knows; `told` in"
            " the receipt says which. Run the same command again: it tells those only."
        )
    if not_begun:
        raise ProfilesError(
            f"Stopped before the end. {len(receipt.persons):,} persons are erased for good, as the"
            f" receipt says; of the other {not_begun:,} nothing was touched. The same command"
            " completes it."
        )
    if not (receipt.complete and receipt.all_told):
        context.exit(FAILURE)


@cli.command()
@click.argument("person", metavar="ID")
@installation(options.topic)
@options.request_option(
    "--reason",
    type=click.Choice([Reason.SIGNED_UP.value]),
    required=True,
    help="Why; there is one reason only, which has to be meant.",
)
def readmit(
    *,
    person: str,
    settings: InstallationSettings,
    reason: str,
) -> None:
    """Store somebody again who was erased and has signed up anew."""
    from profiles.entrypoints.composition.erasing import readmitting

    (identity,) = _identities([person], None)
    with stoppable_request(console()) as stop, readmitting(settings, stop=stop) as job:
        done = job.readmit(identity, reason=Reason(reason))
    document = {
        "at": done.at.isoformat(timespec="seconds"),
        "id": done.id,
        "entry": done.entry,
        "erased_by": done.erased_by,
    }
    click.echo(json.dumps(document))
    console().print(
        "The next record of this person is stored. Records that the stores have read from the log"
        " already stay decided: let the source deliver the person again."
    )


def _identities(texts: Sequence[str], file: Path | None) -> Sequence[PersonId]:
    """Read ids; each is erased once, in the order given.

    Raises:
        UsageError: there is none, one has another form, or the file can't be read. No id is
            repeated.
    """
    places = [(f"ID {number}", text) for number, text in enumerate(texts, 1)]
    if file is not None:
        where = standard_input_or(file)
        try:
            lines = read_given(file).decode("utf-8-sig").splitlines()
        except UnicodeDecodeError:
            raise UsageError(f"{where} is no text in UTF-8; write an ID in each line.") from None
        places += [(f"{where}, line {n}", t) for n, t in enumerate(lines, 1) if t.strip()]
    if not places:
        raise UsageError("Whom? Give an ID, or a file with an ID in each line: --from FILE.")
    return list(dict.fromkeys(read_id(text, place) for place, text in places))
