"""`profiles process` with its erasure ledger: who is erased stays out, or nothing is stored."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from profiles.adapters.kafka import Topics
from tests.support.pipelines import PERSONS, Pipeline, ids_of_it, pipeline_between


@pytest.fixture
def pipeline(kafka_address: str, tmp_path: Path) -> Generator[Pipeline]:
    with pipeline_between(kafka_address, tmp_path) as made:
        yield made


def test_it_makes_the_topic_and_no_file(pipeline: Pipeline) -> None:
    pipeline.produce()

    assert pipeline.process().document["stored"] == PERSONS
    assert [path.name for path in pipeline.folder.iterdir()] == ["p.db"]
    assert Topics(pipeline.kafka).describe(pipeline.ledger).partitions == 1


def test_who_is_suppressed_is_not_stored_and_named_nowhere(pipeline: Pipeline) -> None:
    ids = ids_of_it()
    pipeline.produce()
    pipeline.process()
    pipeline.suppress(*ids[:2])
    pipeline.produce()

    done = pipeline.process()

    assert (done.document["stored"], done.document["suppressed"]) == (PERSONS - 2, 2)
    assert not any(person in done.err for person in ids)
    content = (pipeline.folder / "p.db").read_bytes()
    assert [person for person in ids if person.encode() not in content] == ids[:2]


def test_without_its_ledger_it_stores_nothing_more(pipeline: Pipeline) -> None:
    pipeline.produce()
    pipeline.process()
    pipeline.suppress(ids_of_it()[0])
    pipeline.produce()
    pipeline.process()
    before = (pipeline.folder / "p.db").read_bytes()
    Topics(pipeline.kafka).delete(pipeline.ledger)
    pipeline.produce()

    done = pipeline.process(code=1)

    assert "is missing, though the store has applied it up to entry 1" in done.err
    assert (pipeline.folder / "p.db").read_bytes() == before


def test_a_file_can_be_the_ledger(pipeline: Pipeline) -> None:
    pipeline.produce()

    assert pipeline.process("--ledger", "erased.sqlite").document["stored"] == PERSONS
    assert (pipeline.folder / "erased.sqlite").is_file()
    assert not pipeline.exists(pipeline.ledger)
