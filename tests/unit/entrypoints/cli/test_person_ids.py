"""IDs of persons as arguments."""

from __future__ import annotations

import pytest

from profiles.domain.errors import UsageError
from profiles.entrypoints.cli.person_ids import read_id

ID = "3f1c1d52-58ff-4f2b-9c5e-6d1f2a7b8c9d"


def test_an_id_is_read_in_any_case_and_with_blanks_around_it() -> None:
    assert read_id(f" {ID.upper()}\n") == ID


@pytest.mark.parametrize("text", ["", "somebody@example.com", ID[:-1], f"{ID}0"])
def test_another_form_is_refused_with_its_place_and_not_repeated(text: str) -> None:
    with pytest.raises(UsageError, match=r"^ID 2 is no ID of a person") as refused:
        read_id(text, "ID 2")

    assert not text or text not in str(refused.value)
