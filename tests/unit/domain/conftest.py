from __future__ import annotations

import pytest

from profiles.domain import age


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> None:
    """Let each test read its dates itself: no result comes from an earlier test.

    Without this a mutant would be given what the rule had answered before it was broken.
    """
    age._day.cache_clear()  # noqa: SLF001 - the cache is no part of what the rules promise
