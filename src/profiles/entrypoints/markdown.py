"""Markdown from plain values: whatever they hold, it is read as text, and a table stays one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

_MEANINGS: Final = str.maketrans(
    {
        **{sign: f"\\{sign}" for sign in "\\`*_[]|~"},
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "\n": " ",
    }
)


def text(value: str) -> str:
    """Write a value as text of one line that stands for itself, but at the beginning of a block."""
    return value.translate(_MEANINGS)


def names(values: Iterable[str]) -> str:
    """Write names of letters, digits, dots and underscores as code, with commas between them."""
    return ", ".join(f"`{value}`" for value in values)


def items(values: Iterable[str]) -> list[str]:
    """Write a list, an item a line."""
    return [f"- {value}" for value in values]


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Write a table, a row a line; the cells are Markdown already."""
    return [
        _row(headings),
        _row(["---"] * len(headings)),
        *(_row(row) for row in rows),
    ]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def document(*blocks: Sequence[str]) -> str:
    """Join blocks of lines, with an empty line between two; an empty block is left out."""
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"
