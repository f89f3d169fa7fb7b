"""What the metrics of a running job say, over HTTP and on real servers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.test_command_line import people
from tests.support.cluster_site import Addresses, Running, Site, until
from tests.support.patience import PATIENCE_S

MARKER = "Qz7plantedXk"
SOURCE = "simulator:seed=4,limit=40,minors=0.2,hostile=0.1"


class Scraped:
    """The metrics of a running command: what a name and its labels say, and all of the text."""

    def __init__(self, job: Running) -> None:
        until(lambda: self._address(job) is not None, job)
        self._url = self._address(job)
        self.text = ""

    @staticmethod
    def _address(job: Running) -> str | None:
        found = re.search(r"Metrics are at (http://127\.0\.0\.1:\d+)/metrics\.", job.said)
        return found and found[1]

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"{self._url}{path}", timeout=PATIENCE_S) as answer:  # noqa: S310 - ours
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def values(self) -> Mapping[str, float]:
        _, self.text = self.get("/metrics")
        lines = [line for line in self.text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def until(self, reached: Callable[[Mapping[str, float]], bool], job: Running) -> None:
        until(lambda: reached(self.values()), job)


def outcomes(values: Mapping[str, float]) -> float:
    """Add up what became of everybody."""
    return sum(value for name, value in values.items() if "profiles_persons_total{" in name)


def test_an_embedded_job_tells_what_became_of_its_persons(tmp_path: Path) -> None:
    source = tmp_path / "persons.jsonl"
    marked = json.dumps(
        {"login": {"uuid": "0a0a0a0a-0000-4000-8000-00000000a001", "username": MARKER}}
        | {"dob": {"date": "1985-03-14"}, "gender": MARKER}
    )
    source.write_bytes(b"\n".join(people("simulator:limit=30,minors=0.2,hostile=0.2")) + b"\n")
    with source.open("a", encoding="utf-8") as file:
        file.write(f"{marked}\n")
    command = ["run", f"--source={source}", "--store=sqlite:///p.db", "--metrics=0"]
    job = Running(command, tmp_path)
    try:
        scraped = Scraped(job)
        scraped.until(lambda values: outcomes(values) == 31, job)
        scraped.until(lambda values: values["profiles_batch_seconds_count"] > 0, job)
        scraped.until(lambda values: values.get('profiles_lag_records{partition="0"}') == 0, job)
        until(lambda: scraped.get("/readyz")[0] == 200, job)
        values = scraped.values()
        assert scraped.get("/healthz") == (200, '{"alive": true}\n')
    finally:
        job.process.terminate()

    tally = job.tally()
    assert outcomes(values) == tally.read == 31
    assert values['profiles_persons_total{outcome="withheld",reason="minor"}'] > 0
    assert values['profiles_store_reachable{store="log"}'] == 1
    assert values["profiles_batch_seconds_count"] > 0
    assert MARKER not in scraped.text


@pytest.fixture
def site(
    kafka_address: str, cassandra_address: str, mongo_url: str, tmp_path: Path
) -> Generator[Site]:
    with ExitStack() as stack:
        yield Site(Addresses(kafka_address, cassandra_address, mongo_url), tmp_path, stack)


@pytest.mark.servers
def test_a_consumer_tells_how_far_both_stores_are(site: Site) -> None:
    production = site.produce(SOURCE).production()
    site.send((None, b'{"%s":' % MARKER.encode()))
    job = site.process(once=False, options=["--metrics=127.0.0.1:0"])
    scraped = Scraped(job)

    expected = production.acknowledged + 1
    scraped.until(lambda values: values["profiles_read_persons_total"] == expected, job)
    scraped.until(lambda values: values.get("profiles_ready") == 1, job)
    scraped.until(lambda values: outcomes(values) == expected, job)
    scraped.until(lambda values: values["profiles_batch_seconds_count"] > 0, job)
    values = scraped.values()

    assert values['profiles_persons_total{outcome="rejected",reason="json"}'] == 1
    assert [values[f'profiles_store_reachable{{store="{name}"}}'] for name in STORES] == [1, 1, 1]
    assert {f'profiles_lag_records{{partition="{n}"}}' for n in range(site.partitions)} <= set(
        values
    )
    assert values["profiles_outbox_changes"] == values["profiles_ledger_position"] == 0
    assert values["profiles_batch_seconds_count"] > 0
    assert MARKER not in scraped.text
    job.process.terminate()
    assert job.tally().read == expected


STORES = ("deciding", "following", "log")


def test_an_address_that_can_t_be_listened_at_is_refused_before_anything_is_made(
    tmp_path: Path,
) -> None:
    command = ["run", "--source=simulator", "--store=sqlite:///p.db", "--metrics=elsewhere"]
    done = subprocess.run(
        [sys.executable, "-m", "profiles", *command], cwd=tmp_path, capture_output=True, check=False
    )

    assert done.returncode == 2
    assert b"write HOST:PORT" in done.stderr
    assert list(tmp_path.iterdir()) == []
