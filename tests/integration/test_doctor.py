"""`profiles doctor` on real servers: what is there, what is wrong with it, and nothing changed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pymongo
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from profiles.adapters.kafka import Topics
from profiles.adapters.kafka.partitioner import partition_of
from tests.integration.test_command_line import Profiles, profiles
from tests.support.patience import PATIENCE_S
from tests.support.pipelines import (
    PERSONS,
    Ended,
    Pipeline,
    cassandra_session,
    ids_of_it,
    pipeline_into_both,
)
from tests.support.refused_address import refused_address

__all__ = ["profiles"]


@pytest.fixture
def pipeline(
    kafka_address: str, mongo_url: str, cassandra_address: str, tmp_path: Path
) -> Generator[Pipeline]:
    with pipeline_into_both(kafka_address, mongo_url, cassandra_address, tmp_path) as made:
        yield made


def keyspace(pipeline: Pipeline) -> str:
    return pipeline.stores[1].rpartition("/")[2]


def doctor(pipeline: Pipeline) -> Ended:
    return pipeline.run("doctor", *pipeline.into_stores, code=None)


def findings(done: Ended) -> dict[str, str]:
    """Return what was found by the last words of what was looked at."""
    assert set(done.document) == {"checks"}
    for check in done.document["checks"]:
        assert list(check) == ["what", "ok", "found", "remedy"]
        assert check["ok"] or check["remedy"]
    return {check["what"]: check["found"] for check in done.document["checks"] if not check["ok"]}


def test_a_healthy_pipeline_of_single_servers_lacks_nothing_but_copies(pipeline: Pipeline) -> None:
    pipeline.produce()
    pipeline.process()

    done = doctor(pipeline)

    assert done.code == 1
    assert {what.rpartition(": ")[2] for what in findings(done)} == {"copies"}
    assert len(findings(done)) == 5
    shown = done.out + done.err
    assert "min.insync.replicas=2" in shown
    assert f"of the {PERSONS} newest records all lie where their key belongs" in done.out
    assert "up to 0 records before the ends" in done.out
    assert not any(person in shown for person in ids_of_it())
    assert len(done.out.splitlines()) == 1


def test_where_nothing_is_there_it_says_so_and_makes_nothing(
    pipeline: Pipeline, mongo_url: str, cassandra_address: str
) -> None:
    done = doctor(pipeline)

    found = findings(done)
    assert done.code == 1
    assert found["erasure ledger"] == "is missing, and the store has applied none of it"
    assert [found[f"topic {name}"] for name in pipeline.topics] == ["there is none"] * 3
    assert sum("There is no profile store" in text for text in found.values()) == 1
    assert sum("There is no table" in text for text in found.values()) == 1
    assert not any(pipeline.exists(topic) for topic in pipeline.topics)
    with pymongo.MongoClient[dict[str, Any]](mongo_url) as client:
        assert keyspace(pipeline) not in client.list_database_names()
    with cassandra_session(cassandra_address) as cassandra:
        names = {
            row[0] for row in cassandra.execute("SELECT keyspace_name FROM system_schema.keyspaces")
        }
    assert keyspace(pipeline) not in names
    assert list(pipeline.folder.iterdir()) == []


def test_settings_that_were_changed_are_found_with_what_mends_them(
    pipeline: Pipeline, cassandra_address: str
) -> None:
    pipeline.produce()
    pipeline.process()
    admin = AdminClient({"bootstrap.servers": pipeline.kafka})
    for topic, setting in ((pipeline.name, "cleanup.policy"), (pipeline.ledger, "retention.ms")):
        value = "compact" if setting == "cleanup.policy" else "1000"
        entry = ConfigEntry(setting, value, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
        admin.incremental_alter_configs([resource])[resource].result(PATIENCE_S)
    with cassandra_session(cassandra_address) as cassandra:
        name = keyspace(pipeline)
        cassandra.execute(f"ALTER KEYSPACE {name} WITH durable_writes = false")
        cassandra.execute(
            f"ALTER TABLE {name}.users WITH gc_grace_seconds = 60", timeout=PATIENCE_S
        )

    done = doctor(pipeline)

    found = findings(done)
    assert found[f"topic {pipeline.name}: settings"] == "cleanup.policy=compact, not delete"
    assert found[f"topic {pipeline.ledger}: settings"] == "retention.ms=1000, not -1"
    assert [text for what, text in found.items() if what.endswith("durable writes")] == ["off"]
    assert any(what.endswith("memory of deletions") for what in found)
    assert f"kafka-configs.sh --alter --topic {pipeline.ledger}" in done.out


def test_a_foreign_partitioner_is_found_in_the_newest_records(pipeline: Pipeline) -> None:
    pipeline.produce()
    pipeline.process()
    ada = ids_of_it()[0]
    value = json.dumps({"login": {"uuid": ada}, "dob": {"date": "1985-03-01"}})
    producer = Producer({"bootstrap.servers": pipeline.kafka})
    elsewhere = 1 - partition_of(ada.encode(), 2)
    producer.produce(pipeline.name, key=ada, value=value, partition=elsewhere)
    producer.produce(pipeline.name, value=value, partition=elsewhere)
    assert producer.flush(PATIENCE_S) == 0

    done = doctor(pipeline)

    found = findings(done)[f"topic {pipeline.name}: one partition a person"]
    assert "1 have no key" in found
    assert "1 lie where another partitioner than Java's puts their key" in found
    assert "1 persons are in more than one partition" in found
    assert ada not in done.out + done.err


def test_our_producer_and_java_put_keys_in_the_same_place(pipeline: Pipeline) -> None:
    """`produce` partitions by librdkafka's murmur2, and the check by our own."""
    pipeline.produce()

    done = doctor(pipeline)

    assert f"of the {PERSONS} newest records all lie where their key belongs" in done.out


