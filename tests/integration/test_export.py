"""`profiles export` on real servers: all that is held of a person, wherever it lies."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

from profiles.adapters.kafka import KafkaPublisher
from profiles.application.rights.export_schema import export_schema
from tests.support.json_schema import violations
from tests.support.pipelines import Ended, Pipeline, ids_of_it, pipeline_into_both

UNKNOWN = "00000000-0000-4000-8000-000000000000"
CHILD = "00000000-0000-4000-8000-00000000000c"
FOREIGN = {"login": {"uuid": UNKNOWN.replace("0-", "f-", 1), "password": "PRIVATE"}}


def exported(pipeline: Pipeline, person: str, *arguments: str) -> tuple[dict[str, Any], Ended]:
    stores = [word for store in pipeline.stores for word in ("--store", store)]
    done = pipeline.run("export", person, *stores, *arguments, code=None)
    assert done.code == 0, done.err
    assert person not in done.err
    document: dict[str, Any] = done.document
    assert violations(document, export_schema()) == []
    return document, done


def test_an_export_gathers_both_stores_and_the_topic(
    kafka_address: str, mongo_url: str, cassandra_address: str, tmp_path: Path
) -> None:
    foreign = FOREIGN["login"]["uuid"]
    response = {"results": [{**FOREIGN, "dob": {"date": "1990-05-17"}, "phone": "PRIVATE"}]}
    child = {"login": {"uuid": CHILD}, "dob": {"date": "2019-05-17"}, "email": "PRIVATE"}
    with pipeline_into_both(kafka_address, mongo_url, cassandra_address, tmp_path) as pipeline:
        pipeline.produce()
        with closing(KafkaPublisher(kafka_address, pipeline.name, stop=Event())) as publisher:
            publisher.publish(b"response", json.dumps(response).encode())
            publisher.publish(CHILD.encode(), json.dumps(child).encode())
            publisher.flush(within_s=30)
        pipeline.process()

        ada, done = exported(pipeline, ids_of_it()[0])
        sent, _ = exported(pipeline, foreign)
        withheld, _ = exported(pipeline, CHILD)
        nobody, told = exported(pipeline, UNKNOWN)

    assert done.err == ""
    assert ada["stores"]["following"]["agrees"]
    assert ada["stores"]["following"]["profile"] == ada["profile"]
    (record,) = ada["log"]
    assert record["complete"]
    assert record["person"]["dob"]["date"][:7] == ada["profile"]["birth_month"]
    origin = ada["source"]["record"]
    assert (origin["partition"], origin["offset"]) == (record["partition"], record["offset"])
    assert sum(p["end"] for p in ada["searched"][0]["partitions"]) == len(ids_of_it()) + 2

    (record,) = sent["log"]
    assert record["person"]["login"]["uuid"] == foreign
    assert not record["complete"]
    assert "PRIVATE" not in json.dumps([sent, withheld])

    assert (withheld["profile"], withheld["stores"]["deciding"]["holds"]) == (None, False)
    assert [one["person"] for one in withheld["log"]] == [None]

    assert (nobody["held"], nobody["log"]) == (False, [])
    assert told.err == "Nothing is held of this id.\n"
