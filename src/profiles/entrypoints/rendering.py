"""What people read beside the JSON document."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.table import Table
from rich.text import Text

from profiles.application.assurance.checks import Check


def table_of(checks: Iterable[Check]) -> Table:
    """Show checks as a table; findings with what mends them."""
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    for heading in ("", "what", "found"):
        table.add_column(heading, overflow="fold")
    for check in checks:
        found = check.found if check.remedy is None else f"{check.found}\n→ {check.remedy}"
        style = "" if check.ok else "bold"
        table.add_row(Text("ok" if check.ok else "!"), Text(check.what), Text(found), style=style)
    return table
