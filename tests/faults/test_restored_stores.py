"""A store put back from an earlier copy gets again, from the log, what it misses.

All tests share a site, whose past takes longer than they do: each begins by putting back what was
copied before, and ends when both stores are right.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from tests.support.cluster_site import Addresses, Held, Site, differences, until
from tests.support.foreign_records import responses, tombstones
from tests.support.services.pool import Pool
from tests.support.services.service import NAMES
from tests.support.store_copies import (
    Documents,
    copy_of_cassandra,
    copy_of_mongo,
    restore_cassandra,
    restore_mongo,
)

pytestmark = pytest.mark.servers


@dataclass(frozen=True)
class Past:
    """A site where persons came, changed and went, and copies of both stores from in between."""

    site: Site
    mongo: Documents
    cassandra: Held


@pytest.fixture(scope="module")
def past(
    own_servers: Pool, people: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Past]:
    for name in NAMES:
        own_servers.begin(name)
    kafka, cassandra, mongo = services = [own_servers.service(name) for name in NAMES]
    for service in services:
        service.start()
    addresses = Addresses(kafka.address, cassandra.address, mongo.address)
    with ExitStack() as stack:
        site = Site(addresses, tmp_path_factory.mktemp("past"), stack)
        site.produce("simulator:seed=3,limit=2000,updates=0.2").production()
        site.finish()
        copies = copy_of_mongo(site), copy_of_cassandra(site)
        site.produce(people).production()
        site.send(*responses(), *tombstones(islice(site.oracle.held, 100)))
        site.finish()
        yield Past(site, *copies)


def test_mongodb_restored_decides_again_what_it_misses(past: Past) -> None:
    restore_mongo(past.site, past.mongo)
    tally = past.site.finish()

    assert tally.read > 0
    assert past.site.mongo.counts().read == past.site.oracle.counts["read"]


def test_both_stores_restored_get_what_they_miss_also_over_a_crash_between_them(past: Past) -> None:
    site = past.site
    restore_mongo(site, past.mongo)
    restore_cassandra(site, past.cassandra)

    decided = site.decided()
    running = site.process(once=False)
    until(lambda: site.decided() != decided, running)
    assert running.kill()

    site.finish()


def test_cassandra_restored_gets_what_it_misses_when_a_new_group_reads(past: Past) -> None:
    site = past.site
    restore_cassandra(site, past.cassandra)
    found = copy_of_cassandra(site)
    assert differences(found, site.oracle.held).keys() >= {"missing", "not to be held"}

    # The old one has noted that Cassandra has it all, and begins at the end.
    assert site.process().tally().read == 0
    assert copy_of_cassandra(site) == found

    site.finish(group="b")


def test_stores_restored_from_copies_of_different_age_become_equal(past: Past) -> None:
    site = past.site
    mongo = copy_of_mongo(site)
    site.produce("simulator:seed=8,limit=500").production()
    site.finish()

    restore_mongo(site, mongo)
    restore_cassandra(site, past.cassandra)
    site.finish(group="c")
