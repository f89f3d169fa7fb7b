"""`profiles erase` through the command line: on one machine, and on real servers beside a job."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer

from profiles.domain.person import PersonId
from tests.integration.test_command_line import Done, Profiles, profiles
from tests.integration.test_verify import pipeline
from tests.support.misbehaving_api import MisbehavingApi, answer
from tests.support.patience import PATIENCE_S
from tests.support.pipelines import PERSONS, Pipeline, ids_of_it

__all__ = ["pipeline", "profiles"]

RUN = ("run", "--source", "simulator:seed=3,limit=30", "--store", "sqlite:///p.db", "--once")
ERASE = ("erase", "--store", "sqlite:///p.db")
AUDIT = ("audit", "--store", "sqlite:///p.db")
READMIT = ("--store", "sqlite:///p.db", "--reason", "signed-up-anew")
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def document(done: Done) -> dict[str, Any]:
    return dict(json.loads(done.out.splitlines()[-1]))


def rows(store: Path) -> dict[str, dict[str, Any]]:
    with closing(sqlite3.connect(store)) as connection:
        connection.row_factory = sqlite3.Row
        return {row["id"]: dict(row) for row in connection.execute("SELECT * FROM users")}


def test_somebody_is_erased_for_good_and_there_is_a_receipt(
    profiles: Profiles, tmp_path: Path
) -> None:
    profiles(*RUN)
    before = rows(tmp_path / "p.db")
    person, *_ = before

    dry = profiles(*ERASE, person.upper(), "--dry-run")

    assert dry.code == 0, dry.err
    assert document(dry)["persons"][0]["places"] == [
        {"place": "p.db", "found": 1, "left": 1},
        {"place": "log.sqlite", "found": 1, "left": 1},
    ]
    assert rows(tmp_path / "p.db") == before

    done = profiles(*ERASE, person)

    assert done.code == 0, done.err
    receipt = document(done)
    assert receipt["complete"]
    assert not receipt["dry_run"]
    (erased,) = receipt["persons"]
    assert (erased["id"], erased["entry"], erased["reason"]) == (person, 1, "request")
    assert erased["places"] == [
        {"place": "p.db", "found": 1, "left": 0},
        {"place": "log.sqlite", "found": 1, "left": 0},
    ]
    assert receipt["ledger"]["number"] == 1
    assert receipt["signature"]["method"] == "HMAC-SHA-256"
    assert [each["what"][:6] for each in receipt["remaining"]] == ["the id", "copies"]
    assert person not in done.err
    for file in tmp_path.iterdir():
        content = file.read_bytes()
        assert before[person]["email"].encode() not in content, file.name
        assert before[person]["full_name"].encode() not in content, file.name

    replayed = profiles(*RUN)

    assert replayed.tally["suppressed"] == 1
    assert rows(tmp_path / "p.db").keys() == before.keys() - {person}
    assert profiles("verify", "--store", "sqlite:///p.db").code == 0
    exported = json.loads(profiles("export", person, "--store", "sqlite:///p.db").out)
    assert exported["profile"] is None
    assert [entry["action"] for entry in exported["ledger"]] == ["suppress", "complete"]

    readmitted = profiles("readmit", person, *READMIT)

    assert readmitted.code == 0, readmitted.err
    assert (document(readmitted)["entry"], document(readmitted)["erased_by"]) == (3, 1)
    assert "The next record of this person is stored" in readmitted.err
    assert profiles(*RUN).tally["suppressed"] == 0
    assert rows(tmp_path / "p.db").keys() == before.keys()


def test_recipients_are_told_until_they_confirm(profiles: Profiles, tmp_path: Path) -> None:
    profiles(*RUN)
    person, *_ = rows(tmp_path / "p.db")
    (tmp_path / "profiles.toml").write_text('[policy]\nrecipients = ["the shop"]\n')
    with MisbehavingApi(answer(400, b""), answer(204, b"")) as api:
        tell = (*ERASE, person, "--notify", f"the shop={api.url}")
        failed = profiles(*tell, "--reason", "consent-withdrawn", "--received", "2026-01-31")
        told = profiles(*tell)
        known = profiles(*tell)

    assert [done.code for done in (failed, told, known)] == [1, 0, 0], failed.err
    assert document(failed)["complete"]
    assert document(failed)["persons"][0]["told"] == [{"recipient": "the shop", "confirmed": False}]
    assert "the shop: it refused the notice with status 400" in failed.err
    assert "not every recipient has confirmed" in failed.err
    for done in (told, known):
        assert document(done)["persons"][0]["told"] == [
            {"recipient": "the shop", "confirmed": True}
        ]
        assert document(done)["persons"][0]["deadline"] == "2026-02-28"
    assert [json.loads(request.body)["id"] for request in api.requests] == [person, person]
    assert person not in failed.err + told.err

    refused = profiles(*ERASE, person, "--notify", "stranger=https://example.com/")
    assert refused.code == 2
    assert "names no recipient of the privacy policy, which has the shop" in refused.err


def test_an_audit_proves_what_was_done_and_finds_what_was_not(
    profiles: Profiles, tmp_path: Path
) -> None:
    profiles(*RUN)
    ada, bea, *_ = rows(tmp_path / "p.db")
    erased = profiles(*ERASE, ada, "--reason", "objection")
    (tmp_path / "receipt.json").write_text(erased.out)

    done = profiles(*AUDIT, "--receipt", "receipt.json")

    assert done.code == 0, done.err
    found = document(done)
    assert (found["suppressed"], found["restricted"], found["ledger"]["number"]) == (1, 0, 2)
    (request,) = found["requests"]
    assert (request["number"], request["reason"], request["state"]) == (1, "objection", "complete")
    assert not request["overdue"]
    assert [each["what"] for each in found["checks"]][-1] == "receipt receipt.json"
    assert ada not in done.out + done.err

    (tmp_path / "receipt.json").write_text(erased.out.replace(ada, bea))
    forged = profiles(*AUDIT, "--receipt", "receipt.json")
    assert forged.code == 1
    assert "its signature does not fit it" in forged.err
    assert "Request 1 is done" in profiles(*AUDIT, "--extend", "1", "--reason", "complexity").err
    assert profiles(*AUDIT, "--extend", "1").code == 2
    assert profiles(*AUDIT, "--receipt", "absent").code == 2

    for name in ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    missing = profiles(*AUDIT)
    assert missing.code == 1
    assert document(missing)["ledger"] is None
    assert not (tmp_path / "ledger.sqlite").exists()


def test_many_are_read_from_a_file_and_have_to_be_meant(profiles: Profiles, tmp_path: Path) -> None:
    profiles(*RUN)
    some = list(rows(tmp_path / "p.db"))[:12]
    (tmp_path / "ids").write_text("\n".join(["", *some, some[0], ""]))

    refused = profiles(*ERASE, "--from", "ids")

    assert refused.code == 2
    assert "12 persons are more than the 10" in refused.err
    assert len(rows(tmp_path / "p.db")) == 30

    done = profiles(*ERASE, "--from", "ids", "--limit", "12")

    assert done.code == 0, done.err
    assert [person["entry"] for person in document(done)["persons"]] == list(range(1, 13))
    assert document(done)["ledger"]["number"] == 12
    assert len(rows(tmp_path / "p.db")) == 18


STOPPED_AT_THE_FIRST = """
import signal, sys
from contextlib import contextmanager
from profiles.entrypoints.cli import erasure, run_command

