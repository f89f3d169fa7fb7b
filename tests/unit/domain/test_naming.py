from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.domain.naming import full_name
from tests.strategies import clean_texts


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        ("Anna", "Lind", "Anna Lind"),
        ("Anna", None, "Anna"),
        (None, "Lind", "Lind"),
        (None, None, None),
    ],
)
def test_a_full_name_has_the_parts_that_are_there(
    first: str | None, last: str | None, name: str | None
) -> None:
    assert full_name(first, last) == name


@given(st.none() | clean_texts, st.none() | clean_texts)
def test_a_missing_part_leaves_neither_a_blank_nor_the_word_none(
    first: str | None, last: str | None
) -> None:
    assert (full_name(first, last) or "") == " ".join(part for part in (first, last) if part)
