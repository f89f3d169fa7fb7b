"""The whole way on real servers: a source into Kafka, and Kafka into both stores."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from profiles.domain.profile import Profile
from tests.support.cluster_site import Addresses, Site

PERSONS = 2_000


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


def test_both_steps_count_whom_they_keep_out(site: Site) -> None:
    settings = "seed=2,limit=1000,minors=0.1,hostile=0.1,updates=0.1"
    production = site.produce(f"simulator:{settings}").production()

    tally = site.finish()

    assert production.fetched == 1_000
    assert production.withheld > 0
    assert production.rejected > 0
    assert tally.read == production.acknowledged
