from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from profiles.application.policy.minors import (
    ADULTS_ONLY,
    Admission,
    admission,
    minors_warning,
)
from profiles.application.ports.policies import PolicyEntry, PolicyEvent
from profiles.domain.policy_settings import fingerprint_of, read_policy, settings_of


def entry(event: PolicyEvent, **settings: Any) -> PolicyEntry:  # noqa: ANN401 - as an operator writes them
    whole = settings_of(read_policy(settings))
    return PolicyEntry(
        at=datetime(2026, 11, 26, tzinfo=UTC),
        event=event,
        fingerprint=fingerprint_of(whole),
        settings=whole,
    )


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


def test_a_store_that_remembers_no_policy_holds_adults_only() -> None:
    assert admission([]) == ADULTS_ONLY


def test_the_last_policy_says_who_is_admitted_and_the_earlier_ones_who_may_still_be_held() -> None:
    teenagers = entry(PolicyEvent.ADOPTED, minimum_age=13, minimum_age_in={"KR": 14})
    adults = entry(PolicyEvent.ADOPTED, minimum_age=21)
    applied = entry(PolicyEvent.APPLIED, minimum_age=21)

    assert admission([teenagers]) == Admission(
        minimum_age=13, by_country={"KR": 14}, youngest=13, left=13
    )
    assert admission([teenagers, adults]) == Admission(minimum_age=21, youngest=13, left=13)
    assert admission([teenagers, adults, applied]) == Admission(
        minimum_age=21, youngest=13, left=21
    )
