"""What an expression of PromQL asks for: names of metrics, with the labels that it speaks of.

Reads as much of the language as our files use, and refuses anything else: a word that is neither
a known function nor a metric is an error, and so is a bracket without its other half.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

FUNCTIONS: Final = frozenset(
    "rate increase histogram_quantile min_over_time max_over_time time absent".split()
)
AGGREGATIONS: Final = frozenset("sum min max avg count".split())
_OPERATORS: Final = frozenset("and or unless".split())
_GROUPING: Final = frozenset("by without on ignoring".split())
_TOKEN: Final = re.compile(
    r"(?P<space>\s+)|(?P<text>\"[^\"]*\")"
    r"|(?P<range>\[(?:\d+[smhd]|\$__rate_interval)\])"
    r"|(?P<number>\d+(?:\.\d+)?)|(?P<word>[a-zA-Z_:][\w:]*)"
    r"|(?P<sign>==|!=|>=|<=|=~|!~|[-+*/><=(){},])"
)
_CLOSES: Final = {")": "(", "}": "{"}


class PromqlError(ValueError):
    """An expression can't be read."""


@dataclass
class Asked:
    """What an expression asks for.

    metrics: names, each with the labels that it is selected by. grouped_by: labels of groupings.
    texts: what labels are compared with, by label.
    """

    metrics: dict[str, set[str]] = field(default_factory=dict)
    grouped_by: set[str] = field(default_factory=set)
    texts: dict[str, set[str]] = field(default_factory=dict)


def asked_by(expression: str) -> Asked:
    """Read an expression.

    Raises:
        PromqlError: it is none that is known here.
    """
    reader = _Reader()
    for (kind, text), (_, following) in pairwise([*_tokens(expression), ("end", "")]):
        reader.take(kind, text, following)
    if reader.brackets:
        raise PromqlError(f"{reader.brackets[-1]!r} is not closed in {expression!r}")
    if not reader.asked.metrics:
        raise PromqlError(f"{expression!r} asks for no metric")
    return reader.asked


class _Reader:
    """Takes the tokens of an expression one by one."""

    def __init__(self) -> None:
        self.asked = Asked()
        self.brackets: list[str] = []
        self._metric = self._label = ""
        self._grouping = False

    def take(self, kind: str, text: str, following: str) -> None:
        if text in _CLOSES.values():
            self.brackets.append(text)
        elif text in _CLOSES:
            self._close(text)
        elif kind == "text":
            self.asked.texts.setdefault(self._label, set()).add(text.strip('"'))
        elif kind == "word":
            self._word(text, following)

    def _close(self, text: str) -> None:
        if not self.brackets or self.brackets.pop() != _CLOSES[text]:
            raise PromqlError(f"{text!r} closes nothing")
        self._grouping = False

    def _word(self, text: str, following: str) -> None:
        if self._grouping:
            self.asked.grouped_by.add(text)
        elif self.brackets[-1:] == ["{"]:
            self._label = text
            self.asked.metrics[self._metric].add(text)
        elif text in _GROUPING:
            self._grouping = True
        elif following == "(" and text not in FUNCTIONS | AGGREGATIONS | _OPERATORS:
            raise PromqlError(f"{text!r} is no function that is known here")
        elif text not in FUNCTIONS | AGGREGATIONS | _OPERATORS:
            self._metric = text
            self.asked.metrics.setdefault(text, set())


def _tokens(expression: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None:
            raise PromqlError(f"{expression[at:]!r} can't be read")
        at = match.end()
        kind = str(match.lastgroup)
        if kind != "space":
            yield kind, match[0]
