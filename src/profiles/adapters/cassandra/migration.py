"""Bringing a table that an earlier release has made forward to the present schema.

Columns are added first, and the table's comment, which tells the schema version, comes last. So
what was done in part is of the earlier version, and the next process does the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

from profiles.adapters.cassandra.columns import ADDABLE, COLUMNS
from profiles.application.ports.probes import Migration
from profiles.domain.errors import UsageError

SCHEMA_VERSION: Final = 2
"""2: the comment also tells of earlier versions."""

STEPS: Final[Mapping[int, Sequence[str]]] = {1: ()}
"""From each earlier schema version to the next one: what follows ALTER TABLE and the table's name.
Columns need no step: those that are missing are added."""

_MARK: Final = "profiles, schema version "
_COMMENT: Final = re.compile(rf"{_MARK}(\d{{1,9}})(?:; (.+))?", re.ASCII)
_NOTE: Final = re.compile(r"from version (\d+) on (\d{4}-\d\d-\d\d)(?: with (.+))?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """What a table's comment and its columns tell of its schema.

    The comment is made together with the table, in one statement: a version kept in a table
    beside it could be missing after a crash between the two.

    version: None where the table is not ours.
    notes: when it was brought forward, and from which version, oldest first.
    columns: with their types.
    """

    version: int | None
    notes: Sequence[str]
    columns: Mapping[str, str]

    @classmethod
    def of(cls, comment: str | None, columns: Mapping[str, str]) -> Self:
        """Read what the server tells of a table."""
        read = _COMMENT.fullmatch(comment or "")
        if read is None:
            return cls(version=None, notes=(), columns=columns)
        notes = read[2].split("; ") if read[2] else ()
        return cls(version=int(read[1]), notes=notes, columns=columns)

    @property
    def migrations(self) -> Sequence[Migration]:
        """Read the notes; one that somebody has written by hand is passed over."""
        read = filter(None, map(_NOTE.fullmatch, self.notes))
        return [
            Migration(int(note[1]), date.fromisoformat(note[2]), tuple((note[3] or "").split()))
            for note in read
        ]

    @property
    def lacking(self) -> Sequence[str]:
        """Name the columns that are missing."""
        return [name for name in COLUMNS if name not in self.columns]

    def is_behind(self, where: str, *, create: bool) -> bool:
        """Tell whether the table has to be brought forward.

        where: names the table at the beginning of a sentence. create: whether it may be.

        Raises:
            UsageError: it is not ours, or was changed; a later release has made it; or it has to
                be brought forward and may not be, or is none that can be.
        """
        another = "name another table or keyspace."
        if self.version is None:
            raise UsageError(f"{where} was not made by profiles; {another}")
        found = f"{where} is of schema version {self.version}, and this release"
        if self.version > SCHEMA_VERSION:
            raise UsageError(
                f"{found} knows none later than {SCHEMA_VERSION}; nothing was changed. Use the"
                f" release that made it, or a later one, or {another}"
            )
        if unknown := sorted(set(self.columns) - set(COLUMNS)):
            raise UsageError(
                f"{where} has columns that this release does not know ({', '.join(unknown)});"
                f" nothing was changed. Use the release that added them, or {another}"
            )
        wrong = {name for name, kind in self.columns.items() if kind != COLUMNS[name]}
        wrong |= set(self.lacking) - ADDABLE
        if wrong:
            raise UsageError(
                f"{where} was changed after profiles made it, in: {', '.join(sorted(wrong))}."
                f" Undo that, or {another}"
            )
        if self.version == SCHEMA_VERSION and not self.lacking:
            return False
        if not set(range(self.version, SCHEMA_VERSION)) <= STEPS.keys():
            raise UsageError(
                f"{found}'s is {SCHEMA_VERSION}, which it can't be brought to; nothing was changed."
                f" Use the release that made it, or {another}"
            )
        if not create:
            behind = (
                f"{found}'s is {SCHEMA_VERSION}"
                if self.version < SCHEMA_VERSION
                else f"{where} lacks the columns {', '.join(self.lacking)}"
            )
            raise UsageError(
                f"{behind}; nothing was changed. Stop what works on it and start"
                " `profiles process` or `profiles spark` once: that brings it forward."
            )
        return True

    def comment_on(self, day: str) -> str:
        """Write the comment of the table once it was brought forward.

        day: when that was, `YYYY-MM-DD`.
        """
        added = f" with {' '.join(self.lacking)}" if self.lacking else ""
        note = f"from version {self.version} on {day}{added}"
        return "; ".join([new_comment(), *self.notes, note])


def new_comment() -> str:
    """Write the comment of a new table."""
    return f"{_MARK}{SCHEMA_VERSION}"
