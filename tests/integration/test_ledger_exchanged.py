"""A ledger's topic that vanishes before anybody was entered is missed by a store in MongoDB."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pymongo
import pytest

from profiles.adapters.kafka import Topics
from tests.support.pipelines import PERSONS, Pipeline, pipeline_between


@pytest.fixture
def pipeline(kafka_address: str, mongo_url: str, tmp_path: Path) -> Generator[Pipeline]:
    name = f"pipeline_{uuid4().hex[:8]}"
    base, _, options = mongo_url.partition("/?")
    try:
        with pipeline_between(kafka_address, tmp_path, [f"{base}/{name}?{options}"]) as made:
            yield made
    finally:
        with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
            client.drop_database(name)


def test_it_is_made_anew_only_where_the_operator_says_so(pipeline: Pipeline) -> None:
    pipeline.process()
    Topics(pipeline.kafka).delete(pipeline.ledger)
    pipeline.produce()

    stopped = pipeline.process(code=1)

    assert "is missing, though the store was used with one" in stopped.err
    assert "--accept-new-ledger" in stopped.err
    assert not pipeline.exists(pipeline.ledger)

    accepted = pipeline.process("--accept-new-ledger")

    assert accepted.document["stored"] == PERSONS
    assert "is used with another erasure ledger from now on" in accepted.err
