"""`profiles rectify` through the command line: on one machine, and on real servers."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.integration.test_command_line import Done, Profiles, profiles
from tests.integration.test_verify import pipeline
from tests.support.misbehaving_api import MisbehavingApi, answer
from tests.support.pipelines import PERSONS, Pipeline, ids_of_it

__all__ = ["pipeline", "profiles"]

RUN = ("run", "--source", "simulator:seed=3,limit=30", "--store", "sqlite:///p.db", "--once")
RECTIFY = ("rectify", "--store", "sqlite:///p.db")
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def document(done: Done) -> dict[str, Any]:
    return dict(json.loads(done.out.splitlines()[-1]))


def rows(store: Path) -> dict[str, dict[str, Any]]:
    with closing(sqlite3.connect(store)) as connection:
        connection.row_factory = sqlite3.Row
        return {row["id"]: dict(row) for row in connection.execute("SELECT * FROM users")}


def test_what_is_corrected_stays_so_until_it_is_released(
    profiles: Profiles, tmp_path: Path
) -> None:
    profiles(*RUN)
    before = rows(tmp_path / "p.db")
    person, *_ = before
    values = json.dumps({"full_name": "Åse Lund", "email": None})

    done = profiles(*RECTIFY, person.upper(), "city=Tromsø", "--from", "-", stdin=values.encode())

    assert done.code == 0, done.err
    assert document(done) == {
        "id": person,
        "entry": 1,
        "log": "log.sqlite",
        "partition": 0,
        "offset": 30,
        "corrected": ["full_name", "email", "city"],
        "released": [],
        "held": {"p.db": True},
        "minor": False,
        "complete": True,
        "told": [],
        "erased": False,
    }
    assert "No job took the correction in" in done.err
    assert "Åse" not in done.err + done.out
    corrected = {"city": "Tromsø", "full_name": "Åse Lund", "email": None}
    assert {name: rows(tmp_path / "p.db")[person][name] for name in corrected} == corrected

    profiles(*RUN)
    assert {name: rows(tmp_path / "p.db")[person][name] for name in corrected} == corrected
    exported = json.loads(profiles("export", person, "--store", "sqlite:///p.db").out)
    assert exported["corrected"] == ["full_name", "city", "email"]

    released = profiles(*RECTIFY, person, "--release", "city", "--release", "full_name")
    assert document(released)["released"] == ["city", "full_name"]
    profiles(*RUN)
    now = rows(tmp_path / "p.db")[person]
    assert (now["city"], now["email"]) == (before[person]["city"], None)
    assert profiles("verify", "--store", "sqlite:///p.db").code == 0


def test_a_child_by_the_corrected_date_of_birth_is_erased_and_does_not_come_back(
    profiles: Profiles, tmp_path: Path
) -> None:
    profiles(*RUN)
    person, *_ = rows(tmp_path / "p.db")
    born = f"birth_date={datetime.now(UTC).year - 10}-01-01"

    done = profiles(*RECTIFY, person, born)

    assert done.code == 0, done.err
    assert document(done)["minor"]
    assert document(done)["erased"]
    assert document(done)["held"] == {"p.db": False}
    audited = json.loads(profiles("audit", "--store", "sqlite:///p.db").out)
    assert [(each["action"], each["state"]) for each in audited["requests"]] == [
        ("rectify", "complete"),
        ("suppress", "complete"),
    ]
    assert profiles(*RUN).tally["suppressed"] == 1
    assert person not in rows(tmp_path / "p.db")

    refused = profiles(*RECTIFY, person, "city=Oslo")
    assert refused.code == 1
    assert "Nothing is held of this id. Nothing was corrected." in refused.err


def test_recipients_are_told_of_a_correction_until_they_confirm(
    profiles: Profiles, tmp_path: Path
) -> None:
    profiles(*RUN)
    person, child, *_ = rows(tmp_path / "p.db")
    (tmp_path / "profiles.toml").write_text('[policy]\nrecipients = ["the shop"]\n')
    with MisbehavingApi(answer(400, b""), *[answer(204, b"")] * 2) as api:
        tell = ("--notify", f"the shop={api.url}", "--received", "2026-01-31")
        failed = profiles(*RECTIFY, person, "city=Tromsø", *tell)
        told = profiles(*RECTIFY, person, "city=Tromsø", *tell)
        born = f"birth_date={datetime.now(UTC).year - 10}-01-01"
        erased = profiles(*RECTIFY, child, born, *tell)

    assert [done.code for done in (failed, told, erased)] == [1, 0, 0], failed.err
    assert document(failed)["complete"]
    assert document(failed)["told"] == [{"recipient": "the shop", "confirmed": False}]
    assert "not every recipient has confirmed" in failed.err
    for done in (told, erased):
        assert document(done)["told"] == [{"recipient": "the shop", "confirmed": True}]
    notices = [json.loads(request.body) for request in api.requests]
    assert [(notice["id"], notice["action"]) for notice in notices] == [
        (person, "rectify"),
        (person, "rectify"),
        (child, "erase"),
    ]
    audited = json.loads(profiles("audit", "--store", "sqlite:///p.db").out)
    assert {each["deadline"] for each in audited["requests"]} == {"2026-02-28"}


WRONG: list[tuple[tuple[str, ...], str]] = [
    ((), "Whose? Give the ID of a person, then FIELD=VALUE."),
    (("somebody@example.com",), "The first argument is no ID of a person"),
    ((UNKNOWN, "somebody@example.com"), "Argument 1 after the ID is not FIELD=VALUE"),
    ((UNKNOWN, "city=x", "id=somebody@example.com"), "Argument 2 after the ID is not FIELD"),
    ((UNKNOWN, "city=x", "city=y"), "city is given twice"),
    ((UNKNOWN, "--from", "absent"), "absent can't be read"),
    ((UNKNOWN, "--from", "bytes"), "bytes is no JSON object of username"),
    ((UNKNOWN, "--from", "others"), "others is no JSON object of username"),
    ((UNKNOWN, "birth_date=somebody@example.com"), "birth_date is not taken: it has to be"),
    ((UNKNOWN, "--release", "somebody@example.com"), "What --release 1 names can't be released"),
    ((UNKNOWN,), "Nothing that can be corrected is named"),
]


def test_wrong_input_gets_one_sentence_and_corrects_nothing(
    profiles: Profiles, tmp_path: Path
) -> None:
    profiles(*RUN)
    before = (tmp_path / "log.sqlite").read_bytes()
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (tmp_path / "others").write_text('{"phone": "somebody@example.com"}')

    for arguments, said in WRONG:
        refused = profiles(*RECTIFY, *arguments)

        assert refused.code == 2, arguments
        assert said in " ".join(refused.err.split())
        assert "somebody@example.com" not in refused.err
    assert (tmp_path / "log.sqlite").read_bytes() == before


def test_stores_without_a_log_are_not_corrected(profiles: Profiles, tmp_path: Path) -> None:
    profiles(*RUN)
    (tmp_path / "log.sqlite").unlink()

    refused = profiles(*RECTIFY, UNKNOWN, "city=Oslo")

    assert refused.code == 2
    assert "There is no log at log.sqlite that these stores are made from" in refused.err
    assert not (tmp_path / "log.sqlite").exists()


# On servers --------------------------------------------------------------------------------------


def test_a_correction_on_servers_outlasts_the_source_and_a_replay(pipeline: Pipeline) -> None:
    person = ids_of_it()[0]
    export = ("export", person, *pipeline.into_stores)

    done = pipeline.run("rectify", person, "city=Tromsø", "title=", *pipeline.into_stores)

    assert done.document["complete"]
    assert list(done.document["held"].values()) == [True, True]
    assert "Tromsø" not in done.out + done.err
    pipeline.produce()
    assert pipeline.process().document["read"] == PERSONS + 1  # the group had not confirmed one
    pipeline.run("rectify", person, "--release", "title", *pipeline.into_stores)
    held = pipeline.run(*export).document

    assert held["profile"]["city"] == "Tromsø"
    assert held["corrected"] == ["city"]
    assert held["stores"]["following"]["agrees"]
    assert [one["correction"] for one in held["log"] if one["correction"]] == [
        {"set": {"city": "Tromsø", "title": None}, "release": []},
        {"set": {}, "release": ["title"]},
    ]

    replayed = pipeline.run(
        "process", "--once", "--group", f"{pipeline.name}-new", *pipeline.into_stores
    )

    assert replayed.document["read"] == 2 * PERSONS + 2
    after = pipeline.run(*export).document
    assert (after["profile"], after["corrected"]) == (held["profile"], held["corrected"])
    verified = pipeline.run_without_topic("verify", *pipeline.into_stores)
    assert verified.code == 0, verified.out
