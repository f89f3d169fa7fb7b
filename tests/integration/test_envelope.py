"""`profiles process` on a topic whose messages are in another system's envelope."""

from __future__ import annotations

import json
from pathlib import Path

from confluent_kafka import Producer

from profiles.adapters.sqlite import SqliteDecidingStore
from tests.support.histories import ADA, BEA, CLEO
from tests.support.patience import PATIENCE_S
from tests.support.pipelines import pipeline_between


def change(operation: str, before: str | None, after: str | None) -> str:
    def row(person: str | None) -> object:
        return person and {"login": {"uuid": person}, "dob": {"date": "1990-02-28"}}

    payload = {"op": operation, "before": row(before), "after": row(after)}
    return json.dumps({"schema": {"type": "struct"}, "payload": payload})


def test_changes_of_debezium_are_read_where_the_setting_says_so(
    kafka_address: str, tmp_path: Path
) -> None:
    with pipeline_between(kafka_address, tmp_path) as pipeline:
        pipeline.process("--partitions", "1")
        producer = Producer({"bootstrap.servers": kafka_address})
        for value in (
            change("r", None, ADA),
            change("c", None, BEA),
            change("d", ADA, None),
            change("d", None, None),
        ):
            producer.produce(pipeline.name, value=value)
        assert producer.flush(PATIENCE_S) == 0

        (tmp_path / "profiles.toml").write_text('envelope = "debezium"\n')
        read = pipeline.process().document
        producer.produce(pipeline.name, value=change("c", None, CLEO))
        assert producer.flush(PATIENCE_S) == 0
        (tmp_path / "profiles.toml").unlink()
        without = pipeline.process().document
        wrong = pipeline.process("--envelope", "PLANTED", code=2)

    assert (read["stored"], read["erased"], read["rejected"]) == (1, 1, 1)
    assert read["reasons"] == {"envelope": 1}
    assert (without["rejected"], without["reasons"]) == (1, {"envelope": 1})
    assert "'debezium'" in wrong.err
    store = SqliteDecidingStore.open(tmp_path / "p.db", create=False)
    assert [profile.id for profile, _ in store.profiles()] == [BEA]
    store.close()
