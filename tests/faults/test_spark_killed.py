"""The Spark job is killed, whole and in parts, and so are the servers, in mid-batch."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from tests.faults.conftest import Servers
from tests.support.cluster_site import Addresses, Running, until
from tests.support.process_tree import command_of, descendants, parent_of
from tests.support.services import Name, Service
from tests.support.spark_site import SparkSite
from tests.support.standalone_spark import Cluster

PEOPLE = (
    "simulator:seed=5,limit=8000,minors=0.05,hostile=0.03,duplicates=0.1,updates=0.15,domains=30"
)
ROOT = Path(__file__).parents[2]
SMALL_BATCHES = ["--batch-records=1000", "--cores=2"]


@pytest.fixture
def site(servers: Servers, tmp_path: Path) -> Iterator[SparkSite]:
    with ExitStack() as stack:
        addresses = Addresses(
            servers.kafka.address, servers.cassandra.address, servers.mongo.address
        )
        site = SparkSite(addresses, tmp_path, stack, name=f"spark_{uuid4().hex[:12]}")
        site.produce(PEOPLE).production()
        yield site


def in_mid_batch(site: SparkSite) -> Running:
    """Start the job, and come back when some of the log is decided and the rest is not."""
    running = site.spark(once=False, more=SMALL_BATCHES)
    until(lambda: site.decided() > 0, running)
    assert site.decided() < site.logged()
    return running


def python_workers(of: Running) -> list[int]:
    """The ids of Spark's Python workers: what its daemon has forked."""
    daemons = [pid for pid in descendants(of.process.pid) if "spark_daemon" in command_of(pid)]
    return [pid for pid in daemons if parent_of(pid) in daemons]


def test_the_driver_is_killed(site: SparkSite) -> None:
    running = in_mid_batch(site)
    jvm = [pid for pid in descendants(running.process.pid) if "SparkSubmit" in command_of(pid)]
    assert running.kill()
    for pid in jvm:  # it would end by itself, some time after it has lost its driver
        os.kill(pid, signal.SIGKILL)

    site.finish_on_spark()


def test_sparks_java_process_is_killed_and_the_job_says_so(site: SparkSite) -> None:
    running = in_mid_batch(site)
    (jvm,) = [pid for pid in descendants(running.process.pid) if "SparkSubmit" in command_of(pid)]

    os.kill(jvm, signal.SIGKILL)

    running.tally(code=1)
    assert "Spark's Java process has ended" in running.said
    site.finish_on_spark()


def spark_killed(when: str) -> subprocess.CompletedProcess[str]:
    """Start Spark, kill its Java process meanwhile, and come back with what was said."""
    return subprocess.run(
        [sys.executable, "-m", "tests.support.spark_killed_at_start", when],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )


def test_sparks_java_process_is_killed_before_it_is_there_and_is_started_once_more() -> None:
    run = spark_killed("before")

    assert run.stdout == "counted 3\n"
    assert "Spark's Java process ended before Spark was there" in run.stderr


def test_sparks_java_process_is_killed_while_spark_starts_and_a_restart_is_asked_for() -> None:
    """It is no wrong setting, after which a supervisor would leave the job alone."""
    run = spark_killed("after")

    assert run.stdout.startswith("JavaProcessEndedError Spark's Java process has ended")


def test_a_python_worker_is_killed_and_the_query_goes_on(site: SparkSite) -> None:
    running = in_mid_batch(site)
    killed = python_workers(running)[0]
    os.kill(killed, signal.SIGKILL)

    until(lambda: site.decided() >= site.logged(), running)
    running.ask_to_stop(signal.SIGTERM)
    running.tally()

    site.finish_on_spark()


@pytest.mark.parametrize("name", ["kafka", "cassandra", "mongo"])
def test_a_server_is_killed_and_comes_back(site: SparkSite, servers: Servers, name: Name) -> None:
    running = in_mid_batch(site)
    server: Service = getattr(servers, name)
    server.kill()
    server.start()

    until(lambda: site.decided() >= site.logged(), running)
    running.ask_to_stop(signal.SIGTERM)
    running.tally()

    site.finish_on_spark()


def test_sigterm_lets_the_batch_come_to_its_end(site: SparkSite) -> None:
    running = in_mid_batch(site)

    running.ask_to_stop(signal.SIGTERM)
    first = running.tally()

    assert first.read == site.decided()
    assert site.followed() == len(list(site.mongo.profiles()))
    site.finish_on_spark()


def test_a_worker_of_a_standalone_cluster_is_killed(site: SparkSite, tmp_path: Path) -> None:
    with ExitStack() as stack:
        cluster = Cluster(tmp_path, stack)
        cluster.start(workers=2)
        running = cluster.submit([*site.arguments(), "--once", "--batch-records=1000"])
        stack.callback(running.kill)
        until(lambda: site.decided() > 0, running)
        assert site.decided() < site.logged()

        cluster.kill_a_worker()

        tally = running.tally()
    assert tally.read <= site.decided()
    site.check()
