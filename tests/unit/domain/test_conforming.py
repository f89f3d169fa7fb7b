from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.domain.assessing import decide
from profiles.domain.conforming import (
    certain_age,
    conform,
    conform_corrections,
    key_of_pseudonym,
)
from profiles.domain.corrections import CorrectedValue, Corrections
from profiles.domain.decision_dates import DecisionDates
from profiles.domain.outcome import Withheld, WithheldReason
from profiles.domain.person import PersonId
from profiles.domain.policy import (
    DEFAULT_POLICY,
    DEFAULT_PROFILE_RULES,
    EmailTreatment,
    FieldRule,
    LegalBasis,
    PrivacyPolicy,
)
from profiles.domain.profile import Profile
from profiles.domain.pseudonym import PseudonymKey, pseudonym
from tests.strategies import TODAY, Json, api_records, policies, today

MINOR = Withheld(WithheldReason.MINOR)
EXPIRED = Withheld(WithheldReason.RETENTION)
KEY = PseudonymKey(id="k1", secret=b"x" * 32)
OTHER_KEY = PseudonymKey(id="k2", secret=b"y" * 32)
PSEUDONYMISE = PrivacyPolicy(email=EmailTreatment.PSEUDONYMISE, pseudonym_key=KEY)

PROFILE = Profile(
    id=PersonId("0b54cf1e-89a6-4c3b-8f0a-1f7dd4c9f7a1"),
    username="goldenfox",
    gender="female",
    title="Ms",
    full_name="Åse Lund",
    full_address="Storgata 12, 0150 Oslo, Viken, Norway",
    city="Oslo",
    country="Norway",
    nationality="NO",
    email="Ase.Lund@Example.com",
    email_domain="example.com",
    age=20,
    birth_month="2006-03",
    registered_on=date(2020, 5, 4),
    as_of=date(2026, 10, 1),
    expires_at=date(2027, 10, 1),
)


def held(**fields: object) -> Profile:
    values: dict[str, Any] = dict(fields)
    return PROFILE._replace(**values)


def kept_for(days: int) -> PrivacyPolicy:
    rule = FieldRule(purpose="x", legal_basis=LegalBasis.CONSENT, retention=timedelta(days=days))
    return PrivacyPolicy(profile_rules=DEFAULT_PROFILE_RULES | {"city": rule})


def test_what_fits_stays_as_it_is() -> None:
    assert conform(PROFILE, DEFAULT_POLICY, today=TODAY) == PROFILE


# Age ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "birth_month", "as_of", "day", "years"),
    [
        (20, "2006-03", "2026-10-01", "2026-10-01", 20),
        (20, "2006-03", "2026-10-01", "2027-02-28", 20),
        (20, "2006-03", "2026-10-01", "2027-03-31", 20),  # the birthday may be today
        (20, "2006-03", "2026-10-01", "2027-04-01", 21),
        (20, "2006-12", "2026-12-31", "2027-01-01", 20),
        (20, "2006-10", "2026-10-20", "2026-10-20", 20),  # counted by the day of birth
        (19, "2006-10", "2026-10-20", "2026-10-31", 19),
        (19, "2006-10", "2026-10-20", "2026-11-01", 20),
        (30, "2006-10", "2026-10-20", "2026-10-20", 20),  # more than the month of birth allows
        (20, "2006-10", "2026-10-02", "2026-10-01", 20),  # tomorrow has begun somewhere
        (20, "2006-03", "2026-10-03", "2026-10-01", 20),
        (20, "2006-10", "2026-10-03", "2026-10-01", 19),  # that day has not come anywhere
    ],
)
def test_the_certain_age_is_never_too_high(
    age: int, birth_month: str, as_of: str, day: str, years: int
) -> None:
    profile = held(age=age, birth_month=birth_month, as_of=date.fromisoformat(as_of))

    assert certain_age(profile, date.fromisoformat(day)) == years


def test_who_is_too_young_now_goes() -> None:
    assert conform(PROFILE, PrivacyPolicy(minimum_age=21), today=TODAY) == MINOR
    assert conform(PROFILE, PrivacyPolicy(minimum_age=20), today=TODAY) == PROFILE
    assert conform(PROFILE, PrivacyPolicy(minimum_age=21), today=date(2027, 4, 1)) == PROFILE


