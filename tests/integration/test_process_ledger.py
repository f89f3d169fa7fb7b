"""`profiles process` with its erasure ledger: who is erased stays out, or nothing is stored."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import pytest

from profiles.adapters.kafka import KafkaLedgerWriter, Topics
from profiles.application.ledger import Action
from profiles.domain.person import PersonId
from tests.integration.test_command_line import people

PERSONS = 60


@dataclass(frozen=True)
class Pipeline:
    """Topics and a store of this test's own, and the commands that work on them."""

    kafka: str
    folder: Path
    name: str = field(default_factory=lambda: f"test-{uuid4().hex[:8]}")

    @property
    def ledger(self) -> str:
        return f"{self.name}-ledger"

    def run(self, *arguments: str, code: int = 0) -> tuple[dict[str, Any], str]:
        command = [sys.executable, "-m", "profiles", *arguments]
        done = subprocess.run(
            [*command, "--kafka", self.kafka, "--topic", self.name],
            cwd=self.folder,
            env=os.environ,
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == code, done.stderr.decode()
        lines = done.stdout.splitlines()
        return (json.loads(lines[-1]) if lines else {}), done.stderr.decode()

    def produce(self) -> None:
        source = f"simulator:limit={PERSONS},seed=5"
        self.run("produce", "--once", "--source", source)

    def process(self, *arguments: str, code: int = 0) -> tuple[dict[str, Any], str]:
        given = ("--store", "sqlite:///p.db", "--group", self.name, "--ledger-topic", self.ledger)
        return self.run("process", "--once", *given, *arguments, code=code)

    def suppress(self, *persons: PersonId) -> None:
        with closing(KafkaLedgerWriter(self.kafka, self.ledger)) as writer:
            for person in persons:
                writer.enter(Action.SUPPRESS, person, entered_at=datetime.now(UTC))


@pytest.fixture
def pipeline(kafka_address: str, tmp_path: Path) -> Generator[Pipeline]:
    made = Pipeline(kafka_address, tmp_path)
    yield made
    for name in (made.name, f"{made.name}.rejected", made.ledger):
        if exists(kafka_address, name):
            Topics(kafka_address).delete(name)


def exists(kafka_address: str, name: str) -> bool:
    return Topics(kafka_address).find(name, stop=Event()) is not None


@pytest.fixture
def ids() -> list[PersonId]:
    records = people(f"simulator:limit={PERSONS},seed=5")
    return [PersonId(json.loads(record)["login"]["uuid"]) for record in records]


def test_it_makes_the_topic_and_no_file(
    pipeline: Pipeline, tmp_path: Path, kafka_address: str
) -> None:
    pipeline.produce()

    tally, _ = pipeline.process()

    assert tally["stored"] == PERSONS
    assert [path.name for path in tmp_path.iterdir()] == ["p.db"]
    assert Topics(kafka_address).describe(pipeline.ledger).partitions == 1


def test_who_is_suppressed_is_not_stored_and_named_nowhere(
    pipeline: Pipeline, ids: list[PersonId], tmp_path: Path
) -> None:
    pipeline.produce()
    pipeline.process()
    pipeline.suppress(ids[0], ids[1])
    pipeline.produce()

    tally, told = pipeline.process()

    assert (tally["stored"], tally["suppressed"]) == (PERSONS - 2, 2)
    assert not any(person in told for person in ids)
    assert all(
        person.encode() not in (tmp_path / "p.db").read_bytes() for person in (ids[0], ids[1])
    )


def test_without_its_ledger_it_stores_nothing_more(
    pipeline: Pipeline, ids: list[PersonId], tmp_path: Path, kafka_address: str
) -> None:
    pipeline.produce()
    pipeline.process()
    pipeline.suppress(ids[0])
    pipeline.produce()
    pipeline.process()
    before = (tmp_path / "p.db").read_bytes()
    Topics(kafka_address).delete(pipeline.ledger)
    pipeline.produce()

    _, told = pipeline.process(code=1)

    assert "is missing, though the store has applied it up to entry 1" in told
    assert (tmp_path / "p.db").read_bytes() == before


def test_a_file_can_be_the_ledger(pipeline: Pipeline, tmp_path: Path, kafka_address: str) -> None:
    pipeline.produce()

    tally, _ = pipeline.process("--ledger", "erased.sqlite")

    assert tally["stored"] == PERSONS
    assert (tmp_path / "erased.sqlite").is_file()
    assert not exists(kafka_address, pipeline.ledger)
