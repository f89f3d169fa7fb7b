"""`profiles restrict` and `unrestrict`: on one machine, and on real servers beside jobs."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_command_line import Done, Profiles, profiles
from tests.integration.test_verify import pipeline
from tests.support.misbehaving_api import MisbehavingApi, answer
from tests.support.pipelines import PERSONS, Pipeline, ids_of_it

__all__ = ["pipeline", "profiles"]

STORE = ("--store", "sqlite:///p.db")
RUN = ("run", "--source", "simulator:seed=3,limit=30", "--once", *STORE)
RESTRICT = ("restrict", "--reason", "accuracy-contested")
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def document(done: Done) -> dict[str, Any]:
    assert done.code == 0, done.err
    return dict(json.loads(done.out.splitlines()[-1]))


def rows(store: Path) -> dict[str, dict[str, Any]]:
    """Return what is held, without versions."""
    with closing(sqlite3.connect(store)) as connection:
        connection.row_factory = sqlite3.Row
        held = [dict(row) for row in connection.execute("SELECT * FROM users")]
    return {row["id"]: {**row, "version": None} for row in held}


def test_a_profile_is_kept_apart_and_held_again(profiles: Profiles, tmp_path: Path) -> None:
    profiles(*RUN)
    before = rows(tmp_path / "p.db")
    person, *_ = before

    done = document(profiles(*RESTRICT, person, *STORE))

    assert done == {
        "id": person,
        "entry": 1,
        "restricted": True,
        "kept_apart": True,
        "held": {"p.db": False},
        "complete": True,
        "told": [],
    }
    assert rows(tmp_path / "p.db").keys() == before.keys() - {person}
    assert document(profiles(*RUN))["restricted"] == 1
    verified = profiles("verify", *STORE)
    assert verified.code == 0, verified.out
    assert document(verified)["held"] == len(before) - 1

    back = document(profiles("unrestrict", person, *STORE))

    assert (back["entry"], back["restricted"], back["held"]) == (3, False, {"p.db": True})
    assert rows(tmp_path / "p.db")[person] == before[person]
    assert profiles("verify", *STORE).code == 0


def test_recipients_are_told_when_it_begins_and_when_it_ends(
    profiles: Profiles, tmp_path: Path
) -> None:
    profiles(*RUN)
    person, *_ = rows(tmp_path / "p.db")
    (tmp_path / "profiles.toml").write_text('[policy]\nrecipients = ["the shop"]\n')
    with MisbehavingApi(answer(204, b""), answer(400, b""), answer(204, b"")) as api:
        tell = (person, *STORE, "--notify", f"the shop={api.url}")
        begins = document(profiles(*RESTRICT, *tell))
        failed = profiles("unrestrict", *tell)
        ends = document(profiles("unrestrict", *tell))

    assert failed.code == 1
    assert "not every recipient has confirmed" in failed.err
    assert begins["told"] == ends["told"] == [{"recipient": "the shop", "confirmed": True}]
    assert [json.loads(request.body)["action"] for request in api.requests] == [
        "restrict",
        "unrestrict",
        "unrestrict",
    ]


def test_where_there_is_nothing_to_do_it_says_so(profiles: Profiles) -> None:
    profiles(*RUN)

    nobody = profiles(*RESTRICT, UNKNOWN, *STORE)
    not_restricted = profiles("unrestrict", UNKNOWN, *STORE)

    assert (document(nobody)["entry"], document(not_restricted)["entry"]) == (None, None)
    assert "Nothing is held of this person" in nobody.err
    assert "was not restricted" in not_restricted.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*RESTRICT, "somebody@example.com", *STORE), "no ID of a person"),
        (("restrict", UNKNOWN, *STORE), "Missing option '--reason'"),
        (("restrict", UNKNOWN, "--reason", "spite", *STORE), "'spite' is not one of"),
        (("unrestrict", "somebody@example.com", *STORE), "no ID of a person"),
        (("unrestrict", UNKNOWN, *STORE), "no profile store"),
    ],
)
def test_wrong_usage_is_told_and_changes_nothing(
    profiles: Profiles, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    refused = profiles(*arguments)

    assert refused.code == 2
    assert said in " ".join(refused.err.split())
    assert "somebody@example.com" not in refused.err
    assert list(tmp_path.iterdir()) == []


def test_it_is_absent_from_both_stores_through_a_replay_and_comes_back(pipeline: Pipeline) -> None:
    person = ids_of_it()[0]

    done = pipeline.run_without_topic(*RESTRICT, person, *pipeline.into_stores).document

    assert (done["kept_apart"], done["complete"]) == (True, True)
    assert list(done["held"].values()) == [False, False]
    pipeline.produce()
    assert pipeline.process("--group", "another").document["restricted"] == 1
    verified = pipeline.run_without_topic("verify", *pipeline.into_stores)
    assert verified.code == 0, verified.out
    assert (verified.document["held"], verified.document["followed"]) == (PERSONS - 1, PERSONS - 1)

    back = pipeline.run_without_topic("unrestrict", person, *pipeline.into_stores).document

    assert (back["complete"], list(back["held"].values())) == (True, [True, True])
    pipeline.process("--group", "a third")
    verified = pipeline.run_without_topic("verify", *pipeline.into_stores)
    assert verified.code == 0, verified.out
    assert (verified.document["held"], verified.document["followed"]) == (PERSONS, PERSONS)
