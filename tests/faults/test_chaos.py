"""A minute of chaos; `nox -s chaos` brings others, of any length (docs/reliability.md)."""

from __future__ import annotations

from tests.faults.conftest import Servers
from tests.support.chaos.plan import Kind
from tests.support.chaos.site import StormSite
from tests.support.chaos.storm import storm
from tests.support.networks import Networks

SEED = 8
SECONDS = 60


def test_whatever_is_killed_frozen_restarted_or_cut_off_all_ends_as_the_rules_say(
    storm_site: StormSite, servers: Servers, network: Networks
) -> None:
    services = [servers.kafka, servers.cassandra, servers.mongo]

    tally = storm(storm_site, services, network, seed=SEED, seconds=SECONDS, tell=print)

    assert set(tally.faults) == set(Kind)
    assert min(tally.erased, tally.readmitted, tally.corrected) > 0