def test_a_topic_and_a_ledger_that_were_made_anew_are_found(pipeline: Pipeline) -> None:
    pipeline.produce()
    pipeline.process()
    pipeline.suppress(ids_of_it()[0])
    pipeline.produce()
    pipeline.process()
    Topics(pipeline.kafka).delete(pipeline.name, pipeline.ledger)
    pipeline.produce()

    found = findings(doctor(pipeline))

    assert found[f"topic {pipeline.name}: read by the store"] == (
        "nothing of this topic, but of another"
    )
    assert found["erasure ledger"] == ("is missing, though the store has applied it up to entry 1")


def test_servers_that_are_away_are_findings(pipeline: Pipeline) -> None:
    with refused_address() as nobody:
        stores = (
            f"mongodb://{nobody}/p?serverSelectionTimeoutMS=300",
            f"cassandra://{nobody}/p",
        )
        away = Pipeline(kafka=nobody, folder=pipeline.folder, stores=stores)

        done = doctor(away)

    found = findings(done)
    assert done.code == 1
    assert found[f"MongoDB at {nobody}/p"] == "no primary answered"
    assert found[f"Cassandra at {nobody}/p"].startswith("no node answered")
    assert found[f"Kafka at {nobody}"].startswith("it refused or did not answer")
    assert "Traceback" not in done.err


# --- The embedded engine, and wrong usage ----------------------------------------------------

STORE = ("--store", "sqlite:///p.db")


def test_the_embedded_engine_is_well_by_itself(profiles: Profiles, tmp_path: Path) -> None:
    profiles("run", "--once", "--source", "simulator:limit=3", *STORE)

    done = profiles("doctor", *STORE)

    assert done.code == 0, done.out
    assert all(check["ok"] for check in json.loads(done.out)["checks"])
    assert "file p.db" in done.err
    assert "log log.sqlite: times of records" in done.err
    assert {path.name for path in tmp_path.iterdir()} == {"p.db", "log.sqlite", "ledger.sqlite"}


def test_files_that_others_may_read_are_found(profiles: Profiles, tmp_path: Path) -> None:
    profiles("run", "--once", "--source", "simulator:limit=3", *STORE, "--data", ".")
    (tmp_path / "log.sqlite").chmod(0o644)

    done = profiles("doctor", *STORE)

    bad = [check for check in json.loads(done.out)["checks"] if not check["ok"]]
    assert done.code == 1
    assert [check["found"] for check in bad] == ["mode 644"]
    assert "chmod 600 log.sqlite" in bad[0]["remedy"]


@pytest.mark.parametrize("way", ["variable", "file", "the page's table", "flag"])
def test_a_page_that_shows_single_persons_is_found(
    profiles: Profiles, tmp_path: Path, way: str
) -> None:
    profiles("run", "--once", "--source", "simulator:limit=3", *STORE)
    if way in {"file", "the page's table"}:
        table = "" if way == "file" else "[dashboard]\n"
        (tmp_path / "profiles.toml").write_text(f"{table}k = 1\n")

    done = profiles(
        *("doctor", *STORE, *(("--k", "1") if way == "flag" else ())),
        env={"PROFILES_K": "1"} if way == "variable" else {},
    )

    bad = [check["what"] for check in json.loads(done.out)["checks"] if not check["ok"]]
    assert (done.code, bad) == (1, ["page: k"])


def test_without_a_store_or_a_ledger_nothing_is_made(profiles: Profiles, tmp_path: Path) -> None:
    done = profiles("doctor", *STORE)

    bad = {
        check["what"]: check["found"] for check in json.loads(done.out)["checks"] if not check["ok"]
    }
    assert done.code == 1
    assert bad["erasure ledger"] == "is missing, and the store has applied none of it"
    assert "There is no profile store at p.db" in bad["p.db"]
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_that_the_store_has_applied_and_that_is_gone_is_found(
    profiles: Profiles, tmp_path: Path
) -> None:
    profiles("run", "--once", "--source", "simulator:limit=3", *STORE)
    with closing(sqlite3.connect(tmp_path / "p.db")) as connection, connection:
        connection.execute("UPDATE store SET ledger_position = 2")

    shorter = profiles("doctor", *STORE)
    (tmp_path / "ledger.sqlite").unlink()
    gone = profiles("doctor", *STORE)

    assert "ends at entry 0, before 2" in shorter.out
    assert "is missing, though the store has applied it up to entry 2" in gone.out
    assert (shorter.code, gone.code) == (1, 1)


WRONG = [
    ((), "--store"),
    (("--store", "p.db"), "takes a URL"),
    (("--store", "mongodb://u:Opensesame@h/d"), "has a password in it"),
    (("--store", "mongodb://h/d?tlsCertificateKeyFilePassword=Opensesame"), "has a password in it"),
    (("--store", "mongodb://h/d?authMechanismProperties=AWS_SESSION_TOKEN:Opensesame"), "password"),
    ((*STORE, "--kafka", "nowhere"), "HOST:PORT"),
    ((*STORE, "--k", "0"), "--k"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG)
def test_wrong_usage_gets_one_clear_sentence_and_exit_code_2(
    profiles: Profiles, arguments: tuple[str, ...], said: str
) -> None:
    done = profiles("doctor", *arguments)

    assert done.code == 2
    assert said in done.err
    assert "Opensesame" not in done.err
    assert done.out == ""
