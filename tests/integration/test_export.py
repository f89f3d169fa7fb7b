"""`profiles export` on real servers: all that is held of a person, wherever it lies."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

from profiles.adapters.kafka import KafkaPublisher
from profiles.application.rights.export_schema import export_schema
from tests.integration.test_command_line import Profiles, profiles
from tests.support.json_schema import violations
from tests.support.patience import PATIENCE_S
from tests.support.pipelines import Ended, Pipeline, ids_of_it, pipeline_into_both

__all__ = ["profiles"]

FOREIGN = "00000000-0000-4000-8000-00000000000f"


def exported(pipeline: Pipeline, person: str, *arguments: str) -> tuple[dict[str, Any], Ended]:
    done = pipeline.run("export", person, *pipeline.into_stores, *arguments, code=None)
    assert done.code == 0, done.err
    assert person not in done.err
    document: dict[str, Any] = done.document
    assert violations(document, export_schema()) == []
    return document, done


def test_an_export_of_who_was_found_gathers_both_stores_and_the_topic(
    profiles: Profiles, kafka_address: str, mongo_url: str, cassandra_address: str, tmp_path: Path
) -> None:
    login = {"uuid": FOREIGN, "password": "PRIVATE"}
    response = {"results": [{"login": login, "dob": {"date": "1990-05-17"}, "phone": "PRIVATE"}]}
    with pipeline_into_both(kafka_address, mongo_url, cassandra_address, tmp_path) as pipeline:
        pipeline.produce()
        with closing(KafkaPublisher(kafka_address, pipeline.name, stop=Event())) as publisher:
            publisher.publish(b"response", json.dumps(response).encode())
            publisher.flush(within_s=PATIENCE_S)
        pipeline.process()

        ada, done = exported(pipeline, ids_of_it()[0])
        sent, _ = exported(pipeline, FOREIGN)
        address = ada["profile"]["email"].encode()
        found = profiles("find", "--email", "-", "--store", pipeline.stores[0], stdin=address)

    assert done.err == found.err == ""
    assert ada["id"] in [one["id"] for one in json.loads(found.out)["found"]]
    assert ada["stores"]["following"]["agrees"]
    assert ada["stores"]["following"]["profile"] == ada["profile"]
    (record,) = ada["log"]
    assert record["complete"]
    assert record["person"]["dob"]["date"][:7] == ada["profile"]["birth_month"]
    origin = ada["source"]["record"]
    assert (origin["partition"], origin["offset"]) == (record["partition"], record["offset"])
    assert sum(p["end"] for p in ada["searched"][0]["partitions"]) == len(ids_of_it()) + 1

    (record,) = sent["log"]
    assert record["person"]["login"]["uuid"] == FOREIGN
    assert not record["complete"]
    assert "PRIVATE" not in json.dumps(sent)
