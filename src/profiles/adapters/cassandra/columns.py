"""The columns of the table, with Cassandra's types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from profiles.domain import columns
from profiles.domain.columns import ColumnKind

TYPES: Final[Mapping[ColumnKind, str]] = {
    ColumnKind.ID: "uuid",
    ColumnKind.TEXT: "text",
    ColumnKind.NUMBER: "int",
    ColumnKind.DAY: "date",
    ColumnKind.MIDNIGHT: "timestamp",
    ColumnKind.VERSION: "bigint",
}
"""How each kind of column is kept."""

COLUMNS: Final[Mapping[str, str]] = {column.name: TYPES[column.kind] for column in columns.COLUMNS}
"""The columns with their types, in the order used everywhere."""

ADDABLE: Final = frozenset(column.name for column in columns.COLUMNS if column.nullable)
"""The columns that a table of an earlier release may lack."""
