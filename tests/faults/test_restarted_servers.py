"""Each server is killed in mid-batch and started again: the consumer waits, and loses nothing."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from profiles.domain.tally import Tally
from tests.faults.conftest import Servers
from tests.support.cluster_site import Site, until
from tests.support.patience import PATIENCE_S
from tests.support.services import Service
from tests.support.services.service import NAMES, Name


@pytest.mark.parametrize("name", NAMES)
def test_a_server_killed_in_mid_batch_and_started_again_costs_nothing(
    site: Site, servers: Servers, people: Path, name: Name
) -> None:
    server: Service = getattr(servers, name)
    site.produce(people).production()
    running = site.process(once=False)
    until(lambda: site.decided() > 0, running)

    server.kill()
    assert running.is_running()
    server.start()

    until(site.is_through, running)
    site.produce("simulator:seed=9,limit=500").production()
    until(site.is_through, running)
    running.ask_to_stop(signal.SIGTERM)
    tally = running.tally()
    site.check()
    assert tally.read == site.oracle.counts["read"]


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_that_starts_while_a_server_is_away_waits_for_it_and_says_so(
    site: Site, servers: Servers, name: Name
) -> None:
    site.produce("simulator:seed=9,limit=500").production()
    server: Service = getattr(servers, name)
    server.kill()
    running = site.process(once=False)
    until(lambda: "ait" in running.said, running)  # "Waiting for Kafka", "The job waits to start"

    server.start()

    until(site.is_through, running)
    running.ask_to_stop(signal.SIGTERM)
    running.tally()
    site.check()


def test_a_stream_can_be_stopped_while_it_waits_to_start(site: Site, servers: Servers) -> None:
    site.produce("simulator:seed=9,limit=500").production()
    servers.cassandra.kill()
    running = site.process(once=False)
    until(lambda: "The job waits to start" in running.said, running)

    running.ask_to_stop(signal.SIGTERM)

    assert running.tally() == Tally()
    servers.cassandra.start()


def test_a_run_that_is_to_end_gives_up_where_a_server_is_away(site: Site, servers: Servers) -> None:
    site.produce("simulator:seed=9,limit=500").production()
    servers.cassandra.kill()
    running = site.process(once=True)

    assert running.process.wait(PATIENCE_S) == 1
    assert "no node answered" in running.said
    servers.cassandra.start()


def test_a_crash_between_the_two_stores_leaves_nothing_out_of_the_following_one(
    site: Site, servers: Servers, people: Path
) -> None:
    site.produce("simulator:seed=9,limit=500").production()
    running = site.process(once=False)
    until(site.is_through, running)
    before = site.decided()
    servers.cassandra.kill()
    site.produce(people).production()
    until(lambda: site.decided() == site.logged() > before, running)

    assert running.kill()
    servers.cassandra.start()

    assert not site.is_through()
    site.finish()
