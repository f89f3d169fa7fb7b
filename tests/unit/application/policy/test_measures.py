from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from profiles.application.policy.measures import measures
from profiles.application.policy.places import Facility, Kind
from profiles.domain.policy import DEFAULT_POLICY, PrivacyPolicy
from profiles.domain.policy_settings import read_policy
from profiles.domain.pseudonym import PseudonymKey
from tests.unit.application.policy.test_places import SERVERS, embedded

KEY = PseudonymKey(id="k1", secret=b"s" * 32)
PSEUDONYMS = "Pseudonymisation of e-mail addresses"


def listed(policy: PrivacyPolicy = DEFAULT_POLICY, **changed: Any) -> dict[str, str]:  # noqa: ANN401 - of `Processing`
    processing = replace(changed.pop("processing", embedded()), **changed)
    return {measure.what: measure.how for measure in measures(policy, processing)}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "None: the addresses are kept"),
        ({"email": "drop"}, "no profile has an address"),
        ({"drop": ["email"]}, "no profile has an address"),
        ({"email": "pseudonymise", "email_key": "k1"}, "HMAC-SHA-256 with the key k1"),
    ],
)
def test_the_treatment_of_addresses_is_said_as_it_is(settings: dict[str, Any], said: str) -> None:
    how = listed(read_policy(settings, [KEY]))[PSEUDONYMS]

    assert said in how
    assert "ssss" not in how


def test_minimisation_counts_what_the_log_carries() -> None:
    policy = read_policy({"fields": []})

    assert listed(policy)["Minimisation before the log"].startswith("2 of the 16 fields")


def test_each_connection_says_whether_it_is_encrypted_and_who_logs_in() -> None:
    secured = Facility(kind=Kind.MONGODB, name="MongoDB at m/d", tls=True, login=True)

    found = listed(processing=SERVERS, deciding=secured)

    assert found["Connection to MongoDB at m/d"] == (
        "Encrypted by TLS, and the server's certificate is checked. A user logs in."
    )
    assert found["Connection to Cassandra at c/k"] == (
        "Not encrypted by TLS, or the server's certificate is not checked. No user logs in."
    )
    assert [what for what in found if what.startswith("Connection to Kafka")] == [
        "Connection to Kafka at h:9092"
    ]


def test_files_are_spoken_of_where_there_are_some() -> None:
    assert "secure_delete" in listed()["Files"]
    assert "Files" not in listed(processing=SERVERS)
    assert not any(what.startswith("Connection") for what in listed())


def test_the_page_s_rounding_is_said_and_that_exact_counts_protect_nobody() -> None:
    assert "multiple of 7" in listed(k=7)["The page"]
    assert "single persons" in listed(k=1)["The page"]
