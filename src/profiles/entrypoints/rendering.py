"""What people read beside the JSON document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

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


def table_of_rejections(listed: Iterable[Mapping[str, Any]]) -> Table:
    """Show rejected records as a table, as `list_rejections` tells of them."""
    table = Table(box=box.SIMPLE, show_edge=False, pad_edge=False)
    for heading in ("reason", "path", "expected", "where", "logged"):
        table.add_column(heading, overflow="fold")
    for each in listed:
        where = each["place"] or f"partition {each['partition']}, offset {each['offset']:,}"
        if each["only_counted"]:
            where = f"{where} (and {each['only_counted']:,} more of this message)"
        told = (each["reason"], each["path"], each["expected"], where, each["logged_at"][:19])
        table.add_row(*map(Text, told))
    return table
