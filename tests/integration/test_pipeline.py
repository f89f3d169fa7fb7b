"""The whole way on real servers: a source into Kafka, and Kafka into both stores."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from profiles.domain.profile import Profile
from tests.support.cluster_site import Addresses, Site

PERSONS = 2_000
SECRET = "0f1e2d3c" * 8


@pytest.fixture
def site(
    kafka_address: str, cassandra_address: str, mongo_url: str, tmp_path: Path
) -> Generator[Site]:
    with ExitStack() as stack:
        yield Site(Addresses(kafka_address, cassandra_address, mongo_url), tmp_path, stack)


def rows(site: Site) -> tuple[list[tuple[Profile, int]], list[tuple[Profile, int]]]:
    return sorted(site.mongo.profiles()), sorted(site.cassandra.profiles())


def test_all_adults_become_equal_rows_in_both_stores_also_after_a_full_replay(site: Site) -> None:
    production = site.produce(f"simulator:seed=1,limit={PERSONS}").production()
    assert production.acknowledged == production.fetched == PERSONS

    assert site.finish().stored == PERSONS
    mongo, cassandra = rows(site)
    assert mongo == cassandra
    assert len(mongo) == PERSONS

    assert site.finish().read == 0
    assert site.finish(group="again").stored == PERSONS
    assert rows(site) == (mongo, cassandra)


def test_both_steps_work_under_the_operator_s_policy(site: Site) -> None:
    site.configure(
        'minimum_age = 30\nemail = "pseudonymise"\nemail_key = "k1"\nemail_keys = { k1 = "k1" }\n'
        'drop = ["username", "full_address", "city"]\nretention = "90d"',
        keys={"k1": SECRET},
    )
    production = site.produce("simulator:seed=3,limit=400").production()

    tally = site.finish()

    mongo, cassandra = rows(site)
    assert mongo == cassandra
    assert production.withheld > 0
    assert tally.stored == production.acknowledged == len(mongo) > 100
    assert min(profile.age for profile, _ in mongo) >= 30
    assert {str(profile.email)[:3] for profile, _ in mongo} == {"k1:"}
    assert {profile.city for profile, _ in mongo} == {None}
    carried = [json.loads(message.value() or b"") for message in site.messages()]
    assert not any(person["login"].get("username") for person in carried)
    assert not any((person.get("location") or {}).get("city") for person in carried)


def test_both_steps_count_whom_they_keep_out(site: Site) -> None:
    settings = "seed=2,limit=1000,minors=0.1,hostile=0.1,updates=0.1"
    production = site.produce(f"simulator:{settings}").production()

    tally = site.finish()

    assert production.fetched == 1_000
    assert production.withheld > 0
    assert production.rejected > 0
    assert tally.read == production.acknowledged
