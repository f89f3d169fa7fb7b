from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from profiles.adapters.cassandra.schema import (
    COLUMNS,
    check,
    keyspace_statement,
    table_statement,
)
from profiles.adapters.cassandra.settings import CassandraSettings
from profiles.domain.errors import UsageError
from profiles.domain.profile import Profile

SETTINGS = CassandraSettings(hosts=("one", "two"))


def test_the_columns_are_those_of_a_profile_and_the_version() -> None:
    assert list(COLUMNS) == [*Profile._fields, "version"]


@pytest.mark.parametrize(
    ("replication", "copies"),
    [
        (3, "'class': 'SimpleStrategy', 'replication_factor': 3"),
        (
            {"north": 3, "south-1": 2},
            "'class': 'NetworkTopologyStrategy', 'north': 3, 'south-1': 2",
        ),
    ],
)
def test_a_keyspace_is_made_with_as_many_copies_as_one_says(
    replication: int | Mapping[str, int], copies: str
) -> None:
    settings = CassandraSettings(hosts=("one",), replication=replication)

    assert keyspace_statement(settings) == (
        f'CREATE KEYSPACE IF NOT EXISTS "user_keyspace" WITH replication = {{{copies}}}'
    )


def test_the_table_carries_its_schema_version() -> None:
    statement = table_statement(SETTINGS)

    assert statement.startswith('CREATE TABLE IF NOT EXISTS "user_keyspace"."users" ("id" uuid, ')
    assert "WITH comment = 'profiles, schema version 1'" in statement


OURS = "profiles, schema version 1"


def refusal_of(comment: str | None, columns: Mapping[str, str]) -> str | None:
    try:
        check(SETTINGS, comment, columns)
    except UsageError as refusal:
        return str(refusal)
    return None


@pytest.mark.parametrize(
    ("comment", "columns", "sentence"),
    [
        (None, COLUMNS, "was not made by profiles"),
        ("", COLUMNS, "was not made by profiles"),
        ("1", COLUMNS, "was not made by profiles"),
        ("profiles, schema version x", COLUMNS, "was not made by profiles"),
        ("profiles, schema version 2", COLUMNS, "is of schema version 2, and this release reads"),
        (OURS, {**COLUMNS, "age": "text", "shoe": "int"}, "was changed after .* in: age, shoe."),
        (OURS, {}, "was changed after"),
    ],
)
def test_a_table_of_another_kind_is_refused(
    comment: str | None, columns: Mapping[str, str], sentence: str
) -> None:
    refusal = refusal_of(comment, columns)

    assert refusal is not None
    assert re.search(sentence, refusal)


def test_our_own_table_is_accepted_whatever_the_order_of_its_columns() -> None:
    assert refusal_of(OURS, dict(sorted(COLUMNS.items()))) is None
