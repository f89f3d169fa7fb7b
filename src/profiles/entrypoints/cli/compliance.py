"""Oversight: what is held of a person, and the proof that all is as it should be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from profiles.application.rights.access import export_person
from profiles.domain.errors import UsageError
from profiles.domain.person import PersonId
from profiles.domain.reading import canonical_id
from profiles.entrypoints.addresses import SqliteAddress, read_stores
from profiles.entrypoints.cli import options
from profiles.entrypoints.cli.exits import FAILURE
from profiles.entrypoints.cli.group import cli
from profiles.entrypoints.cli.output import console
from profiles.entrypoints.composition.doctor import ExaminedSettings
from profiles.entrypoints.composition.doctor import doctor as joined_doctor
from profiles.entrypoints.composition.ledgers import LedgerSettings
from profiles.entrypoints.composition.stores import deciding_store, existing_log
from profiles.entrypoints.composition.verify import verifying
from profiles.entrypoints.policy import PolicySource
from profiles.entrypoints.rendering import table_of


@cli.command()
@options.store
@options.some_kafka
@options.topic
@options.envelope
@options.data
@options.some_ledger
@options.ledger_topic
@options.option("--k", type=click.IntRange(min=1), help="Of the page. Default: as for `dashboard`.")
@options.policy
@click.pass_context
def doctor(
    context: click.Context,
    *,
    stores: Sequence[str],
    kafka: str | None,
    topic: str,
    envelope: str | None,
    data: Path | None,
    ledger: Path | None,
    ledger_topic: str,
    k: int | None,
    policy: PolicySource,
) -> None:
    """Check every connection and every unsafe setting, and say how to fix each."""
    defaults = (context.parent.default_map if context.parent else None) or {}
    settings = ExaminedSettings(
        stores=read_stores(stores),
        kafka=kafka,
        topic=topic,
        ledger=LedgerSettings(topic=ledger_topic, file=ledger),
        data=data,
        envelope=envelope,
        policy=policy,
        k=k if k is not None else defaults.get("dashboard", {}).get("k"),
    )
    checks = joined_doctor(settings).examine()
    console().print(table_of(checks))
    click.echo(json.dumps({"checks": [asdict(check) for check in checks]}, ensure_ascii=False))
    if not all(check.ok for check in checks):
        context.exit(FAILURE)


@cli.command()
@options.store
@options.some_kafka
@options.data
@options.some_ledger
@options.ledger_topic
@options.policy
@options.option(
    "--repair", is_flag=True, help="Make the following store equal to the deciding store."
)
@click.pass_context
def verify(
    context: click.Context,
    *,
    stores: Sequence[str],
    kafka: str | None,
    data: Path | None,
    ledger: Path | None,
    ledger_topic: str,
    policy: PolicySource,
    repair: bool,
) -> None:
    """Check that the stores hold and count what they should, and nobody else."""
    settings = ExaminedSettings(
        stores=read_stores(stores),
        kafka=kafka,
        ledger=LedgerSettings(topic=ledger_topic, file=ledger),
        data=data,
        policy=policy,
    )
    with verifying(settings, repair=repair) as job:
        verification = job.run(repair=repair)
    console().print(table_of(verification.checks))
    click.echo(json.dumps(asdict(verification), ensure_ascii=False))
    if not all(check.ok for check in verification.checks):
        context.exit(FAILURE)


@cli.command()
@click.argument("person", metavar="ID")
@options.store
@options.data
@options.policy
def export(*, person: str, stores: Sequence[str], data: Path | None, policy: PolicySource) -> None:
    """Print all that is held of a person, as JSON (GDPR Art. 15 and 20)."""
    identity = _identity(person)
    deciding = read_stores(stores).deciding
    beside = deciding.path.parent if isinstance(deciding, SqliteAddress) else Path()
    with (
        deciding_store(deciding, create=False) as store,
        existing_log((data or beside) / "log.sqlite") as log,
    ):
        click.echo(
            json.dumps(
                export_person(identity, store, log, policy.read()), ensure_ascii=False, indent=2
            )
        )


def _identity(text: str) -> PersonId:
    identity = canonical_id(text.strip())
    if identity is None:
        raise UsageError(
            "ID is the login.uuid of a person: 36 characters, like"
            " 00000000-0000-4000-8000-000000000000. What was given has another form."
        )
    return identity
