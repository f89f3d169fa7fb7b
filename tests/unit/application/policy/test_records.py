from __future__ import annotations

from typing import Any

from hypothesis import given

from profiles.application.policy.measures import measures
from profiles.application.policy.places import Facility, Kind, places
from profiles.application.policy.records import DataCategory, Purpose, Records, records_of
from profiles.domain.policy import EmailTreatment, PrivacyPolicy
from profiles.domain.policy_settings import fingerprint_of, read_policy, settings_of
from profiles.domain.pseudonym import PseudonymKey
from tests.strategies import policies
from tests.unit.application.policy.test_places import embedded

STORE = Facility(kind=Kind.FILE, name="p.db")
KEY = PseudonymKey(id="k1", secret=bytes(32))


def recorded(**settings: Any) -> Records:  # noqa: ANN401 - as an operator writes them
    return records_of(read_policy(settings, [KEY]), embedded(STORE))


def test_what_is_missing_is_said_with_what_to_do() -> None:
    assert recorded().missing == (
        "No controller is named: set controller in [policy].",
        "No contact is named: set contact in [policy].",
    )
    whole = read_policy({"controller": "Example Ltd", "contact": "dpo@example.com"})
    assert records_of(whole, embedded()).missing == (
        "No store is named: say where profiles live with --store.",
    )
    assert records_of(whole, embedded(STORE)).missing == ()


def test_who_answers_and_who_is_told_is_the_policy_s() -> None:
    found = recorded(
        controller="Example Ltd",
        contact="dpo@example.com",
        recipients=["a printer"],
        transfers=["Iceland, adequacy decision"],
    )

    assert (found.controller, found.contact) == ("Example Ltd", "dpo@example.com")
    assert found.recipients == ("a printer",)
    assert found.transfers == ("Iceland, adequacy decision",)


def test_fields_of_one_purpose_and_basis_stand_together() -> None:
    purposes = recorded(purpose={"city": "bill", "country": "bill"}).purposes

    assert (
        Purpose(
            purpose="bill",
            legal_basis="contract (Art. 6(1)(b))",
            held_in="profile",
            fields=("city", "country"),
        )
        in purposes
    )
    assert [each.held_in for each in purposes][-1] == "log"


def test_minors_are_said_aloud() -> None:
    assert recorded().notes == ()
    (note,) = recorded(minimum_age=16, minimum_age_in={"KR": 17}).notes
    assert note.startswith("The policy admits minors from 16 years on (KR 17)")


def test_who_is_kept_is_told_by_age_and_country() -> None:
    assert recorded(minimum_age=20, minimum_age_in={"KR": 21}).persons[0] == (
        "Persons in the source who have completed 20 years on the day of their record; 21 with the"
        " nationality or country KR: a profile of each is kept."
    )


def test_a_pseudonym_is_told_from_an_address_and_a_dropped_one_is_no_data() -> None:
    def address(**settings: Any) -> list[DataCategory]:  # noqa: ANN401 - as an operator writes them
        data = recorded(**settings).data
        return [each for each in data if (each.field, each.held_in) == ("email", "profile")]

    assert [each.form for each in address()] == [""]
    assert [each.form for each in address(email="pseudonymise", email_key="k1")] == [
        "as a pseudonym"
    ]
    assert address(email="drop") == []


@given(policies())
def test_every_field_that_is_kept_has_a_purpose_and_a_time_and_no_other_is_told(
    policy: PrivacyPolicy,
) -> None:
    processing = embedded(STORE)

    records = records_of(policy, processing)

    kept = [name for name in policy.profile_rules if name != "email"]
    if policy.email is not EmailTreatment.DROP and "email" in policy.profile_rules:
        kept.append("email")
    expected = {("profile", name) for name in kept} | {("log", name) for name in policy.log_rules}
    assert {(each.held_in, each.field) for each in records.data} == expected
    assert sorted((p.held_in, name) for p in records.purposes for name in p.fields) == sorted(
        expected
    )
    assert records.fingerprint == fingerprint_of(settings_of(policy))
    assert records.places == tuple(places(policy, processing))
    assert records.measures == tuple(measures(policy, processing))
    secret = policy.pseudonym_key
    assert secret is None or repr(secret.secret) not in repr(records)
