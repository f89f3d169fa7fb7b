"""The privacy policy: what is in force, and what follows from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from profiles.application.dashboard.disclosure import DEFAULT_K
from profiles.application.policy.applying import PolicyApplication
from profiles.application.policy.describing import PolicyDescription, SettingLine, describe
from profiles.application.policy.minors import minors_warning
from profiles.domain.errors import ProfilesError
from profiles.domain.policy_settings import settings_of
from profiles.domain.profile import Profile
from profiles.entrypoints.addresses import read_stores
from profiles.entrypoints.cli import options
from profiles.entrypoints.cli.exits import FAILURE
from profiles.entrypoints.cli.group import cli
from profiles.entrypoints.cli.installation import installation
from profiles.entrypoints.cli.output import console
from profiles.entrypoints.cli.stopping import stoppable_request
from profiles.entrypoints.composition.installation import InstallationSettings
from profiles.entrypoints.composition.ledgers import LedgerSettings
from profiles.entrypoints.policy import PolicySource
from profiles.entrypoints.progress import count_progress

_WIDE: Final = 250


@cli.command("policy")
@options.policy
@options.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show_policy(*, policy: PolicySource, as_json: bool) -> None:
    """Print the privacy policy in force, and how it differs from the default."""
    in_force = policy.read()
    description = describe(
        settings_of(in_force),
        set_by_operator=policy.set_by_operator(),
        origin=None if policy.origin is None else str(policy.origin),
    )
    if as_json:
        document = {
            "fingerprint": description.fingerprint,
            "settings": [{**asdict(line), "differs": line.differs} for line in description.lines],
        }
        click.echo(json.dumps(document, ensure_ascii=False))
        return
    terminal = Console(highlight=False)
    if not terminal.is_terminal:
        terminal.width = _WIDE  # nothing is broken over lines in a file
    terminal.print(f"Policy {description.fingerprint[:12]}, {_origin(policy)}.")
    warning = minors_warning(in_force.minimum_age, in_force.minimum_age_in)
    if warning is not None:
        terminal.print(f"Note: {warning}", style="bold")
    terminal.print()
    terminal.print(_settings_table(description))
    terminal.print()
    terminal.print(_fields_table(description))
    terminal.print(
        f"\nA profile is deleted as a whole {in_force.retention.days} days after its record: the"
        " shortest of these times counts."
    )


@cli.command("records")
@options.some_store
@options.some_kafka
@options.topic
@options.data
@options.some_ledger
@options.ledger_topic
@options.ledger_keys
@options.option(
    "--k", type=options.WholeNumber(1), help="Of the page. Default: as for `dashboard`."
)
@options.policy
@options.option("--json", "as_json", is_flag=True, help="Print one JSON document, not Markdown.")
@click.pass_context
def show_records(
    context: click.Context,
    *,
    stores: Sequence[str],
    kafka: str | None,
    topic: str,
    data: Path | None,
    ledger: Path | None,
    ledger_topic: str,
    ledger_keys: Path | None,
    k: int | None,
    policy: PolicySource,
    as_json: bool,
) -> None:
    """Print the records of processing activities (GDPR Art. 30), as Markdown."""
    from profiles.application.policy.records import records_of
    from profiles.entrypoints.composition.records import RecordedSettings, processing_of
    from profiles.entrypoints.records import markdown_of

    defaults = (context.parent.default_map if context.parent else None) or {}
    settings = RecordedSettings(
        stores=read_stores(stores) if stores else None,
        kafka=kafka,
        topic=topic,
        data=data,
        ledger=LedgerSettings(topic=ledger_topic, file=ledger, keys=ledger_keys),
        k=k or defaults.get("dashboard", {}).get("k") or DEFAULT_K,
    )
    records = records_of(policy.read(), processing_of(settings))
    click.echo(
        json.dumps(asdict(records), ensure_ascii=False) if as_json else markdown_of(records),
        nl=as_json,
    )
    if records.missing:
        missing = " ".join(records.missing)
        console().print(Text(f"These records are not complete. {missing} Then print them again."))


@cli.command("apply-policy")
@installation()
@options.job_policy
@options.option(
    "--dry-run", is_flag=True, help="Change nothing; count what would be deleted and changed."
)
@click.pass_context
def apply_policy(
    context: click.Context,
    *,
    settings: InstallationSettings,
    dry_run: bool,
) -> None:
    """Bring what the stores hold under the privacy policy in force."""
    from profiles.entrypoints.composition.policy import applying

    shown = console()
    with (
        stoppable_request(shown) as stop,
        count_progress(shown, "profiles looked at") as looked_at,
        applying(settings, dry_run=dry_run, progress=lambda done: looked_at(done.held)) as job,
    ):
        done = job.run(dry_run=dry_run, stopped=stop.is_set)
    for sentence in [_summary(done), *done.irreversible]:
        console().print(sentence)
    click.echo(json.dumps(asdict(done), ensure_ascii=False))
    if not done.finished:
        raise ProfilesError(
            "Stopped before the end. What was changed stays changed; the same command completes it."
        )
    if done.exhausted:
        profiles = "Of 1 profile" if done.exhausted == 1 else f"Of {done.exhausted:,} profiles"
        console().print(
            f"{profiles} the versions are used up, by many changes. What is held"
            " stays as it is until a newer record of the person comes, or it expires."
        )
        context.exit(FAILURE)


def _summary(done: PolicyApplication) -> str:
    would = "would be " if done.dry_run else ""
    parts = [f"{done.held:,} profiles looked at"]
    for what, count, by in (
        ("deleted", sum(done.deleted.values()), done.deleted),
        ("changed", done.changed, done.fields),
    ):
        listed = ", ".join(f"{name} {number:,}" for name, number in sorted(by.items()))
        parts.append(f"{count:,} {would}{what}" + (f" ({listed})" if listed else ""))
    if done.restricted:
        parts.append(f"{done.restricted:,} left alone, because their processing is restricted")
    keys = ", ".join(f"{key} {number:,}" for key, number in sorted(done.email_keys.items()))
    return "; ".join(parts) + "." + (f" Pseudonyms by key: {keys}." if keys else "")


def _origin(policy: PolicySource) -> str:
    return "the default" if policy.origin is None else f"set in {policy.origin}"


def _settings_table(description: PolicyDescription) -> Table:
    """Show the settings that are not by field."""
    table = _table("setting", "value", "default", "set in")
    by_field = ("fields", "retention", "purpose", "legal_basis")
    for line in description.lines:
        if line.setting.partition(".")[0] not in by_field:
            default = _shown(line.default) if line.differs else ""
            _add(table, line.setting, _shown(line.value), default, line.origin, bold=line.differs)
    return table


def _fields_table(description: PolicyDescription) -> Table:
    """Show what is kept of a person, each field with the settings that are its own."""
    table = _table("field", "kept for", "legal basis", "purpose", "set in")
    for name in Profile._fields:
        kept = description.line(f"fields.{name}")
        lines = [
            line
            for setting in ("retention", "legal_basis", "purpose")
            if (line := description.line(f"{setting}.{name}")) is not None
        ]
        assert kept is not None  # noqa: S101 - every field has a line
        if kept.value != "kept":
            _add(table, name, "dropped", "", "", kept.origin, bold=True)
            continue
        differs = any(line.differs for line in lines)
        origin = next((line.origin for line in lines if line.origin), None)
        _add(table, name, *map(_with_default, lines), origin, bold=differs)
    return table


def _with_default(line: SettingLine) -> str:
    value = _shown(line.value)
    return f"{value} (default: {_shown(line.default)})" if line.differs else value


def _shown(value: object) -> str:
    if value is None or value == []:
        return "none"
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value).replace("_", " ")


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _add(table: Table, *cells: str | None, bold: bool) -> None:
    table.add_row(*(Text(cell or "") for cell in cells), style="bold" if bold else "")
