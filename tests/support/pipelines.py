"""Topics and stores of one test's own, and the commands that work on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple
from uuid import uuid4

import pymongo
from cassandra.cluster import Cluster, Session

from profiles.adapters.kafka import KafkaLedger, KafkaLedgerWriter, Topics, ledger_topic
from profiles.domain.ledger_entry import Action, Draft
from profiles.domain.person import PersonId
from profiles.entrypoints.ledger_keys import KeyFile
from tests.integration.test_command_line import people
from tests.support.patience import PATIENCE_S

KEYS = "ledger.keys"
PERSONS = 60
PERSONS_OF_IT = f"simulator:limit={PERSONS},seed=5"


class Ended(NamedTuple):
    """What a command left: its exit code, its document (or last line) as JSON, and its texts."""

    code: int
    document: Any
    out: str
    err: str


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """A pipeline between topics of its own and the stores that are named."""

    kafka: str
    folder: Path
    stores: Sequence[str] = ("sqlite:///p.db",)
    name: str = field(default_factory=lambda: f"test-{uuid4().hex[:8]}")

    @property
    def ledger(self) -> str:
        return f"{self.name}-ledger"

    @property
    def topics(self) -> tuple[str, str, str]:
        return self.name, f"{self.name}.rejected", self.ledger

    @property
    def into_stores(self) -> list[str]:
        stores = [word for store in self.stores for word in ("--store", store)]
        return [*stores, "--ledger-topic", self.ledger, "--ledger-keys", KEYS]

    def run(
        self, *arguments: str, code: int | None = 0, env: Mapping[str, str] | None = None
    ) -> Ended:
        """Run a command on this cluster and topic; None takes any exit code."""
        return self.run_without_topic(*arguments, "--topic", self.name, code=code, env=env)

    def run_without_topic(
        self, *arguments: str, code: int | None = None, env: Mapping[str, str] | None = None
    ) -> Ended:
        """Run a command on this cluster."""
        command = [sys.executable, "-m", "profiles", *arguments]
        done = subprocess.run(
            [*command, "--kafka", self.kafka],
            cwd=self.folder,
            env={**os.environ, **(env or {})},
            capture_output=True,
            check=False,
            timeout=5 * PATIENCE_S,
        )
        assert code in (None, done.returncode), done.stderr.decode()
        out = done.stdout.decode()
        lines = out.splitlines()
        document = json.loads(out if lines[0] == "{" else lines[-1]) if out else None
        return Ended(done.returncode, document, out, done.stderr.decode())

    def produce(self) -> None:
        self.run("produce", "--once", "--source", PERSONS_OF_IT, "--partitions", "2")

    def process(self, *arguments: str, code: int = 0) -> Ended:
        given = ("--once", "--group", self.name, *self.into_stores)
        return self.run("process", *given, *arguments, code=code)

    def suppress(self, *persons: PersonId) -> None:
        """Enter persons into the ledger, as another process does."""
        keys, settings = KeyFile(self.folder / KEYS), ledger_topic(self.ledger)
        opened = KafkaLedger.open(self.kafka, settings, keys, applied=0, stop=Event())
        with closing(opened) as ledger:
            drafts = [Draft(action=Action.SUPPRESS, person=person) for person in persons]
            KafkaLedgerWriter(self.kafka, ledger).enter(drafts, at=datetime.now(UTC))

    def exists(self, topic: str) -> bool:
        return Topics(self.kafka).find(topic, stop=Event()) is not None


@contextmanager
def pipeline_between(
    kafka: str, folder: Path, stores: Sequence[str] = ("sqlite:///p.db",)
) -> Iterator[Pipeline]:
    """Give a pipeline; its topics go at the end."""
    pipeline = Pipeline(kafka=kafka, folder=folder, stores=stores)
    try:
        yield pipeline
    finally:
        there = [topic for topic in pipeline.topics if pipeline.exists(topic)]
        if there:
            Topics(kafka).delete(*there)


@contextmanager
def cassandra_session(address: str) -> Iterator[Session]:
    """Give a session of the driver's own, to look and meddle."""
    host, _, port = address.rpartition(":")
    cluster = Cluster([host], port=int(port))
    try:
        session = cluster.connect()
        session.default_timeout = PATIENCE_S
        yield session
    finally:
        cluster.shutdown()


@contextmanager
def pipeline_into_both(kafka: str, mongo: str, cassandra: str, folder: Path) -> Iterator[Pipeline]:
    """Give a pipeline into MongoDB and Cassandra; what it made goes at the end."""
    name = f"pipeline_{uuid4().hex[:8]}"
    base, _, options = mongo.partition("/?")
    stores = (f"{base}/{name}?{options}", f"cassandra://{cassandra}/{name}")
    try:
        with pipeline_between(kafka, folder, stores) as made:
            yield made
    finally:
        with pymongo.MongoClient[dict[str, Any]](mongo) as client:
            client.drop_database(name)
        with cassandra_session(cassandra) as session:
            session.execute(f"DROP KEYSPACE IF EXISTS {name}")


def ids_of_it() -> list[PersonId]:
    """Name the persons that `produce` takes."""
    return [PersonId(json.loads(record)["login"]["uuid"]) for record in people(PERSONS_OF_IT)]
