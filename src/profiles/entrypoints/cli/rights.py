"""The rights of the persons: whose profile a request is about, and what is held of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final

import click

from profiles.domain.errors import UsageError
from profiles.entrypoints.addresses import read_stores
from profiles.entrypoints.cli import options
from profiles.entrypoints.cli.group import cli
from profiles.entrypoints.cli.installation import installation
from profiles.entrypoints.cli.output import console
from profiles.entrypoints.cli.person_ids import read_id
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.installation import InstallationSettings
from profiles.entrypoints.composition.stores import deciding_store
from profiles.entrypoints.policy import PolicySource
from profiles.entrypoints.progress import count_progress

_STANDARD_INPUT: Final = "-"
_LONGEST_LINE: Final = 10_000


@cli.command(context_settings={"allow_extra_args": True})
@options.store
@options.policy
@options.request_option(
    "--email",
    metavar="ADDRESS",
    help="E-mail address; - reads it from standard input, so that no process list shows it.",
)
@options.request_option("--username", metavar="NAME", help="User name, or -.")
@options.request_option(
    "--name", metavar="NAME", help="Full name, or -; together with --birth-month."
)
@options.request_option("--birth-month", metavar="YYYY-MM", help="Month of birth, or -.")
@options.option(
    "--limit",
    type=options.WholeNumber(1),
    default=100,
    show_default=True,
    help="How many of those who match are named; the others are counted.",
)
@click.pass_context
def find(
    context: click.Context,
    *,
    stores: Sequence[str],
    policy: PolicySource,
    email: str | None,
    username: str | None,
    name: str | None,
    birth_month: str | None,
    limit: int,
) -> None:
    """Print the ids of those whom a request may be about, and which fields match.

    All that is given must match. Whatever is given as - is read from standard input, a line each,
    in the order of the options here.
    """
    from profiles.application.rights.finding import find_persons, missing_keys, not_kept
    from profiles.domain.matching import search_for

    if context.args:  # not repeated, as click would: it may be an address
        raise UsageError("find takes no argument; say --email, --username, or --name.")
    given = sys.stdin.buffer
    keys = policy.read_keys()
    search = search_for(
        email=_value(email, given),
        username=_value(username, given),
        name=_value(name, given),
        birth_month=_value(birth_month, given),
        keys=keys,
    )
    in_force = policy.read()
    with deciding_store(read_stores(stores).deciding, create=False) as store:
        missing = [] if email is None else missing_keys(store, in_force, [key.id for key in keys])
        with count_progress(console(), "profiles looked at") as looked_at:
            findings = find_persons(store, search, limit=limit, progress=looked_at)
    if missing:
        console().print(
            f"Pseudonyms under {', '.join(missing)} were not compared, because the key is not at"
            " hand: name its file in email_keys of the policy, or find the person by another field."
        )
    dropped = not_kept(search, in_force)
    if dropped:
        console().print(
            f"The policy in force does not keep {', '.join(dropped)}, so only profiles from before"
            " it can match: find the person by another field."
        )
    found = [
        {"id": match.id, "fields": match.fields, "weaker": match.weaker} for match in findings.found
    ]
    document = {
        "found": found,
        "more": findings.more,
        "looked_at": findings.looked_at,
        "missing_keys": missing,
        "not_kept": dropped,
    }
    click.echo(json.dumps(document))


def _value(given: str | None, lines: BinaryIO) -> str | None:
    """Return the value of an option; - takes the next line of standard input."""
    if given != _STANDARD_INPUT:
        return given
    try:
        return lines.readline(_LONGEST_LINE).decode()
    except UnicodeDecodeError:
        raise UsageError("What standard input gives is no UTF-8; write it anew.") from None


def _print_schema(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's own
    if wanted:
        from profiles.application.rights.export_schema import export_schema

        click.echo(json.dumps(export_schema(), ensure_ascii=False, indent=2))
        context.exit()


@cli.command()
@click.argument("person", metavar="ID")
@installation(options.topic)
@options.policy
@options.option(
    "--format",
    "form",
    type=click.Choice(["json", "html"]),
    default="json",
    show_default=True,
    help="JSON for machines, or a page for the person.",
)
@click.option(
    "--schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_schema,
    help="Print the JSON Schema of the document, and nothing else.",
)
def export(
    *,
    person: str,
    settings: InstallationSettings,
    form: str,
) -> None:
    """Print all that is held of a person, and why (GDPR Art. 15 and 20).

    In the stores, in the embedded engine's log, in the erasure ledger, and with --kafka in the
    topic.
    """
    from profiles.entrypoints.composition.export import exporter
    from profiles.entrypoints.export_page import export_page

    identity = read_id(person)
    with (
        count_progress(console(), "records looked at") as looked_at,
        exporter(settings, progress=looked_at) as job,
    ):
        document = job.export(identity, now=now())
    for sentence in _remarks(document):
        console().print(sentence)
    if form == "html":
        click.echo(export_page(document))
    else:
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def _remarks(document: Mapping[str, Any]) -> Iterator[str]:
    """Say what the operator has to know at once; nothing of the person."""
    from profiles.application.rights.access import has_the_id_alone

    if not document["held"]:
        yield "Nothing is held of this id."
    if has_the_id_alone(document):
        yield (
            "The id, and nothing else of the person, is in records that were emptied or delete"
            " somebody; the log deletes them with their time, while a job runs."
        )
    if document["ledger"] is None:
        yield "The erasure ledger was not looked into: name it with --kafka, --ledger or --data."
    elif document["ledger"]:
        number = len(document["ledger"])
        entries = "1 entry" if number == 1 else f"{number:,} entries"
        yield f"The erasure ledger has {entries} about this id."
    following = document["stores"]["following"]
    if following is not None and not following["agrees"]:
        yield (
            "The stores do not hold the same of this person. A running job may be writing: run the"
            " same command again, then `profiles verify`."
        )
