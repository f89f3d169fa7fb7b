"""`profiles process` with its erasure ledger: who is erased stays out, or nothing is stored."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from threading import Event

import pytest

from profiles.adapters.kafka import Topics, ledger_topic
from tests.support.kafka_ledgers import entry_of_an_earlier_release, send
from tests.support.pipelines import KEYS, PERSONS, Ended, Pipeline, ids_of_it, pipeline_between


@pytest.fixture
def pipeline(kafka_address: str, tmp_path: Path) -> Generator[Pipeline]:
    with pipeline_between(kafka_address, tmp_path) as made:
        yield made


def process_without_keys(pipeline: Pipeline, code: int = 0) -> Ended:
    given = ["--once", "--group", pipeline.name, *pipeline.into_stores]
    given.remove("--ledger-keys")
    given.remove(KEYS)
    return pipeline.run("process", *given, code=code)


def test_it_makes_the_topic_and_no_file(pipeline: Pipeline) -> None:
    pipeline.produce()

    assert process_without_keys(pipeline).document["stored"] == PERSONS
    assert [path.name for path in pipeline.folder.iterdir()] == ["p.db"]
    assert Topics(pipeline.kafka).describe(pipeline.ledger).partitions == 1


def test_who_is_suppressed_is_not_stored_and_named_nowhere(pipeline: Pipeline) -> None:
    """A job that does not have the key of the entry does nothing at all."""
    ids = ids_of_it()
    pipeline.produce()
    process_without_keys(pipeline)
    pipeline.suppress(*ids[:2])
    pipeline.produce()
    before = (pipeline.folder / "p.db").read_bytes()

    stopped = process_without_keys(pipeline, code=1)

    assert (
        "has an entry 1 under the key k1, which is not in any file, as none is named" in stopped.err
    )
    assert (pipeline.folder / "p.db").read_bytes() == before

    done = pipeline.process()

    assert (done.document["stored"], done.document["suppressed"]) == (PERSONS - 2, 2)
    assert not any(person in stopped.err + done.err for person in ids)
    content = (pipeline.folder / "p.db").read_bytes()
    assert [person for person in ids if person.encode() not in content] == ids[:2]


def test_a_ledger_of_an_earlier_release_is_brought_forward_and_names_nobody(
    pipeline: Pipeline,
) -> None:
    ids = ids_of_it()
    Topics(pipeline.kafka).ensure(ledger_topic(pipeline.ledger), stop=Event())
    send(pipeline.kafka, pipeline.ledger, *map(entry_of_an_earlier_release, ids[:2]))
    pipeline.produce()

    refused = process_without_keys(pipeline, code=1)
    done = pipeline.process()

    assert "has no key to be written with" in refused.err
    assert (done.document["stored"], done.document["suppressed"]) == (PERSONS - 2, 2)
    assert not any(person in done.err for person in ids)


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