def test_who_is_too_young_in_the_own_country_goes() -> None:
    policy = PrivacyPolicy(minimum_age_in={"KR": 21, "Atlantis": 22})

    assert conform(PROFILE, policy, today=TODAY) == PROFILE
    assert conform(held(nationality="KR"), policy, today=TODAY) == MINOR
    assert conform(held(country="Atlantis"), policy, today=TODAY) == MINOR
    assert conform(held(nationality=None, country=None), policy, today=TODAY) == MINOR


# Fields ------------------------------------------------------------------------------------------


def test_fields_that_are_no_longer_kept_are_emptied() -> None:
    rules = {n: r for n, r in DEFAULT_PROFILE_RULES.items() if n not in {"email", "city"}}

    kept = conform(PROFILE, PrivacyPolicy(profile_rules=rules), today=TODAY)

    assert kept == held(email=None, city=None)


def test_a_dropped_address_goes_and_its_domain_stays() -> None:
    kept = conform(PROFILE, PrivacyPolicy(email=EmailTreatment.DROP), today=TODAY)

    assert kept == held(email=None)


def test_an_address_is_pseudonymised_once() -> None:
    kept = conform(PROFILE, PSEUDONYMISE, today=TODAY)

    assert kept == held(email=pseudonym("Ase.Lund@Example.com", KEY))
    assert isinstance(kept, Profile)
    assert conform(kept, PSEUDONYMISE, today=TODAY, key_ids={"k1"}) == kept


def test_a_pseudonym_under_an_earlier_key_stays() -> None:
    profile = held(email=pseudonym("Ase.Lund@Example.com", OTHER_KEY))

    assert conform(profile, PSEUDONYMISE, today=TODAY, key_ids={"k1", "k2"}) == profile


def test_what_looks_like_a_pseudonym_by_a_key_that_never_was_is_an_address() -> None:
    imitation = pseudonym("Ase.Lund@Example.com", OTHER_KEY)

    kept = conform(held(email=imitation), PSEUDONYMISE, today=TODAY, key_ids={"k1"})

    assert kept == held(email=pseudonym(imitation, KEY))


def test_no_address_has_no_pseudonym() -> None:
    assert conform(held(email=None), PSEUDONYMISE, today=TODAY) == held(email=None)


def test_pseudonyms_stay_where_addresses_are_kept_again() -> None:
    profile = held(email=pseudonym("Ase.Lund@Example.com", KEY))

    assert conform(profile, DEFAULT_POLICY, today=TODAY, key_ids={"k1"}) == profile


@pytest.mark.parametrize(
    ("email", "key"),
    [
        ("k1:" + "0a" * 32, "k1"),
        ("A-b_9:" + "f" * 64, "A-b_9"),
        ("k1:" + "0A" * 32, None),
        ("k1:" + "0a" * 31, None),
        ("k1:" + "0a" * 33, None),
        (":" + "0a" * 32, None),
        ("k" * 33 + ":" + "0a" * 32, None),
        ("k 1:" + "0a" * 32, None),
        ("anna@example.com", None),
    ],
)
def test_a_pseudonym_names_its_key(email: str, key: str | None) -> None:
    assert key_of_pseudonym(email) == key


@given(st.text(max_size=20))
def test_every_pseudonym_is_known_as_one(value: str) -> None:
    assert key_of_pseudonym(pseudonym(value, KEY)) == "k1"


# Retention ---------------------------------------------------------------------------------------


def test_a_shorter_retention_brings_the_end_forward() -> None:
    assert conform(PROFILE, kept_for(90), today=TODAY, shorten=True) == held(
        expires_at=date(2026, 12, 30)
    )


def test_whose_end_has_come_goes() -> None:
    assert conform(PROFILE, kept_for(53), today=TODAY, shorten=True) == EXPIRED
    assert conform(PROFILE, kept_for(54), today=TODAY, shorten=True) == held(
        expires_at=TODAY + timedelta(days=1)
    )
    assert conform(held(expires_at=TODAY), DEFAULT_POLICY, today=TODAY) == EXPIRED


