"""Oversight: the proof that all is as it should be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click

from profiles.domain.errors import UsageError
from profiles.domain.ledger_entry import Reason
from profiles.entrypoints.cli import options
from profiles.entrypoints.cli.exits import FAILURE
from profiles.entrypoints.cli.group import cli
from profiles.entrypoints.cli.installation import installation
from profiles.entrypoints.cli.output import console
from profiles.entrypoints.composition.doctor import doctor as joined_doctor
from profiles.entrypoints.composition.installation import InstallationSettings
from profiles.entrypoints.composition.verify import verifying
from profiles.entrypoints.rendering import table_of

_LONGEST_RECEIPT: Final = 64 * 2**20
_REASONS_FOR_MORE_TIME: Final = (Reason.COMPLEXITY, Reason.NUMBER)
"""Those of GDPR Art. 12(3)."""


@cli.command()
@installation(options.topic, options.envelope)
@options.option(
    "--k", type=options.WholeNumber(1), help="Of the page. Default: as for `dashboard`."
)
@options.policy
@click.pass_context
def doctor(
    context: click.Context,
    *,
    settings: InstallationSettings,
    k: int | None,
) -> None:
    """Check every connection and every unsafe setting, and say how to fix each."""
    defaults = (context.parent.default_map if context.parent else None) or {}
    k = k if k is not None else defaults.get("dashboard", {}).get("k")
    checks = joined_doctor(settings, k=k).examine()
    console().print(table_of(checks))
    click.echo(json.dumps({"checks": [asdict(check) for check in checks]}, ensure_ascii=False))
    if not all(check.ok for check in checks):
        context.exit(FAILURE)


@cli.command()
@installation()
@options.policy
@options.option(
    "--repair",
    is_flag=True,
    help="Carry out the ledger in the deciding store, and make the following store equal to it.",
)
@click.pass_context
def verify(
    context: click.Context,
    *,
    settings: InstallationSettings,
    repair: bool,
) -> None:
    """Check that the stores hold and count what they should, and nobody else."""
    with verifying(settings, repair=repair) as job:
        verification = job.run(repair=repair)
    console().print(table_of(verification.checks))
    click.echo(json.dumps(asdict(verification), ensure_ascii=False))
    if not all(check.ok for check in verification.checks):
        context.exit(FAILURE)


@cli.command()
@installation()
@options.request_option(
    "--receipt",
    "receipts",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    help="A receipt to be verified; once for each.",
)
@options.request_option(
    "--extend",
    "number",
    type=options.WholeNumber(1),
    help="Give the request of this number two further months (GDPR Art. 12(3)); needs --reason.",
)
@options.request_option(
    "--reason",
    type=click.Choice([reason.value for reason in _REASONS_FOR_MORE_TIME]),
    help="Why it needs more time.",
)
@click.pass_context
def audit(
    context: click.Context,
    *,
    settings: InstallationSettings,
    receipts: Sequence[Path],
    number: int | None,
    reason: str | None,
) -> None:
    """Check that requests were answered in time, and that ledger, stores and receipts agree."""
    from profiles.entrypoints.composition.audit import auditing, extend_request

    if (number is None) != (reason is None):
        raise UsageError("--extend and --reason go together: which request, and why.")
    texts = {str(path): _receipt(path) for path in receipts}
    if number is not None:
        later = extend_request(settings, number, Reason(reason))
        console().print(
            f"Request {number} has time until {later}. Tell the person so, and why, before the"
            " first deadline."
        )
    with auditing(settings) as job:
        found = job.run(texts)
    console().print(table_of(found.checks))
    document: dict[str, Any] = asdict(found)
    document["ledger"] = None if found.head is None else found.head._asdict()
    del document["head"]
    click.echo(json.dumps(document, ensure_ascii=False, default=_iso))
    if not all(check.ok for check in found.checks):
        context.exit(FAILURE)


def _receipt(path: Path) -> bytes:
    """Read a receipt's file.

    Raises:
        UsageError: it can't be read, or is larger than any receipt.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST_RECEIPT + 1)
    except OSError as failure:
        raise UsageError(f"{path} can't be read ({failure.strerror}); name another file.") from None
    if len(text) > _LONGEST_RECEIPT:
        raise UsageError(f"{path} is larger than any receipt; name another file.")
    return text


def _iso(value: Any) -> str:  # noqa: ANN401 - what `json` does not know
    """Write dates and times."""
    written: str = value.isoformat()
    return written
