"""Oversight: the proof that all is as it should be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from profiles.entrypoints.addresses import read_stores
from profiles.entrypoints.cli import options
from profiles.entrypoints.cli.exits import FAILURE
from profiles.entrypoints.cli.group import cli
from profiles.entrypoints.cli.output import console
from profiles.entrypoints.composition.doctor import ExaminedSettings
from profiles.entrypoints.composition.doctor import doctor as joined_doctor
from profiles.entrypoints.composition.ledgers import LedgerSettings
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
