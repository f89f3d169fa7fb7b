"""The columns of a profile are its fields and the version, each with its kind and null."""

from __future__ import annotations

from datetime import date
from types import NoneType
from typing import get_args, get_type_hints

from profiles.domain.columns import COLUMNS, FIELDS, NAMES, Column, ColumnKind
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile

HELD_AS = {
    ColumnKind.ID: PersonId,
    ColumnKind.TEXT: str,
    ColumnKind.NUMBER: int,
    ColumnKind.DAY: date,
    ColumnKind.MIDNIGHT: date,
}


def test_the_columns_are_the_fields_of_a_profile_in_their_order_and_then_the_version() -> None:
    assert (*Profile._fields, "version") == NAMES
    assert (*FIELDS, Column("version", ColumnKind.VERSION)) == COLUMNS


def test_each_column_has_the_kind_and_the_null_of_its_field() -> None:
    hints = get_type_hints(Profile)

    for column in FIELDS:
        allowed = set(get_args(hints[column.name])) or {hints[column.name]}
        assert allowed - {NoneType} == {HELD_AS[column.kind]}, column.name
        assert (NoneType in allowed) == column.nullable, column.name


def test_null_is_allowed_but_in_what_every_profile_needs() -> None:
    assert [column.name for column in COLUMNS if not column.nullable] == [
        "id",
        "age",
        "birth_month",
        "as_of",
        "expires_at",
        "version",
    ]


def test_a_profile_has_one_key_one_moment_of_expiry_and_one_version() -> None:
    kinds = [column.kind for column in COLUMNS]

    assert kinds[0] is ColumnKind.ID
    for kind in (ColumnKind.ID, ColumnKind.MIDNIGHT, ColumnKind.VERSION):
        assert kinds.count(kind) == 1
