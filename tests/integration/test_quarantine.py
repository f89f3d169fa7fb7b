"""`profiles quarantine`: what was rejected, told without a value and taken up again."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from profiles.adapters import codec
from profiles.adapters.kafka import KafkaLogLookup, Topics
from profiles.adapters.memory import MemoryLedger
from profiles.adapters.mongo import MongoDecidingStore
from profiles.adapters.sqlite import SqliteDecidingStore, SqliteLog
from profiles.application.log.deciding import Chunk
from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogPartition, Notice
from profiles.application.ports.stores import DecidingStore
from profiles.domain.outcome import Rejected, RejectionReason
from profiles.domain.person import Birth, Login, Person, PersonId
from tests.integration.test_command_line import STORE, Done, Profiles, profiles
from tests.support.patience import PATIENCE_S
from tests.support.pipelines import pipeline_between

__all__ = ["profiles"]

ADULT = {
    "login": {"uuid": "0b54cf1e-89a6-4c3b-8f0a-1f7dd4c9f7a1"},
    "dob": {"date": "1990-02-28"},
    "name": {"first": "PLANTED"},
}


def document(done: Done) -> dict[str, Any]:
    assert done.code == 0, done.err
    assert len(done.out.splitlines()) == 1
    assert "PLANTED" not in done.out + done.err
    return dict(json.loads(done.out))


@pytest.fixture
def rejected(profiles: Profiles, tmp_path: Path) -> None:
    """Reject two lines of a file, the second one a response with a broken person in it."""
    broken = {**ADULT, "dob": {"date": "PLANTED"}}
    lines = ["PLANTED", json.dumps(ADULT), json.dumps({"results": [ADULT, broken]})]
    (tmp_path / "people.jsonl").write_text("\n".join(lines) + "\n")
    assert profiles("run", "--once", "--source", "people.jsonl", *STORE).code == 0


@pytest.mark.usefixtures("rejected")
def test_it_lists_what_was_rejected_and_where_it_was_in_its_source(profiles: Profiles) -> None:
    done = profiles("quarantine", *STORE)

    found = document(done)
    assert (found["rejected"], found["only_counted"]) == (2, 0)
    assert found["reasons"] == {"date": 1, "json": 1}
    assert {
        (each["reason"], each["path"], each["index"], each["place"]) for each in found["listed"]
    } == {
        ("json", "", None, "line 1"),
        ("date", "results[1].dob.date", 1, "line 3"),
    }
    assert "results[1].dob.date" in done.err


@pytest.mark.usefixtures("rejected")
def test_it_lists_as_many_as_wanted_or_those_of_a_reason(profiles: Profiles) -> None:
    one = document(profiles("quarantine", *STORE, "--limit", "1"))
    of_json = document(profiles("quarantine", *STORE, "--reason", "json"))

    assert (one["rejected"], len(one["listed"])) == (2, 1)
    assert [each["reason"] for each in of_json["listed"]] == ["json"]


def test_wrong_input_is_one_sentence(profiles: Profiles) -> None:
    missing = profiles("quarantine", "--store", "sqlite:///none.db")
    unknown = profiles("quarantine", *STORE, "--reason", "PLANTED")
    none = profiles("quarantine", *STORE, "--limit", "0")
    both = profiles("quarantine", *STORE, "--retry", "--reason", "json")

    assert [missing.code, unknown.code, none.code, both.code] == [2, 2, 2, 2]
    assert "--retry takes up everything" in both.err
    assert "There is no profile store at none.db" in missing.err
    assert "'envelope'" in unknown.err
    assert missing.out + unknown.out + none.out + both.out == ""


# Taking up again ----------------------------------------------------------------------------------

BEA = "0b54cf1e-89a6-4c3b-8f0a-1f7dd4c9f7a2"


def retry(profiles: Profiles, *arguments: str) -> dict[str, Any]:
    found = document(profiles("quarantine", "--retry", *arguments))
    outcomes = {name: count for name, count in found.items() if name not in ("read", "deleted")}
    assert found["read"] == sum(outcomes.values())
    return {name: count for name, count in found.items() if count}


def rejected_by_an_earlier_release(
    store: DecidingStore, offset: int, partition: LogPartition
) -> None:
    """Put into the quarantine what the running release would have read."""
    entry = Quarantined(
        partition=partition,
        offset=offset,
        ordinal=0,
        logged_at=datetime.now(UTC),
        rejected=Rejected(RejectionReason.TYPE, "location.city", "text or null"),
    )
    store.transactions.run(lambda unit: unit.quarantine([entry]))


@pytest.mark.usefixtures("rejected")
def test_of_the_embedded_log_what_can_be_read_is_appended_and_the_next_run_takes_it(
    profiles: Profiles, tmp_path: Path
) -> None:
    with (
        closing(SqliteDecidingStore.open(tmp_path / "p.db")) as store,
        closing(SqliteLog.open(tmp_path / "log.sqlite", encode=codec.encode)) as log,
    ):
        bea = Person(login=Login(uuid=PersonId(BEA)), dob=Birth(date="1990-02-28"), schema=1)
        first, _ = log.append(
            [bea], Notice(), logged_at=datetime.now(UTC), source="s", expected=0, position=None
        )
        # An earlier release has decided it, and rejected it.
        chunk = Chunk(partition=log.partition, start=first, end=first + 1, entries=[], read=0)
        store.apply(chunk, MemoryLedger())
        rejected_by_an_earlier_release(store, first, log.partition)

    assert retry(profiles, *STORE) == {"read": 3, "appended": 1, "not_in_log": 2}
    assert retry(profiles, *STORE) == {"read": 2, "not_in_log": 2}

    (tmp_path / "empty.jsonl").touch()
    assert profiles("run", "--once", "--source", "empty.jsonl", *STORE).tally["stored"] == 1
    with closing(SqliteDecidingStore.open(tmp_path / "p.db")) as store:
        assert BEA in {profile.id for profile, _ in store.profiles()}


@pytest.mark.usefixtures("rejected")
def test_the_embedded_log_is_left_alone_while_a_run_works_with_it(
    profiles: Profiles, tmp_path: Path
) -> None:
    with closing(SqliteLog.open(tmp_path / "log.sqlite", encode=codec.encode)) as log, log.claim():
        done = profiles("quarantine", "--retry", *STORE)

    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[-1].startswith("Error: log.sqlite: another `profiles run`")


@pytest.mark.usefixtures("rejected")
def test_under_another_policy_than_that_of_the_store_nothing_is_taken_up(
    profiles: Profiles, tmp_path: Path
) -> None:
    (tmp_path / "older.toml").write_text("[policy]\nminimum_age = 21\n")

    done = profiles("quarantine", "--retry", *STORE, "--policy", "older.toml")

    assert done.code == 1
    assert "Error: The store is written under another privacy policy" in done.err


@pytest.mark.usefixtures("rejected")
def test_it_makes_no_log_and_no_ledger_and_says_which_is_missing(
    profiles: Profiles, tmp_path: Path
) -> None:
    elsewhere = profiles("quarantine", "--retry", *STORE, "--data", str(tmp_path / "none"))
    (tmp_path / "log.sqlite").unlink()
    no_log = profiles("quarantine", "--retry", *STORE)
    in_kafka = profiles("quarantine", "--retry", "--store", "mongodb://127.0.0.1:9/p")

    assert (elsewhere.code, no_log.code, in_kafka.code) == (1, 2, 2)
    assert "ledger.sqlite is missing" in elsewhere.err
    assert "There is no log at" in no_log.err
    assert "name the cluster with --kafka" in in_kafka.err
    assert not (tmp_path / "none").exists()


def test_of_a_topic_what_can_be_read_is_appended_and_process_takes_it(
    kafka_address: str, mongo_url: str, tmp_path: Path, profiles: Profiles
) -> None:
    name = f"test_{uuid4().hex[:8]}"
    base, _, options = mongo_url.partition("/?")
    url = f"{base}/{name}?{options}"
    ids = [PersonId(f"{number:08x}-0000-4000-8000-00000000000c") for number in range(3)]
    born = ["1990-02-28", "1990-02-28", f"{datetime.now(UTC).year - 9}-01-01"]
    with pipeline_between(kafka_address, tmp_path, [url]) as pipeline:
        pipeline.produce()
        pipeline.process()
        values = [
            json.dumps(
                {"login": {"uuid": person}, "dob": {"date": day}, "name": {"first": "PLANTED"}}
            )
            for person, day in zip(ids, born, strict=True)
        ]
        producer = Producer({"bootstrap.servers": kafka_address})
        for value in [*values, "{", values[1]]:  # of the second a newer one comes
            producer.produce(pipeline.name, value=value, partition=0)
        assert producer.flush(PATIENCE_S) == 0
        with (
            closing(MongoDecidingStore.open(url, name, create=False)) as store,
            closing(KafkaLogLookup(kafka_address, pipeline.name)) as lookup,
        ):
            decided_by_an_earlier_release(store, lookup.partitions()[0], lookup)
            given = ["--kafka", kafka_address, "--topic", pipeline.name, *pipeline.into_stores]

            first = retry(profiles, *given)
            again = retry(profiles, *given)
            listed = document(profiles("quarantine", *pipeline.into_stores))
            tally = pipeline.process().document
            held = store.held(ids)

    assert first == {"read": 4, "appended": 1, "superseded": 1, "withheld": 1, "unreadable": 1}
    assert again == {"read": 1, "unreadable": 1}
    assert [(each["reason"], each["partition"]) for each in listed["listed"]] == [("type", 0)]
    assert (tally["stored"], list(held)) == (1, ids[:1])


def decided_by_an_earlier_release(
    store: DecidingStore, partition: LogPartition, lookup: KafkaLogLookup
) -> None:
    """Let it have rejected all that is new but the last."""
    start, end = store.position(partition) or 0, lookup.bounds(partition)[1]
    store.apply(
        Chunk(partition=partition, start=start, end=end, entries=[], read=0), MemoryLedger()
    )
    for offset in range(start, end - 1):
        rejected_by_an_earlier_release(store, offset, partition)


def test_a_topic_that_is_not_there_is_not_made(
    kafka_address: str, profiles: Profiles, tmp_path: Path
) -> None:
    (tmp_path / "empty.jsonl").touch()
    assert profiles("run", "--once", "--source", "empty.jsonl", *STORE).code == 0
    name = f"none-{uuid4().hex}"

    done = profiles(
        *("quarantine", "--retry", *STORE, "--ledger", "ledger.sqlite"),
        *("--kafka", kafka_address, "--topic", name),
    )

    assert done.code == 2
    assert f"There is no topic {name} at {kafka_address}" in done.err
    assert Topics(kafka_address).find(name, stop=Event()) is None
