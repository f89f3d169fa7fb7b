"""A store put back from an earlier copy gets again, from the log, what it misses."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from tests.support.cluster_site import Held, Site, differences
from tests.support.foreign_records import responses, tombstones
from tests.support.store_copies import (
    Documents,
    copy_of_cassandra,
    copy_of_mongo,
    restore_cassandra,
    restore_mongo,
)


def with_a_past(site: Site, people: Path) -> tuple[Documents, Held]:
    """Let persons come, change and go; return copies of both stores from in between."""
    site.produce("simulator:seed=3,limit=2000,updates=0.2").production()
    site.finish()
    copies = copy_of_mongo(site), copy_of_cassandra(site)
    site.produce(people).production()
    site.send(*responses(), *tombstones(islice(site.oracle.held, 100)))
    site.finish()
    return copies


def test_mongodb_restored_decides_again_what_it_misses(site: Site, people: Path) -> None:
    mongo, _ = with_a_past(site, people)

    restore_mongo(site, mongo)
    tally = site.finish()

    assert tally.read > 0
    assert site.mongo.counts().read == site.oracle.counts["read"]


def test_both_stores_restored_get_what_they_miss_also_over_a_crash_between_them(
    site: Site, people: Path
) -> None:
    mongo, cassandra = with_a_past(site, people)
    restore_mongo(site, mongo)
    restore_cassandra(site, cassandra)

    running = site.process()
    decided = site.decided()
    while site.decided() == decided:
        assert running.is_running(), running.said
    assert running.kill()

    site.finish()


def test_cassandra_restored_gets_what_it_misses_when_a_new_group_reads(
    site: Site, people: Path
) -> None:
    _, cassandra = with_a_past(site, people)
    restore_cassandra(site, cassandra)
    found = copy_of_cassandra(site)
    assert differences(found, site.oracle.held).keys() >= {"missing", "not to be held"}

    # The old one has noted that Cassandra has it all, and begins at the end.
    assert site.process().tally().read == 0
    assert copy_of_cassandra(site) == found

    site.finish(group="b")


def test_stores_restored_from_copies_of_different_age_become_equal(
    site: Site, people: Path
) -> None:
    _, cassandra = with_a_past(site, people)
    mongo = copy_of_mongo(site)
    site.produce("simulator:seed=8,limit=500").production()
    site.finish()

    restore_mongo(site, mongo)
    restore_cassandra(site, cassandra)
    site.finish(group="b")
