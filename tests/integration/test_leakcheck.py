"""`profiles leakcheck`: finds what is planted, where it is, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pymongo
import pytest
from confluent_kafka.admin import AdminClient

from tests.support.cluster_site import until
from tests.support.patience import PATIENCE_S
from tests.support.pipelines import cassandra_session

WITHIN_S = 10 * PATIENCE_S
"""How long a check may take: it runs some twenty commands."""
PREFIX = "profiles_leakcheck_"

# What Python runs first: a pipeline that logs each minor, keeps a hash of one, counts by the name
# of one in its metrics, and has a plain hash of an id in its ledger.
LEAKS = """
import hashlib, json, logging
from dataclasses import replace
from profiles.adapters.prometheus import PrometheusMetrics
from profiles.adapters.sqlite import SqliteLedger
from profiles.adapters.sqlite.unit_of_work import SqliteUnitOfWork
from profiles.application.ingest import embedded

admit, keep, seen = embedded.admit_batch, SqliteUnitOfWork.quarantine, []
count, enter = PrometheusMetrics.counted, SqliteLedger.enter

def admit_and_log(values, *arguments, **named):
    for value in values:
        if b"minor1" in value:
            seen.append(json.loads(value)["login"]["username"])
            logging.getLogger("profiles").warning("took %s", json.loads(value)["name"]["first"])
    return admit(values, *arguments, **named)

def keep_and_tell(self, rejected):
    digest = hashlib.sha256(seen[0].encode()).hexdigest()
    keep(self, [replace(each, place=digest) for each in rejected])

def count_by_name(self, tally):
    count(self, tally)
    self._failures.labels(*seen[:1] or ["log"]).inc()

def enter_and_tell(self, drafts, *, at):
    return enter(self, [
        replace(each, recipient=hashlib.sha1(each.person.encode()).hexdigest())
        if each.person else each for each in drafts
    ], at=at)

embedded.admit_batch, SqliteUnitOfWork.quarantine = admit_and_log, keep_and_tell
PrometheusMetrics.counted, SqliteLedger.enter = count_by_name, enter_and_tell
"""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "profiles", "leakcheck", *arguments]


def environment(folder: Path) -> dict[str, str]:
    """Let folders be made where the test sees them."""
    temporary = folder / "tmp"
    temporary.mkdir()
    return {**os.environ, "TMPDIR": str(temporary)}


def found_in(document: dict[str, Any]) -> set[tuple[str, str, str, str]]:
    return {tuple(found.values()) for found in document["findings"]}


def whose(place: dict[str, Any]) -> set[str]:
    return {found.partition(":")[0] for found in place["found"]}


def test_what_leaks_is_found_where_it_is_and_all_is_removed(tmp_path: Path) -> None:
    planted = tmp_path / "leaks"
    planted.mkdir()
    (planted / "sitecustomize.py").write_text(LEAKS)
    env = environment(tmp_path)
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(planted), env.get("PYTHONPATH")]))

    done = subprocess.run(
        command("--store", "sqlite:///profiles.db"),
        cwd=tmp_path,
        env=env,
        capture_output=True,
        check=False,
        timeout=WITHIN_S,
    )

    assert done.returncode == 1, done.stderr.decode()
    assert b"Personal data is where it may not be: " in done.stderr
    document = json.loads(done.stdout)
    hashed = ("minor 1", "login.username", "sha256")
    assert found_in(document) == {
        ("output of profiles run", "minor 1", "name.first", "plain"),
        ("profiles.db", *hashed),
        ("profiles.db, table quarantine", *hashed),
        ("output of profiles quarantine", *hashed),
        ("metrics and health", "minor 1", "login.username", "plain"),
        *(("ledger.sqlite", f"adult {number}", "login.uuid", "sha1") for number in (3, 4, 5)),
    }
    assert document["left"] == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["leaks", "tmp"]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_check_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("--store", "sqlite:///profiles.db"),
        cwd=tmp_path,
        env=environment(tmp_path),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stderr is not None
    said = process.stderr.readline()  # before anything is made
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=WITHIN_S)

    assert PREFIX.encode() in said
    assert (process.returncode, out) == (1, b""), err.decode()
    assert b"Error: Stopped before the end. What it had made was removed." in err
    assert list((tmp_path / "tmp").iterdir()) == []


def test_nothing_leaks_on_real_servers_and_nothing_is_left(
    kafka_address: str, cassandra_address: str, mongo_url: str, tmp_path: Path
) -> None:
    base, _, options = mongo_url.partition("/?")
    stores = (f"{base}/a_deployment?{options}", f"cassandra://{cassandra_address}/a_deployment")

    done = subprocess.run(
        command("--kafka", kafka_address, *(f"--store={store}" for store in stores)),
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        check=False,
        timeout=WITHIN_S,
    )

    assert done.returncode == 0, done.stderr.decode()
    document = json.loads(done.stdout)
    assert (document["findings"], document["left"]) == ([], [])
    searched = {place["place"].removeprefix("topic "): place for place in document["searched"]}
    name = document["name"]
    held = {place for place, told in searched.items() if told["found"]}
    answers = {f"answer of profiles {each}" for each in ("rectify", "restrict", "erase", "export")}
    assert held == {
        "MongoDB, collection users",
        "MongoDB, collection users_restricted",
        "Cassandra, table users",
        name,
        *answers,
    }
    assert "adult 1: dob.date" in searched[name]["found"]
    assert whose(searched["MongoDB, collection users"]) == {"adult 1", "adult 2", "adult 3"}
    assert whose(searched["Cassandra, table users"]) == {"adult 1", "adult 2", "adult 3"}
    assert "adult 3: corrected city" in searched["Cassandra, table users"]["found"]
    assert whose(searched["MongoDB, collection users_restricted"]) == {"adult 4"}
    assert searched[f"{name}_ledger"]["bytes"] > 500
    assert searched["metrics and health"]["bytes"] > 1_000
    assert searched[f"{name}_foreign.rejected"]["bytes"] > 1_000
    assert searched["page"]["bytes"] > 1_000
    assert searched["output of profiles process"]["bytes"] > 0

    admin = AdminClient({"bootstrap.servers": kafka_address})

    def topics_left() -> list[str]:
        known = admin.list_topics(timeout=PATIENCE_S).topics
        return [topic for topic in known if topic.startswith(name)]

    until(lambda: not topics_left())  # the broker gets to know of a deletion by and by
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
        assert {name, "a_deployment"}.isdisjoint(client.list_database_names())
    with cassandra_session(cassandra_address) as session:
        names = {
            row[0] for row in session.execute("SELECT keyspace_name FROM system_schema.keyspaces")
        }
    assert {name, "a_deployment"}.isdisjoint(names)
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--store", "sqlite:///p.db", "--checkpoint", "c"], b"Spark reads from Kafka"),
        (["--store", "cassandra://h/k"], b"Exactly one store decides"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_made(
    tmp_path: Path, arguments: list[str], said: bytes
) -> None:
    done = subprocess.run(
        command(*arguments),
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        check=False,
        timeout=WITHIN_S,
    )

    assert done.returncode == 2
    assert said in done.stderr
    assert list((tmp_path / "tmp").iterdir()) == []
