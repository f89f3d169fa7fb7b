"""The right to erasure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from threading import Event

import click

from profiles.domain.errors import UsageError
from profiles.domain.person import PersonId
from profiles.domain.reading import canonical_id
from profiles.entrypoints.addresses import read_stores
from profiles.entrypoints.cli import options
from profiles.entrypoints.cli.exits import FAILURE
from profiles.entrypoints.cli.group import cli
from profiles.entrypoints.cli.output import console
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.doctor import ExaminedSettings
from profiles.entrypoints.composition.ledgers import LedgerSettings
from profiles.entrypoints.interruption import stoppable


@cli.command()
@click.argument("persons", metavar="ID…", nargs=-1)
@options.store
@options.some_kafka
@options.topic
@options.data
@options.some_ledger
@options.ledger_topic
@options.option(
    "--from",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with an ID in each line.",
)
@options.option(
    "--limit",
    type=click.IntRange(1),
    help="The most persons that are meant. Default: 1 % of those held, and 10 at least.",
)
@options.option("--dry-run", is_flag=True, help="Change nothing; say what is held where.")
@click.pass_context
def erase(
    context: click.Context,
    *,
    persons: Sequence[str],
    stores: Sequence[str],
    kafka: str | None,
    topic: str,
    data: Path | None,
    ledger: Path | None,
    ledger_topic: str,
    file: Path | None,
    limit: int | None,
    dry_run: bool,
) -> None:
    """Erase persons from every place, and keep them out for good (GDPR Art. 17)."""
    from profiles.entrypoints.composition.erasing import erasing, remainders

    identities = _identities(persons, file)
    settings = ExaminedSettings(
        stores=read_stores(stores),
        kafka=kafka,
        topic=topic,
        ledger=LedgerSettings(topic=ledger_topic, file=ledger),
        data=data,
    )
    stop = Event()
    with stoppable(stop), erasing(settings, stop=stop) as job:
        job.check(identities, limit=limit)
        receipt = job.look(identities) if dry_run else job.erase(identities)
    at = now()
    document = {
        "at": at.isoformat(timespec="seconds"),
        "dry_run": dry_run,
        **asdict(receipt),
        "remaining": [
            {
                "what": each.what,
                "gone_by": None if each.by is None else each.by.isoformat(timespec="seconds"),
                "do": each.do,
            }
            for each in remainders(settings, at=at)
        ],
    }
    click.echo(json.dumps(document, ensure_ascii=False))
    if not dry_run and not receipt.complete:
        console().print(
            "Something is held still, of which `left` in the receipt says where. Run the same"
            " command again; if it stays, please report it."
        )
        context.exit(FAILURE)


def _identities(texts: Sequence[str], file: Path | None) -> Sequence[PersonId]:
    """Read ids; each is erased once, in the order given.

    Raises:
        UsageError: there is none, one has another form, or the file can't be read. No id is
            repeated.
    """
    places = [(f"ID {number}", text) for number, text in enumerate(texts, 1)]
    if file is not None:
        try:
            lines = file.read_text("utf-8").splitlines()
        except OSError as failure:
            raise UsageError(
                f"{file} can't be read ({failure.strerror}); name another file."
            ) from None
        except UnicodeDecodeError:
            raise UsageError(f"{file} is no text in UTF-8; write an ID in each line.") from None
        places += [(f"{file}, line {n}", t) for n, t in enumerate(lines, 1) if t.strip()]
    if not places:
        raise UsageError("Whom? Give an ID, or a file with an ID in each line: --from FILE.")
    found: dict[PersonId, None] = {}
    for place, text in places:
        identity = canonical_id(text.strip())
        if identity is None:
            raise UsageError(
                f"{place} is no ID of a person, which is a login.uuid of 36 characters. Nobody was"
                " erased."
            )
        found[identity] = None
    return list(found)
