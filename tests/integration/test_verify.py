"""`profiles verify` on real servers: what it proves, finds, and makes equal again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pymongo
import pytest
from bson.binary import Binary
from cassandra.cluster import Session
from pymongo.database import Database

from profiles.adapters.cassandra import CassandraFollowingStore, CassandraSettings
from profiles.application.ports.stores import Following
from profiles.domain.version import Version
from tests.integration.test_command_line import Done, Profiles, profiles
from tests.support.cluster_site import Addresses, Running, Site, until
from tests.support.histories import profile
from tests.support.patience import PATIENCE_S
from tests.support.pipelines import (
    PERSONS,
    Ended,
    Pipeline,
    cassandra_session,
    ids_of_it,
    pipeline_into_both,
)

__all__ = ["profiles"]


@pytest.fixture
def pipeline(
    kafka_address: str, mongo_url: str, cassandra_address: str, tmp_path: Path
) -> Generator[Pipeline]:
    """Give a pipeline that has taken everybody into both stores."""
    with pipeline_into_both(kafka_address, mongo_url, cassandra_address, tmp_path) as made:
        made.produce()
        made.process()
        yield made


@contextmanager
def mongo(pipeline: Pipeline) -> Iterator[Database[dict[str, Any]]]:
    with pymongo.MongoClient[dict[str, Any]](pipeline.stores[0]) as client:
        yield client.get_default_database()


@contextmanager
def cassandra(pipeline: Pipeline) -> Iterator[Session]:
    address, _, keyspace = pipeline.stores[1].removeprefix("cassandra://").partition("/")
    with cassandra_session(address) as opened:
        opened.set_keyspace(keyspace)
        yield opened


@contextmanager
def following(pipeline: Pipeline) -> Iterator[CassandraFollowingStore]:
    address, _, keyspace = pipeline.stores[1].removeprefix("cassandra://").partition("/")
    host, _, port = address.partition(":")
    settings = CassandraSettings(
        hosts=(host,), port=int(port), keyspace=keyspace, timeout_s=PATIENCE_S
    )
    with CassandraFollowingStore.open(settings, clock=lambda: datetime.now(UTC)) as store:
        yield store


def verify(pipeline: Pipeline, *arguments: str) -> Ended:
    done = pipeline.run_without_topic("verify", *pipeline.into_stores, *arguments)
    assert done.code == (0 if all(check["ok"] for check in done.document["checks"]) else 1)
    assert not any(person in done.out + done.err for person in ids_of_it())
    assert len(done.out.splitlines()) == 1
    return done


def findings(done: Ended) -> dict[str, str]:
    return {check["what"]: check["found"] for check in done.document["checks"] if not check["ok"]}


def test_a_pipeline_that_was_left_alone_is_in_order(pipeline: Pipeline) -> None:
    done = verify(pipeline)

    assert findings(done) == {}
    assert (done.document["held"], done.document["followed"]) == (PERSONS, PERSONS)
    assert done.document["repaired"] is None
    assert "equal to the deciding store, row by row" in done.out


def test_what_the_following_store_lost_comes_back(pipeline: Pipeline) -> None:
    with cassandra(pipeline) as opened:
        opened.execute("TRUNCATE users")

    lost = verify(pipeline)
    repaired = verify(pipeline, "--repair")

    assert findings(lost) == {"following store": f"{PERSONS} missing"}
    assert repaired.document["repaired"] == {"written": PERSONS, "deleted": 0, "left": 0}
    assert (repaired.code, findings(verify(pipeline))) == (0, {})


def test_a_following_store_that_is_gone_is_made_anew_by_a_repair_only(pipeline: Pipeline) -> None:
    with cassandra(pipeline) as opened:
        opened.execute("DROP TABLE users")

    without = pipeline.run_without_topic("verify", *pipeline.into_stores)

    assert without.code == 2
    assert "There is no table users" in without.err
    assert verify(pipeline, "--repair").document["repaired"]["written"] == PERSONS
    assert findings(verify(pipeline)) == {}


def test_rows_that_are_extra_or_older_are_repaired(pipeline: Pipeline) -> None:
    ids = ids_of_it()
    unknown = UUID(int=7)
    with following(pipeline) as store:
        held = store.held(ids[:2])
        decided = Version(1, 0, 0).number()
        extra = profile(str(unknown), expires_at=date(2100, 1, 1))  # type: ignore[arg-type]  # an id
        store.follow(Following(held={extra.id: (extra, decided)}, absent={}))
    with mongo(pipeline) as base:  # held in a later revision, as after a correction
        key = Binary(bytes.fromhex(ids[1].replace("-", "")), 4)
        base.users.update_one({"_id": key}, {"$inc": {"version": 1}})

    assert findings(verify(pipeline)) == {"following store": "1 extra, 1 older"}
    repaired = verify(pipeline, "--repair").document["repaired"]

    assert repaired == {"written": 1, "deleted": 1, "left": 0}
    assert findings(verify(pipeline)) == {}
    with following(pipeline) as store:
        assert store.profile(extra.id) is None
        assert store.held([ids[1]])[ids[1]][1] == held[ids[1]][1] + 1


def test_the_deciding_store_is_never_repaired(pipeline: Pipeline) -> None:
    with mongo(pipeline) as base:
        base.users.delete_one({})
        before = list(base.users_statistics.find())

    found = findings(verify(pipeline, "--repair"))

    assert found == {
        "statistics": "1 cells and 1 e-mail domains differ from a recount",
    }
    with mongo(pipeline) as base:
        assert list(base.users_statistics.find()) == before


def test_a_minor_and_an_expired_person_are_found(pipeline: Pipeline) -> None:
    with mongo(pipeline) as base:
        first, second = base.users.find({}, {"_id": 1}).limit(2)
        base.users.update_one(first, {"$set": {"age": 12}})
        base.users.update_one(second, {"$set": {"expires_at": datetime(2020, 1, 1)}})  # noqa: DTZ001 - as PyMongo has it

    found = findings(verify(pipeline))

    assert (found["minors"], found["expired"]) == ("1 profiles", "1 profiles")


def test_an_erased_person_is_found_until_the_job_has_deleted_her(pipeline: Pipeline) -> None:
    pipeline.suppress(ids_of_it()[0])

    assert findings(verify(pipeline)) == {"erased persons": "1 are held, by a ledger of 1 entries"}
    pipeline.produce()
    pipeline.process()

    assert findings(verify(pipeline)) == {}


def test_a_deciding_store_from_an_earlier_copy_costs_the_following_nothing(
    pipeline: Pipeline,
) -> None:
    ids = ids_of_it()
    with mongo(pipeline) as base:
        copies = {name: list(base[name].find()) for name in base.list_collection_names()}
    pipeline.produce()
    pipeline.process()
    with mongo(pipeline) as base:
        for name, documents in copies.items():
            base[name].delete_many({})
            if documents:
                base[name].insert_many(documents)

    repaired = verify(pipeline, "--repair")
    pipeline.process()

    assert f"{PERSONS} ahead; {PERSONS} can't be made equal" in repaired.out
    assert findings(verify(pipeline)) == {}
    with following(pipeline) as store:
        assert len(store.held(ids)) == PERSONS


# --- Beside a job that writes ------------------------------------------------------------------

BUSY = "simulator:seed=7,minors=0.2,updates=0.3,duplicates=0.1"


def until_a_job_wrote(verify: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Verify until a job has written meanwhile; nothing may be wrong in any case."""
    for _ in range(20):
        document = verify()
        assert [check for check in document["checks"] if not check["ok"]] == []
        if document["checks"][-1]["found"].startswith("no, jobs were writing"):
            return document
    raise AssertionError("no job was writing")


