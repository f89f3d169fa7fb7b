from __future__ import annotations

import pytest

from profiles.domain.errors import UsageError
from profiles.entrypoints.composition.spark import fit_for_java


@pytest.mark.parametrize("password", ['a"b', "a\\b", "a\nb"])
def test_what_java_could_not_quote_is_refused_and_not_repeated(password: str) -> None:
    assert fit_for_java("Open, sesame! $1 {a}") == "Open, sesame! $1 {a}"

    with pytest.raises(UsageError, match="a quote, a backslash or a line break") as refused:
        fit_for_java(password)

    assert password not in str(refused.value)
