"""Mutations through a real Kafka and both engines: they hold what the domain says of the log."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from threading import Event

from profiles.adapters.kafka import Topics, TopicSettings
from tests.support.cluster_site import Addresses, Running, Site
from tests.support.fuzzing.mutations import Mutation
from tests.support.services.pool import Pool, this_machine
from tests.support.services.service import NAMES
from tests.support.spark_site import SparkSite

PATIENCE_S = 3_600.0
SENT_AT_ONCE = 10_000


def through_engines(mutations: Iterable[Mutation]) -> Mapping[str, object]:
    """Send mutations to Kafka, let both engines read them, and compare what they hold.

    Raises:
        AssertionError: an engine failed, or a store, the counts or the quarantine are not as the
            domain alone says of the log.
    """
    messages = [(each.key, each.message) for each in mutations]
    found: dict[str, object] = {"mutations": len(messages)}
    with Pool(this_machine()) as pool, tempfile.TemporaryDirectory() as folder:
        for name in NAMES:
            pool.begin(name)
        kafka, cassandra, mongo = map(pool.address, NAMES)
        servers = Addresses(kafka, cassandra, mongo)
        with ExitStack() as stack:
            process = Site(servers, Path(folder), stack, name="fuzz_process")
            spark = SparkSite(servers, Path(folder), stack, name="fuzz_spark")
            for engine, site in (("process", process), ("spark", spark)):
                _send(site, messages)
                began = time.monotonic()
                running = site.spark() if isinstance(site, SparkSite) else site.process()
                found[engine] = _finished(site, running) | {
                    "seconds": round(time.monotonic() - began),
                    "largest_process_mb": _largest_mb(),
                }
    return found


def _send(site: Site, messages: Iterable[tuple[bytes, bytes]]) -> None:
    topic = TopicSettings(name=site.name, partitions=site.partitions)
    Topics(site.servers.kafka).ensure(topic, stop=Event())
    waiting: list[tuple[bytes | None, bytes | None]] = []
    for key, message in messages:
        waiting.append((key, message))
        if len(waiting) == SENT_AT_ONCE:
            site.send(*waiting)
            waiting = []
    site.send(*waiting)


def _finished(site: Site, running: Running) -> dict[str, object]:
    running.process.wait(PATIENCE_S)
    tally = running.tally()
    site.check()
    outcomes = ("read", "stored", "withheld", "rejected", "superseded", "erased")
    return {name: getattr(tally, name) for name in outcomes}


def _largest_mb() -> int:
    """Return the most memory that one of the processes so far has had."""
    return round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
