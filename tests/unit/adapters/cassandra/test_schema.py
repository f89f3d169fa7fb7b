from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from profiles.adapters.cassandra.columns import COLUMNS
from profiles.adapters.cassandra.migration import Schema
from profiles.adapters.cassandra.schema import keyspace_statement, table_statement
from profiles.adapters.cassandra.settings import CassandraSettings
from profiles.application.ports.probes import Migration
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
    assert "WITH comment = 'profiles, schema version 2'" in statement


OURS = "profiles, schema version 2"
FIRST = "profiles, schema version 1"
WITHOUT_TITLE = {name: kind for name, kind in COLUMNS.items() if name != "title"}
WITHOUT_AGE = {name: kind for name, kind in COLUMNS.items() if name != "age"}


def is_behind(comment: str | None, columns: Mapping[str, str], *, create: bool) -> bool:
    return Schema.of(comment, columns).is_behind("The table", create=create)


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize(
    ("comment", "columns", "sentence"),
    [
        (None, COLUMNS, "was not made by profiles"),
        ("", COLUMNS, "was not made by profiles"),
        ("1", COLUMNS, "was not made by profiles"),
        ("profiles, schema version x", COLUMNS, "was not made by profiles"),
        ("profiles, schema version 3", COLUMNS, "of schema version 3, .* knows none later than 2"),
        ("profiles, schema version 3; news", {}, "of schema version 3, .* knows none later than 2"),
        ("profiles, schema version 0", COLUMNS, "of schema version 0, .* can't be brought to"),
        (OURS, {**COLUMNS, "age": "text"}, "was changed after profiles made it, in: age."),
        (OURS, WITHOUT_AGE, "was changed after profiles made it, in: age."),
        (FIRST, {**COLUMNS, "shoe": "int"}, r"columns that this release does not know \(shoe\)"),
    ],
)
def test_a_table_that_this_release_can_not_know_is_refused(
    comment: str | None, columns: Mapping[str, str], sentence: str, *, create: bool
) -> None:
    with pytest.raises(UsageError, match=sentence):
        is_behind(comment, columns, create=create)


@pytest.mark.parametrize(
    ("comment", "columns", "sentence"),
    [
        (FIRST, COLUMNS, "The table is of schema version 1, and this release's is 2; nothing was"),
        (OURS, WITHOUT_TITLE, "The table lacks the columns title; nothing was changed. Stop what"),
    ],
)
def test_an_earlier_table_is_brought_forward_by_those_who_may(
    comment: str, columns: Mapping[str, str], sentence: str
) -> None:
    assert is_behind(comment, columns, create=True)
    with pytest.raises(UsageError, match=sentence) as raised:
        is_behind(comment, columns, create=False)
    assert "start `profiles process` or `profiles spark` once" in str(raised.value)


def test_our_own_table_is_taken() -> None:
    for comment in (OURS, f"{OURS}; from version 1 on 2026-11-26"):
        assert not is_behind(comment, dict(sorted(COLUMNS.items())), create=False)


def test_the_comment_notes_when_and_from_which_version() -> None:
    first = Schema.of(FIRST, COLUMNS).comment_on("2026-11-26")
    second = Schema.of(first, WITHOUT_TITLE).comment_on("2027-01-02")

    assert first == f"{OURS}; from version 1 on 2026-11-26"
    assert second == f"{first}; from version 2 on 2027-01-02 with title"
    assert Schema.of(f"{second}; a word of ours", COLUMNS).migrations == [
        Migration(1, date(2026, 11, 26)),
        Migration(2, date(2027, 1, 2), ("title",)),
    ]
