from __future__ import annotations

from profiles.application.policy.places import UNNAMED, Facility, Kind, Place, Processing, places
from profiles.domain.policy import DEFAULT_POLICY, EmailTreatment, PrivacyPolicy
from profiles.domain.policy_settings import read_policy
from profiles.domain.pseudonym import PseudonymKey

LOG = Facility(kind=Kind.FILE, name="log.sqlite")
KAFKA = Facility(kind=Kind.KAFKA, name="Kafka at h:9092")
KEY = PseudonymKey(id="k1", secret=bytes(32))


def embedded(deciding: Facility | None = None) -> Processing:
    return Processing(
        deciding=deciding,
        following=None,
        log=LOG,
        topic="unused",
        ledger=Facility(kind=Kind.FILE, name="ledger.sqlite"),
        ledger_topic="unused",
        k=5,
    )


SERVERS = Processing(
    deciding=Facility(kind=Kind.MONGODB, name="MongoDB at h/d"),
    following=Facility(kind=Kind.CASSANDRA, name="Cassandra at c/k"),
    log=KAFKA,
    topic="users",
    ledger=KAFKA,
    ledger_topic="erased",
    k=5,
)


def listed(processing: Processing, policy: PrivacyPolicy = DEFAULT_POLICY) -> dict[str, Place]:
    return {place.where: place for place in places(policy, processing)}


def test_the_embedded_engine_has_all_in_files() -> None:
    found = listed(embedded(Facility(kind=Kind.FILE, name="p.db")))

    assert list(found) == [
        "log.sqlite",
        "log.sqlite: sources",
        "p.db: users",
        "p.db: statistics",
        "p.db: quarantine",
        "p.db: counts, arrivals",
        "ledger.sqlite",
    ]
    assert found["log.sqlite"].erased.startswith("after 24 hours")
    assert found["p.db: quarantine"].erased == "after 7 days"


def test_with_servers_each_keeps_some_by_itself() -> None:
    found = listed(SERVERS)

    assert list(found) == [
        "Kafka at h:9092: topic users",
        "Kafka at h:9092: topic users.rejected",
        "MongoDB at h/d: users",
        "MongoDB at h/d: statistics",
        "MongoDB at h/d: quarantine",
        "MongoDB at h/d: counts, arrivals",
        "MongoDB at h/d: oplog and journal",
        "Cassandra at c/k: users",
        "Cassandra at c/k: data files",
        "MongoDB at h/d: outbox",
        "Kafka at h:9092: topic erased",
    ]
    assert "other producers" in found["Kafka at h:9092: topic users"].what


def test_each_facility_is_listed_once() -> None:
    assert SERVERS.facilities == [SERVERS.deciding, SERVERS.following, KAFKA]


def test_a_store_that_is_not_named_is_described_all_the_same() -> None:
    assert f"{UNNAMED}: users" in listed(embedded())


def test_the_shortest_retention_says_when_a_profile_goes() -> None:
    policy = read_policy({"retention": {"email": "30d"}})

    assert listed(embedded(), policy)[f"{UNNAMED}: users"].erased.startswith("30 days after")


def test_the_log_is_said_to_have_the_address_where_a_profile_has_another_or_none() -> None:
    def is_said(policy: PrivacyPolicy) -> bool:
        return "e-mail address as it was given" in listed(embedded(), policy)["log.sqlite"].what

    pseudonymise = {"email": "pseudonymise", "email_key": "k1"}
    assert not is_said(DEFAULT_POLICY)
    assert is_said(read_policy(pseudonymise, [KEY]))
    assert is_said(read_policy({"drop": ["email"]}))
    assert is_said(PrivacyPolicy(email=EmailTreatment.DROP))
    assert not is_said(read_policy({"email": "drop", "drop": ["email_domain"]}))