@contextmanager
def interrupted(shown, what):
    yield lambda count: signal.raise_signal(signal.SIGTERM) if count == 100 else None

erasure.count_progress = interrupted
sys.exit(run_command())
"""


def test_the_first_signal_ends_it_between_persons_and_the_same_again_completes_it(
    profiles: Profiles, tmp_path: Path
) -> None:
    profiles("run", "--source", "simulator:limit=120,minors=0", *RUN[3:])
    (tmp_path / "ids").write_text("\n".join(rows(tmp_path / "p.db")))
    many = len(rows(tmp_path / "p.db"))
    erase = (*ERASE, "--from", "ids", "--limit", "120")

    stopped = subprocess.run(
        [sys.executable, "-c", STOPPED_AT_THE_FIRST, *erase],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert stopped.returncode == 1, stopped.stderr
    assert len(json.loads(stopped.stdout)["persons"]) == 100
    assert "Stopping once what is at hand is done." in stopped.stderr
    assert "100 persons are erased for good" in stopped.stderr
    assert f"of the other {many - 100} nothing was touched" in stopped.stderr
    assert len(rows(tmp_path / "p.db")) == many - 100

    done = profiles(*erase)

    assert done.code == 0, done.err
    assert len(document(done)["persons"]) == many
    assert rows(tmp_path / "p.db") == {}


def test_of_whom_nothing_is_held_gets_the_same_honest_answer(profiles: Profiles) -> None:
    profiles(*RUN)

    done = profiles(*ERASE, UNKNOWN)

    assert done.code == 0
    assert document(done)["complete"]
    refused = profiles("readmit", "00000000-0000-4000-8000-000000000001", *READMIT)
    assert refused.code == 2
    assert "does not suppress this person" in refused.err
    assert [place["found"] for place in document(done)["persons"][0]["places"]] == [0, 0]
    assert [each["what"][:6] for each in document(done)["remaining"]] == ["copies"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Whom? Give an ID"),
        (("somebody@example.com",), "ID 1 is no ID of a person"),
        ((UNKNOWN, "x"), "ID 2 is no ID of a person"),
        (("--from", "absent"), "absent can't be read"),
        (("--from", "bytes"), "bytes is no text in UTF-8"),
        (("--from", "wrong"), "wrong, line 2 is no ID of a person"),
        (("--limit", "0", UNKNOWN), "0 is too small"),
        (("--reason", "because", UNKNOWN), "'because' is not one of 'request'"),
        (("--received", "2999-01-01", UNKNOWN), "2999-01-01 is still to come"),
        (("--received", "yesterday", UNKNOWN), "'yesterday' is no date"),
    ],
)
def test_wrong_input_gets_one_sentence_and_erases_nobody(
    profiles: Profiles, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (tmp_path / "wrong").write_text(f"{UNKNOWN}\nsomebody@example.com\n")

    refused = profiles(*ERASE, *arguments)

    assert refused.code == 2
    assert said in " ".join(refused.err.split())
    assert "somebody@example.com" not in refused.err
    assert not (tmp_path / "p.db").exists()


def test_no_setting_raises_the_limit_or_names_persons_for_every_erasure(
    profiles: Profiles, tmp_path: Path
) -> None:
    profiles(*RUN)
    before = rows(tmp_path / "p.db")
    (tmp_path / "ids").write_text("\n".join([*before, UNKNOWN]))
    assert len(before) > 10

    (tmp_path / "profiles.toml").write_text("limit = 1000\n")  # of `find` and `quarantine`
    limited = profiles(*ERASE, "--from", "ids", env={"PROFILES_LIMIT": "1000"})
    named = profiles(*ERASE, env={"PROFILES_FROM": "ids", "PROFILES_LIMIT": "1000"})
    (tmp_path / "profiles.toml").write_text('[erase]\nfrom = "ids"\n')
    configured = profiles(*ERASE, UNKNOWN)

    assert [done.code for done in (limited, named, configured)] == [2, 2, 2]
    assert "persons are more than the 10" in limited.err
    assert "Whom? Give an ID" in named.err
    assert "unknown setting 'from'" in configured.err
    assert rows(tmp_path / "p.db") == before


def test_ids_are_read_from_standard_input_and_as_windows_writes_them(
    profiles: Profiles, tmp_path: Path
) -> None:
    profiles(*RUN)
    first, second, *_ = rows(tmp_path / "p.db")
    (tmp_path / "ids").write_bytes(f"\ufeff{first}\r\n{second}\r\n".encode())

    from_file = profiles(*ERASE, "--from", "ids", "--dry-run")
    given = profiles(*ERASE, "--from", "-", "--dry-run", stdin=f"{first}\n{second}\n".encode())
    refused = profiles(*ERASE, "--from", "-", stdin=b"somebody@example.com\n")

    for done in (from_file, given):
        assert done.code == 0, done.err
        assert [person["id"] for person in document(done)["persons"]] == [first, second]
    assert refused.code == 2
    assert "Standard input, line 1 is no ID of a person" in refused.err
    assert "somebody@example.com" not in refused.err


def test_a_missing_store_or_ledger_is_not_made(profiles: Profiles, tmp_path: Path) -> None:
    assert profiles(*ERASE, UNKNOWN).code == 2
    profiles(*RUN)
    (tmp_path / "ledger.sqlite").unlink()

    refused = profiles(*ERASE, UNKNOWN)

    assert refused.code == 1
    assert "The erasure ledger ledger.sqlite is missing" in refused.err
    assert not (tmp_path / "ledger.sqlite").exists()


# On servers --------------------------------------------------------------------------------------


def tombstones(pipeline: Pipeline) -> list[bytes | None]:
    consumer = Consumer(
        {
            "bootstrap.servers": pipeline.kafka,
            "group.id": f"{pipeline.name}-look",
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
        }
    )
    with closing(consumer):
        consumer.subscribe([pipeline.name])
        found, ended = [], 0
        while ended < 2:
            message = consumer.poll(PATIENCE_S)
            assert message is not None
            if message.error() is not None:
                ended += 1
            elif message.value() is None:
                found.append(message.key())
        return found


def test_somebody_is_erased_from_both_stores_and_the_topic_is_told(pipeline: Pipeline) -> None:
    person: PersonId = ids_of_it()[0]

    done = pipeline.run("erase", person, *pipeline.into_stores)

    deciding, following, topic = done.document["persons"][0]["places"]
    assert (deciding["found"], deciding["left"]) == (1, 0)
    assert (following["found"], following["left"]) == (1, 0)
    assert (topic["found"], topic["left"]) == (None, None)
    assert [place["place"].split()[0] for place in (deciding, following, topic)] == [
        "MongoDB",
        "Cassandra",
        "topic",
    ]
    assert done.document["complete"]
    assert {each["what"].split()[0] for each in done.document["remaining"]} == {
        *("earlier", "MongoDB's", "Cassandra's", "copies,"),
    }
    assert done.document["remaining"][0]["gone_by"] is not None
    assert person not in done.err
    assert tombstones(pipeline) == [person.encode()]

    pipeline.produce()
    tally = pipeline.process().document

    assert (tally["erased"], tally["suppressed"]) == (1, 1)
    verified = pipeline.run_without_topic("verify", *pipeline.into_stores)
    assert verified.code == 0, verified.out
    (pipeline.folder / "receipt.json").write_text(json.dumps(done.document))
    receipt = str(pipeline.folder / "receipt.json")
    audited = pipeline.run_without_topic("audit", *pipeline.into_stores, "--receipt", receipt)
    assert audited.code == 0, audited.out
    assert [request["state"] for request in audited.document["requests"]] == ["complete"]
    assert (verified.document["held"], verified.document["followed"]) == (PERSONS - 1, PERSONS - 1)

    readmitted = pipeline.run("readmit", person, *READMIT[2:], *pipeline.into_stores)
    assert readmitted.document["erased_by"] == 1
    pipeline.produce()
    tally = pipeline.process().document
    assert (tally["erased"], tally["suppressed"], tally["rejected"]) == (1, 0, 0)
    verified = pipeline.run_without_topic("verify", *pipeline.into_stores)
    assert (verified.document["held"], verified.document["followed"]) == (PERSONS, PERSONS)
