"""Read the docstrings of `profiles` for the API reference.

They describe arguments and fields in paragraphs of lines such as `create: make it if it is
missing.`, without a heading that would say what the names are. Here such a paragraph becomes a
section of the docstring: attributes of a class, arguments of a function.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

_ENTRY = re.compile(r"(\w+(?:, \w+)*): (?=\S)")
_BETWEEN = re.compile(r"(?<=[.;]) (?=\w+: )")


class Sections(griffe.Extension):
    """Give the paragraphs that describe arguments and fields the heading of their section."""

    def on_class_members(self, *, cls: griffe.Class, **_: Any) -> None:  # noqa: ANN401 - griffe's own
        """Describe the fields of a class."""
        _head(cls, "Attributes:", set(cls.members))

    def on_function_instance(self, *, func: griffe.Function, **_: Any) -> None:  # noqa: ANN401 - griffe's own
        """Describe the arguments of a function."""
        _head(func, "Args:", {parameter.name for parameter in func.parameters})


def _head(described: griffe.Class | griffe.Function, heading: str, names: set[str]) -> None:
    if described.docstring is None:
        return
    paragraphs = described.docstring.value.split("\n\n")
    described.docstring.value = "\n\n".join(
        _section(paragraph, heading, names) for paragraph in paragraphs
    )


def _section(paragraph: str, heading: str, names: set[str]) -> str:
    """Return a paragraph as a section if its first line describes one of the names."""
    lines = paragraph.split("\n")
    first = _ENTRY.match(lines[0])
    if first is None or not names.intersection(first[1].split(", ")):
        return paragraph
    entries: list[str] = []
    for line in lines:
        for piece in _BETWEEN.split(line):
            entry = _ENTRY.match(piece)
            if entry and names.issuperset(entry[1].split(", ")):
                text = piece[entry.end() :]
                entries += [f"    {name}: {text}" for name in entry[1].split(", ")]
            elif entries:
                entries[-1] += f" {piece.strip()}"
    return "\n".join([heading, *entries])
