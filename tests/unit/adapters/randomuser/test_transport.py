from __future__ import annotations

import pytest

from profiles.adapters.randomuser.transport import may_follow


@pytest.mark.parametrize(
    ("scheme", "next_scheme", "followed"),
    [
        ("http", "http", True),
        ("http", "https", True),
        ("https", "https", True),
        ("https", "http", False),
        ("https", "file", False),
        ("http", "ftp", False),
    ],
)
def test_a_redirect_never_leads_into_clear_text(
    scheme: str, next_scheme: str, *, followed: bool
) -> None:
    assert may_follow(scheme, next_scheme) is followed
