"""Several readers of one group, of which one is killed while the group rebalances."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.support.cluster_site import Site, until


def test_a_second_reader_takes_over_what_a_killed_one_had(site: Site, people: Path) -> None:
    site.produce(people).production()
    first = site.process(once=False)
    until(lambda: site.decided() > 0, first)
    second = site.process(once=False)
    until(lambda: site.members() == 2, first, second)
    begun = site.decided()
    producing = site.produce(people)
    until(lambda: site.decided() > begun, first, second)

    assert first.kill()
    producing.production()
    until(site.is_through, second)

    second.ask_to_stop(signal.SIGTERM)
    second.tally()
    site.check()


def test_a_reader_that_joins_in_mid_batch_and_one_that_leaves_cost_nothing(
    site: Site, people: Path
) -> None:
    site.produce(people).production()
    first = site.process(once=False)
    until(lambda: site.decided() > 0, first)
    second = site.process(once=False)
    until(lambda: site.members() == 2, first, second)
    site.produce(people).production()
    first.ask_to_stop(signal.SIGTERM)
    once = site.process()

    tallies = [first.tally(), once.tally()]
    until(site.is_through, second)
    second.ask_to_stop(signal.SIGTERM)
    tallies.append(second.tally())
    site.check()
    assert sum(tally.read for tally in tallies) >= site.oracle.counts["read"]
