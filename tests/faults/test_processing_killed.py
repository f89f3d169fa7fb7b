"""The consumer is killed in mid-batch and started again: it ends as if nothing had happened."""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.support.cluster_site import Site, until
from tests.support.embedded_jobs import killed_program
from tests.support.foreign_records import responses, tombstones

FAILURE = 1

ASKED_AFTER_A_CHUNK = """
from profiles.adapters.mongo import MongoDecidingStore
left = [{number:d}]
def asking(apply):
    def applied(*arguments, **named):
        done = apply(*arguments, **named)
        if left:
            os.kill(os.getpid(), left.pop())
        return done
    return applied
MongoDecidingStore.apply = asking(MongoDecidingStore.apply)
MongoDecidingStore.apply_together = asking(MongoDecidingStore.apply_together)
"""
"""Asks itself to stop, once MongoDB has a chunk."""

MOMENTS: list[Callable[[Site], bool]] = [
    lambda site: site.decided() > 0,
    lambda site: site.followed() > 0,
    lambda site: site.decided() > site.logged() / 2,
    lambda site: bool(site.committed()),
]
"""MongoDB has a chunk; Cassandra has rows of it; MongoDB has half of the log; the group has noted
what both have."""


def fill(site: Site, people: Path) -> None:
    """Fill a topic with all that can be in one."""
    site.produce(people).production()
    site.oracle.look()
    site.send(*responses(), *tombstones(list(site.oracle.held)[::20]))


def test_undisturbed_it_leaves_what_the_domain_says(site: Site, people: Path) -> None:
    fill(site, people)

    tally = site.finish()

    assert tally.read == site.oracle.counts["read"]
    for name in ("withheld", "rejected", "erased"):
        assert getattr(tally, name) == site.oracle.counts[name] > 0
    assert tally.stored + tally.superseded == site.oracle.counts["admitted"]


def test_killed_at_any_moment_and_started_again_it_ends_as_if_undisturbed(
    new_site: Callable[[], Site], people: Path
) -> None:
    sites = [new_site() for _ in MOMENTS]
    through = []
    for site, moment in zip(sites, MOMENTS, strict=True):
        fill(site, people)
        running = site.process(once=False)
        until(partial(moment, site), running)
        assert running.kill()
        through.append(site.is_through())
    assert not all(through)

    again = [site.process() for site in sites]  # side by side: each waits until Kafka is sure

    for site, running in zip(sites, again, strict=True):
        running.tally()
        site.check()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_stopped_in_mid_batch_it_says_so_and_goes_on_there(
    site: Site, people: Path, number: signal.Signals
) -> None:
    site.produce(people).production()
    site.produce(people).production()
    asked = killed_program(ASKED_AFTER_A_CHUNK.format(number=number))

    first = site.process(program=asked).tally(code=FAILURE)

    assert first.read == sum(site.committed().values()) == site.decided()
    rest = site.finish()

    assert first.read + rest.read == site.logged()
