from __future__ import annotations

from profiles.application.policy.minors import minors_warning


def test_a_policy_that_admits_adults_only_needs_no_warning() -> None:
    assert minors_warning(18, {}) is None
    assert minors_warning(18, {"KR": 19}) is None


def test_a_policy_that_admits_minors_says_from_which_age_and_where_from_a_higher_one() -> None:
    everywhere = minors_warning(17, {})
    by_country = minors_warning(13, {"South Korea": 14, "KR": 14})

    assert everywhere is not None
    assert everywhere.startswith("the policy admits minors from 17 years on; ")
    assert by_country is not None
    assert "from 13 years on (KR 14, South Korea 14); " in by_country
