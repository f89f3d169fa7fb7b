"""The table of fields in the documentation is the specification's, and so are the stores' types."""

from __future__ import annotations

from pathlib import Path

from profiles.adapters.cassandra import columns as cassandra
from profiles.adapters.mongo import documents as mongo
from profiles.adapters.sqlite import schema as sqlite
from profiles.domain.columns import COLUMNS, Column, ColumnKind
from profiles.domain.policy import DEFAULT_PROFILE_RULES

PAGE = Path(__file__).parents[2] / "docs" / "fields.md"

HEAD = [
    "| field | null | SQLite | Cassandra | MongoDB | kept to |",
    "| --- | --- | --- | --- | --- | --- |",
]


def line(column: Column) -> str:
    rule = DEFAULT_PROFILE_RULES.get(column.name)
    return "| {} | {} | {} | {} | {} | {} |".format(
        f"`{column.name}`",
        "yes" if column.nullable else "no",
        sqlite.TYPES[column.kind],
        cassandra.TYPES[column.kind],
        ("`_id`, " if column.kind is ColumnKind.ID else "") + mongo.BSON_TYPES[column.kind],
        "tell which record is the newest" if rule is None else rule.purpose,
    )


def test_the_documentation_has_the_table_of_the_specification() -> None:
    """If it fails: put what is expected here in the place of the page's table."""
    table = [text for text in PAGE.read_text("utf-8").splitlines() if text.startswith("|")]

    assert table == [*HEAD, *map(line, COLUMNS)]


def test_every_store_has_a_type_for_every_kind() -> None:
    for types in (sqlite.TYPES, cassandra.TYPES, mongo.BSON_TYPES):
        assert types.keys() == set(ColumnKind)
