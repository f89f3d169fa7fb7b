"""Records that come again, and a topic that is not what it was: the state stays the domain's."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from profiles.domain.version import Version
from tests.support.cluster_site import Site
from tests.support.foreign_records import responses, tombstones

TELL_AGAIN = 200


def holding(site: Site) -> tuple[object, ...]:
    return (
        list(site.mongo.profiles()),
        sorted(site.cassandra.profiles()),
        site.mongo.statistics(),
        list(site.mongo.quarantine()),
        site.mongo.arrivals(),
    )


def test_a_new_group_reads_all_again_and_changes_nothing(site: Site, people: Path) -> None:
    site.produce(people).production()
    site.send(*responses())
    first = site.finish()
    before = holding(site)

    again = site.finish(group="b")

    assert again.read == first.read
    assert (again.withheld, again.rejected, again.erased) == (0, 0, 0)
    assert again.stored == len(site.oracle.held)
    assert holding(site) == before


def test_what_is_produced_twice_is_held_once_in_its_newer_version(site: Site, people: Path) -> None:
    site.produce(people).production()
    site.finish()
    before = dict(site.oracle.held)

    site.produce(people).production()
    site.finish()

    assert site.oracle.held.keys() == before.keys()
    assert all(site.oracle.held[person][1] > before[person][1] for person in before)


def test_a_topic_made_anew_has_newer_versions(site: Site, people: Path) -> None:
    site.produce(people).production()
    site.finish()

    site.make_topic_anew()
    site.produce("simulator:seed=3,limit=2000,updates=0.2").production()
    site.send(*responses(), *tombstones(list(site.oracle.held)[::20]))
    site.finish()
    site.finish(group="b")

    epochs = {Version.parts(version).epoch for _, version in site.oracle.held.values()}
    assert epochs == {1, 2}


def test_partitions_that_are_added_have_newer_versions(site: Site, people: Path) -> None:
    site.produce(people).production()
    site.oracle.look()
    told = list(islice(site.oracle.held, TELL_AGAIN))
    values = {message.key(): message.value() for message in site.messages()}
    site.send(*tombstones(told))
    site.finish()

    site.add_partitions(7)
    # Some of whom nothing is held any more come back, in partitions where they never were.
    site.send(*[(person.encode(), values[person.encode()]) for person in told])
    site.produce("simulator:seed=3,limit=2000,updates=0.2").production()
    site.finish(group="b")
    site.finish()

    assert site.oracle.held.keys() >= set(told)
    moved = {Version.parts(site.oracle.held[person][1]).partition for person in told}
    assert moved & {4, 5, 6}
    epochs = {Version.parts(version).epoch for _, version in site.oracle.held.values()}
    assert epochs == {1, 2}


def test_what_foreign_producers_send_is_taken_or_rejected(site: Site) -> None:
    site.produce("simulator:seed=3,limit=1000").production()
    site.oracle.look()
    erased = list(islice(site.oracle.held, 50))
    site.send(*responses(limit=2_000), *tombstones(erased))

    tally = site.finish()

    assert tally.erased == 50
    assert {"json", "type", "id", "missing", "minor"} <= tally.reasons.keys()
