"""A minute of chaos; `nox -s chaos` brings others, of any length (docs/reliability.md)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.conftest import Servers
from tests.support.chaos.plan import Kind
from tests.support.chaos.site import StormSite
from tests.support.chaos.storm import storm
from tests.support.cluster_site import Addresses
from tests.support.networks import Networks, networks

SEED = 8
SECONDS = 60


@pytest.fixture
def ways(servers: Servers) -> Iterator[Networks]:
    with networks(servers.kafka, servers.cassandra, servers.mongo) as made:
        yield made


@pytest.fixture
def storm_site(servers: Servers, ways: Networks, tmp_path: Path) -> Iterator[StormSite]:
    with ExitStack() as stack:
        addresses = Addresses(
            servers.kafka.address, servers.cassandra.address, servers.mongo.address
        )
        yield StormSite(addresses, tmp_path, stack, through=ways.addresses)


def test_whatever_is_killed_frozen_restarted_or_cut_off_all_ends_as_the_rules_say(
    storm_site: StormSite, servers: Servers, ways: Networks
) -> None:
    services = [servers.kafka, servers.cassandra, servers.mongo]

    tally = storm(storm_site, services, ways, seed=SEED, seconds=SECONDS, tell=print)

    assert set(tally.faults) == set(Kind)
    assert min(tally.erased, tally.readmitted, tally.corrected) > 0
