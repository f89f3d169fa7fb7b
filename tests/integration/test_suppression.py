"""The erased and the restricted stay away, whatever comes back: the log, copies, other partitions.

One pipeline goes through it all, because each of its steps begins where the one before has ended.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Collection, Generator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pymongo import MongoClient

from profiles.domain.ledger_entry import Action
from profiles.domain.person import PersonId
from profiles.domain.statistics import Statistics
from tests.support.cluster_site import Addresses, Site, differences, until
from tests.support.store_copies import (
    copy_of_cassandra,
    copy_of_mongo,
    restore_cassandra,
    restore_mongo,
)

PERSONS = 60
ERASED, RESTRICTED = 6, 4


@pytest.fixture
def site(
    kafka_address: str, cassandra_address: str, mongo_url: str, tmp_path: Path
) -> Generator[Site]:
    with ExitStack() as stack:
        servers = Addresses(kafka_address, cassandra_address, mongo_url)
        yield Site(servers, tmp_path, stack, partitions=2)


def check(site: Site, away: Collection[PersonId]) -> None:
    """Compare both stores and the statistics with the log, in which everybody is."""
    site.oracle.look()
    expected = {p: row for p, row in site.oracle.held.items() if p not in away}
    held = {profile.id: (profile, version) for profile, version in site.mongo.profiles()}
    assert differences(held, expected) == Counter()
    assert differences(copy_of_cassandra(site), expected) == Counter()
    assert site.mongo.statistics() == Statistics.recount(p for p, _ in expected.values())
    assert site.mongo.outbox(limit=1) == {}


def apart(site: Site, persons: Collection[PersonId]) -> Collection[PersonId]:
    return site.mongo.transactions.run(lambda unit: unit.restricted(persons)).keys()


def lose_mongo(site: Site) -> None:
    with MongoClient[dict[str, object]](site.servers.mongo) as client:
        client.drop_database(site.name)


def test_whoever_is_erased_or_restricted_does_not_come_back_before_being_let_in(
    site: Site,
) -> None:
    site.produce(f"simulator:seed=5,limit={PERSONS}").production()
    job = site.process(once=False)
    until(site.is_through, job)
    site.oracle.look()
    ids = sorted(site.oracle.held)
    erased, restricted = ids[:ERASED], ids[ERASED : ERASED + RESTRICTED]
    away = {*erased, *restricted}
    records = {message.key(): message for message in site.messages()}
    mongo, cassandra = copy_of_mongo(site), copy_of_cassandra(site)
    assert len(cassandra) > len(away)

    # While no record comes.
    site.enter(Action.SUPPRESS, *erased)
    site.enter(Action.RESTRICT, *restricted)
    until(lambda: not site.mongo.held(away) and not site.cassandra.held(away), job)
    until(lambda: not site.mongo.outbox(limit=1), job)
    check(site, away)

    # Records that come then, each in the other partition.
    for number in range(site.partitions):
        moved = [records[p.encode()] for p in away if records[p.encode()].partition() != number]
        site.send(*[(each.key(), each.value()) for each in moved], partition=number)
    until(site.is_through, job)
    job.ask_to_stop(signal.SIGTERM)  # killed, it would be waited for (decision 0030)
    tally = job.tally()
    assert (tally.suppressed, tally.restricted) == (ERASED, RESTRICTED)
    check(site, away)
    assert apart(site, ids) == {*restricted}

    # A copy of MongoDB from before.
    restore_mongo(site, mongo)
    tally = site.process().tally()
    assert (tally.suppressed, tally.restricted) == (ERASED, RESTRICTED)
    check(site, away)
    assert apart(site, ids) == {*restricted}

    # A copy of Cassandra from before.
    restore_cassandra(site, cassandra)
    assert site.cassandra.held(away).keys() == away
    site.repair().document()
    check(site, away)

    # Let in: one whose profile was kept apart, and one who has signed up anew.
    site.enter(Action.READMIT, erased[0])
    site.enter(Action.UNRESTRICT, restricted[0])
    site.send((erased[0].encode(), records[erased[0].encode()].value()))

    # Everything from the first record on, into an empty MongoDB beside that copy of Cassandra.
    lose_mongo(site)
    restore_cassandra(site, cassandra)
    site.process(group="b").tally()
    check(site, away - {erased[0], restricted[0]})
