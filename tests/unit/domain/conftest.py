from __future__ import annotations

import pytest

from profiles.domain import age, email


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> None:
    """Let each test read its dates and domains itself: no result comes from an earlier test.

    Without this a mutant would be given what the rule had answered before it was broken.
    """
    age._day.cache_clear()  # noqa: SLF001 - the caches are no part of what the rules promise
    email._normal_domain.cache_clear()  # noqa: SLF001