def test_verification_is_exact_beside_a_busy_job(
    kafka_address: str, mongo_url: str, cassandra_address: str, tmp_path: Path
) -> None:
    addresses = Addresses(kafka_address, cassandra_address, mongo_url)
    extra = profile(str(UUID(int=7)), expires_at=date(2100, 1, 1))  # type: ignore[arg-type]  # an id
    with ExitStack() as stack:
        site = Site(addresses, tmp_path, stack, partitions=2)
        jobs = site.produce(BUSY, once=False, every="200ms"), site.process(once=False)
        until(lambda: site.decided() > 500, *jobs)

        well = until_a_job_wrote(lambda: site.verify().document())
        row = {extra.id: (extra, Version(1, 0, 0).number())}
        site.cassandra.follow(Following(held=row, absent={}))
        planted = site.verify().document(code=1)

        assert all(job.is_running() for job in jobs)
    assert well["held"] > 200
    assert {check["what"]: check["found"] for check in planted["checks"] if not check["ok"]} == {
        "following store": "1 extra"
    }


# --- The embedded engine ----------------------------------------------------------------------

STORE = ("--store", "sqlite:///p.db")


def test_the_embedded_engine_is_proved_too(profiles: Profiles, tmp_path: Path) -> None:
    source = "simulator:limit=200,minors=0.1,hostile=0.1,updates=0.2"
    profiles("run", "--once", "--source", source, *STORE)

    well = profiles("verify", *STORE)
    with closing(sqlite3.connect(tmp_path / "p.db")) as connection, connection:
        connection.execute("UPDATE cells SET month_1 = month_1 + 1")
    changed = profiles("verify", "--repair", *STORE)

    assert (well.code, changed.code) == (0, 1)
    assert json.loads(well.out)["followed"] is None
    assert "cells and 0 e-mail domains differ from a recount" in changed.out


def test_a_store_that_is_missing_is_wrong_usage(profiles: Profiles, tmp_path: Path) -> None:
    done = profiles("verify", *STORE)

    assert done.code == 2
    assert "There is no profile store at p.db" in done.err
    assert list(tmp_path.iterdir()) == []


def test_the_embedded_engine_is_proved_beside_its_job(profiles: Profiles, tmp_path: Path) -> None:
    def verified() -> Done:
        return profiles("verify", *STORE)

    job = Running(["run", "--every=20ms", f"--source={BUSY}", *STORE], tmp_path)
    try:
        until(lambda: verified().code == 0, job)

        until_a_job_wrote(lambda: dict(json.loads(verified().out)))
        with closing(sqlite3.connect(tmp_path / "p.db")) as connection, connection:
            connection.execute("UPDATE cells SET month_1 = month_1 + 1")
        changed = verified()

        assert job.is_running()
    finally:
        job.kill()
    assert changed.code == 1
    assert "cells and 0 e-mail domains differ from a recount" in changed.out
