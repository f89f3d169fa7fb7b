"""How a reader's browser writes numbers and times: told by the browser, and not trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

_SIGNS: Final = frozenset(
    ".,'% \N{RIGHT SINGLE QUOTATION MARK}\N{MIDDLE DOT}\N{NO-BREAK SPACE}\N{THIN SPACE}"
    "\N{NARROW NO-BREAK SPACE}\N{ARABIC DECIMAL SEPARATOR}\N{ARABIC THOUSANDS SEPARATOR}"
    "\N{ARABIC PERCENT SIGN}\N{LEFT-TO-RIGHT MARK}\N{RIGHT-TO-LEFT MARK}"
)
_LONGEST: Final = 4
_FURTHEST_MINUTES: Final = 15 * 60
_SMALLEST_SHARE: Final = 0.1
_GROUPS: Final = frozenset({2, 3})


@dataclass(frozen=True, slots=True, kw_only=True)
class Numerals:
    """The marks of a locale, and the reader's distance from UTC.

    group, decimal: between thousands and before decimals.
    first, further: digits in the last group and in those before it: 3 and 2 in India.
    ungrouped: how many digits more than one group a number has at least, to be grouped at all.
    before_percent, after_percent: around a share.
    offset: of the reader's clock from UTC.
    """

    group: str = ","
    decimal: str = "."
    first: int = 3
    further: int = 3
    ungrouped: int = 1
    before_percent: str = ""
    after_percent: str = "%"
    offset: timedelta = timedelta()

    @classmethod
    def of(cls, said: object) -> Numerals:
        """Read what a browser said; what is no such thing counts as not said."""
        if not isinstance(said, Mapping):
            return cls()
        minutes = said.get("offset")
        if not isinstance(minutes, int) or abs(minutes) > _FURTHEST_MINUTES:
            minutes = 0
        return cls(
            **{
                name: said[name]
                for name in ("group", "decimal", "before_percent", "after_percent")
                if _is_mark(said.get(name))
            },
            **{name: said[name] for name in ("first", "further") if said.get(name) in _GROUPS},
            ungrouped=2 if said.get("ungrouped") == 2 else 1,  # noqa: PLR2004 - as in Spain
            offset=timedelta(minutes=minutes),
        )

    def count(self, count: int) -> str:
        """Write a whole number: `12,345`."""
        digits = str(count)
        if len(digits) < self.first + self.ungrouped:
            return digits
        groups = [digits[-self.first :]]
        rest = digits[: -self.first]
        while rest:
            groups.append(rest[-self.further :])
            rest = rest[: -self.further]
        return self.group.join(reversed(groups))

    def percent(self, part: int, whole: int) -> str:
        """Write a share of the whole with one decimal; too little for that is not shown as 0."""
        share = 100 * part / whole if whole else 0.0
        if 0 < share < _SMALLEST_SHARE:
            return f"< {self._percent(_SMALLEST_SHARE)}"
        return self._percent(share)

    def _percent(self, share: float) -> str:
        number = f"{share:.1f}".replace(".", self.decimal)
        return f"{self.before_percent}{number}{self.after_percent}"

    def local(self, moment: datetime) -> datetime:
        """Give a moment on the reader's clock."""
        return moment.astimezone(timezone(self.offset))


def _is_mark(said: object) -> bool:
    """Tell whether something is no more than a mark: what is written goes into the page."""
    return isinstance(said, str) and len(said) <= _LONGEST and set(said) <= _SIGNS
