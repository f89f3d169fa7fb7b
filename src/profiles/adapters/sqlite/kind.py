"""What a SQLite file of ours is for: how it is marked, what is in it, and how it came to be so."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of file.

    name: in words.
    application_id: marks the file (SQLite, file format, offset 68).
    version: of the schema; a file of a later one is refused.
    schema: the statements that make the tables of a new file, parted by semicolons.
    steps: the statements that bring a file of the version that is the key to the next one; once
        published they never change. A kind that has steps has a table `migrations`.
    rewrite: does to a file of an earlier version, after the steps and in the same transaction, what
        takes more than statements.
    columns: of the table `users`, with their definitions. Those that a file lacks are added.
    opened_by: the commands that make such a file and bring it forward.
    """

    name: str
    application_id: int
    version: int
    schema: str
    steps: Mapping[int, str] = field(default_factory=dict)
    rewrite: Callable[[sqlite3.Connection], None] = field(default=lambda _connection: None)
    columns: Mapping[str, str] = field(default_factory=dict)
    opened_by: str = "`profiles run`"