def test_a_longer_retention_reaches_nobody_who_is_held() -> None:
    assert conform(PROFILE, kept_for(5_000), today=TODAY, shorten=True) == PROFILE


def test_the_end_stays_where_nothing_was_ever_kept_longer() -> None:
    """It was counted from the day of the record, which may be later than the day of the age."""
    assert conform(PROFILE, kept_for(90), today=TODAY) == PROFILE


# Any policy --------------------------------------------------------------------------------------

adults = api_records().map(
    lambda record: {**record, "dob": {"date": "1990-02-28T10:00:00.000Z", "age": 36}}
)


@given(api_records(), policies(), st.integers(0, 400))
def test_a_stored_profile_satisfies_the_policy_that_it_was_stored_under(
    record: Json, policy: PrivacyPolicy, days_ago: int
) -> None:
    logged_on = TODAY - timedelta(days=days_ago)
    dates = DecisionDates(as_of=logged_on, logged_on=logged_on, read_on=TODAY)
    stored = decide(record, policy, dates)

    if isinstance(stored, Profile):
        key = policy.pseudonym_key
        assert key is not None
        for shorten in (False, True):
            again = conform(stored, policy, today=TODAY, key_ids={key.id}, shorten=shorten)
            assert again == stored


@given(adults, policies(), policies())
def test_what_is_held_satisfies_the_policy_that_it_was_brought_under(
    record: Json, earlier: PrivacyPolicy, later: PrivacyPolicy
) -> None:
    stored = decide(record, replace(earlier, minimum_age=0, minimum_age_in={}), today)
    assert isinstance(stored, Profile)
    assert earlier.pseudonym_key is not None
    assert later.pseudonym_key is not None
    ids = {earlier.pseudonym_key.id} if earlier.email is EmailTreatment.PSEUDONYMISE else set()

    kept = conform(stored, later, today=TODAY, key_ids=ids, shorten=True)

    if isinstance(kept, Withheld):
        oldest = later.minimum_age_of(nationality=stored.nationality, country=stored.country)
        assert kept == EXPIRED or certain_age(stored, TODAY) < oldest
        return
    assert all(getattr(kept, name) is None for name in later.dropped_profile_fields)
    assert TODAY < kept.expires_at <= min(stored.expires_at, TODAY + later.retention)
    assert later.email is not EmailTreatment.DROP or kept.email is None
    if later.email is EmailTreatment.PSEUDONYMISE and kept.email is not None:
        assert key_of_pseudonym(kept.email) in ids | {later.pseudonym_key.id}
    again = conform(kept, later, today=TODAY, key_ids=ids | {later.pseudonym_key.id}, shorten=True)
    assert again == kept


# Kept corrections --------------------------------------------------------------------------------


def kept(**fields: CorrectedValue) -> Corrections:
    return Corrections(fields=fields)


def test_corrections_that_fit_stay_as_they_are() -> None:
    corrections = kept(email="Ase.Lund@Example.com", city="Oslo")

    assert conform_corrections(corrections, DEFAULT_POLICY) == corrections


def test_a_corrected_field_that_is_not_kept_any_more_goes() -> None:
    rules = {name: rule for name, rule in DEFAULT_PROFILE_RULES.items() if name != "city"}
    policy = PrivacyPolicy(profile_rules=rules)

    assert conform_corrections(kept(city="Oslo", title="Dr"), policy) == kept(title="Dr")
    assert conform_corrections(kept(city="Oslo"), policy) is None


def test_a_corrected_address_is_treated_as_that_of_the_profile() -> None:
    corrections = kept(email="Ase.Lund@Example.com", email_domain="example.com")
    made = pseudonym("Ase.Lund@Example.com", KEY)

    treated = conform_corrections(corrections, PSEUDONYMISE)
    assert treated == kept(email=made, email_domain="example.com")
    assert conform_corrections(kept(email=made), PSEUDONYMISE, key_ids=["k1"]) == kept(email=made)
    dropped = conform_corrections(corrections, PrivacyPolicy(email=EmailTreatment.DROP))
    assert dropped == kept(email=None, email_domain="example.com")
    assert conform_corrections(kept(email=None), PSEUDONYMISE) == kept(email=None)
