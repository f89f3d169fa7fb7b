"""`profiles process --processes 2`: one job in several processes, on real servers."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.test_metrics import Scraped, outcomes
from tests.support.cluster_site import Addresses, Running, Site, until
from tests.support.patience import PATIENCE_S
from tests.support.process_tree import descendants

SOURCE = "simulator:seed=7,limit=2000,minors=0.2,hostile=0.1,updates=0.1,duplicates=0.1"
TWO = "--processes=2"


@pytest.fixture
def site(
    kafka_address: str, cassandra_address: str, mongo_url: str, tmp_path: Path
) -> Generator[Site]:
    with ExitStack() as stack:
        yield Site(Addresses(kafka_address, cassandra_address, mongo_url), tmp_path, stack)


def errors_of(job: Running) -> list[str]:
    return [line for line in job.said.splitlines() if "Error" in line or "Traceback" in line]


def test_two_processes_leave_what_one_does_and_print_one_tally(site: Site) -> None:
    site.produce(SOURCE).production()
    site.oracle.look()

    tally = site.process(options=[TWO]).tally()

    assert tally.read == site.oracle.counts["read"]
    for name in ("withheld", "rejected", "erased"):
        assert getattr(tally, name) == site.oracle.counts[name]
    site.check()


def test_as_one_job_it_is_watched_at_one_address_and_ends_on_one_signal(site: Site) -> None:
    site.produce(SOURCE).production()
    job = site.process(once=False, options=[TWO, "--metrics=127.0.0.1:0"])
    scraped = Scraped(job)
    until(lambda: site.members() == 2 and site.is_through(), job)
    scraped.until(lambda values: values["profiles_read_persons_total"] >= site.logged(), job)
    scraped.until(lambda values: values.get('profiles_lag_records{partition="0"}') == 0, job)
    until(lambda: scraped.get("/readyz")[0] == 200, job)
    values = scraped.values()
    assert scraped.get("/healthz") == (200, '{"alive": true}\n')

    readers = descendants(job.process.pid)
    for number in (signal.SIGINT, signal.SIGTERM):  # as whoever signals all of a service's does
        for reader in readers:
            os.kill(reader, number)
    job.ask_to_stop(signal.SIGTERM)
    tally = job.tally()

    assert len(readers) == 2
    assert errors_of(job) == []
    assert tally.read == values["profiles_read_persons_total"] == outcomes(values)
    assert values["process_resident_memory_bytes"] > 100 * 2**20  # of all three
    site.check()


def test_an_error_in_mid_run_ends_all_of_them_and_is_told_once(site: Site) -> None:
    site.produce(SOURCE).production()
    job = site.process(once=False, options=[TWO])
    until(lambda: site.members() == 2 and site.is_through(), job)
    readers = descendants(job.process.pid)

    site.configure("minimum_age = 30")
    site.apply_policy().document()
    site.produce("simulator:seed=8,limit=500").production()
    tally = job.tally(code=1)

    assert tally.read > 0
    assert not set(readers) & set(descendants(os.getpid()))
    assert job.said.count("The store is written under another privacy policy") == 1
    site.process(options=[TWO]).tally()
    assert min(profile.age for profile, _ in site.mongo.profiles()) >= 30


def test_an_error_that_will_not_pass_is_told_once_with_where_it_came_from(tmp_path: Path) -> None:
    job = Running(
        [
            *("--debug", "process", TWO, "--once", "--kafka=127.0.0.1:1"),
            "--store=mongodb://127.0.0.1:1/db?replicaSet=rs0&serverSelectionTimeoutMS=100",
        ],
        tmp_path,
    )

    assert job.process.wait(PATIENCE_S) == 1
    warning, error, *frames = job.said.splitlines()
    assert "WARNING Reader 1: No primary of MongoDB at 127.0.0.1:1 answers." in warning
    assert error.startswith("Error: MongoDB at 127.0.0.1:1/db: no primary answered.")
    assert not any("Error:" in line for line in frames)
    assert any(line.endswith("in read_log") for line in frames)
