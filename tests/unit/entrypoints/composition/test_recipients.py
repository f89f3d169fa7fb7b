"""Whom `--notify` means."""

from __future__ import annotations

import pytest

from profiles.domain.errors import UsageError
from profiles.domain.policy import DEFAULT_POLICY, Accountability, PrivacyPolicy
from profiles.entrypoints.composition.recipients import recipients

POLICY = PrivacyPolicy(accountability=Accountability(recipients=("shop", "shop=b", "News, Ltd")))


def test_a_recipient_is_one_that_the_policy_lists() -> None:
    found = recipients(
        ["News, Ltd=https://news.example/", "shop=https://a.example/", "shop=b=https://b.example/"],
        POLICY,
    )

    assert [each.name for each in found] == ["News, Ltd", "shop", "shop=b"]
    assert recipients([], DEFAULT_POLICY) == ()


@pytest.mark.parametrize("text", ["https://shop.example/", "stranger=https://x.example/", "shop"])
def test_any_other_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--notify 2 names no recipient.*News, Ltd") as refused:
        recipients(["shop=https://a.example/", text], POLICY)

    assert "https" not in str(refused.value)
    with pytest.raises(UsageError, match="which has none"):
        recipients([text], DEFAULT_POLICY)


def test_one_that_is_named_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="names shop twice"):
        recipients(["shop=https://a.example/", "shop=https://b.example/"], POLICY)
