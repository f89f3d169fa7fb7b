"""The erasure ledger of the embedded engine, with its keys, through the command line."""

from __future__ import annotations

import json
import secrets
import sqlite3
import stat
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from profiles.adapters.sqlite import SqliteDecidingStore, SqliteLedger
from profiles.domain.ledger_entry import Action, Draft
from profiles.domain.person import PersonId
from profiles.entrypoints.ledger_keys import KeyFile
from tests.integration.test_command_line import Done, Profiles, profiles
from tests.support.embedded_jobs import Job, ended
from tests.support.histories import ADA, BEA, NOW
from tests.support.patience import PATIENCE_S

__all__ = ["profiles"]

PERSON = b'{"login":{"uuid":"%s"},"dob":{"date":"1985-03-14"}}\n'
STORE = ("--store", "sqlite:///p.db")
RUN = ("run", "--source", "persons.jsonl", "--once", *STORE)


def holds(store: Path, person: PersonId) -> bool:
    if not store.is_file() or not store.stat().st_size:
        return False
    with closing(SqliteDecidingStore.open(store)) as opened:
        return opened.profile(person) is not None


def opened(folder: Path) -> closing[SqliteLedger]:
    keys = KeyFile(folder / "ledger.keys")
    return closing(SqliteLedger.open(folder / "ledger.sqlite", keys, applied=0))


def two_persons(folder: Path) -> None:
    (folder / "persons.jsonl").write_bytes(PERSON % ADA.encode() + PERSON % BEA.encode())


def found(done: Done) -> dict[str, tuple[bool, str]]:
    checks: list[dict[str, Any]] = json.loads(done.out.splitlines()[-1])["checks"]
    return {check["what"]: (check["ok"], check["found"]) for check in checks}


def test_who_is_entered_while_a_file_is_waited_for_is_deleted(tmp_path: Path) -> None:
    source = tmp_path / "persons.jsonl"
    source.write_bytes(PERSON % ADA.encode())
    job = Job(source, tmp_path)
    process = job.start(once=False)
    deadline = time.monotonic() + PATIENCE_S
    while not holds(job.store, ADA):
        assert time.monotonic() < deadline, "she was not stored"

    with opened(tmp_path) as ledger:
        ledger.enter([Draft(action=Action.SUPPRESS, person=ADA)], at=NOW)
    while holds(job.store, ADA):
        assert time.monotonic() < deadline, "she was not deleted"

    process.terminate()
    assert ended(process).stored == 1


def test_without_its_keys_a_ledger_with_entries_stops_the_job(
    profiles: Profiles, tmp_path: Path
) -> None:
    two_persons(tmp_path)
    assert profiles(*RUN).code == 0
    assert not (tmp_path / "ledger.keys").exists()

    erased = profiles("erase", ADA, *STORE)

    keys = tmp_path / "ledger.keys"
    assert erased.code == 0, erased.err
    assert "Made ledger.keys with the first key" in erased.err
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    keys.rename(tmp_path / "kept")

    stopped = profiles(*RUN)

    assert stopped.code == 1
    assert "has an entry 1 under the key k1, which is not in ledger.keys" in stopped.err
    assert "Nothing was stored" in stopped.err

    with (tmp_path / "kept").open("a") as file:  # a second key, and in another place
        file.write(f"k2 {secrets.token_hex(32)}\n")
    rotated = {"PROFILES_LEDGER_KEYS": "kept"}

    assert profiles("erase", BEA, *STORE, env=rotated).code == 0
    done = profiles(*RUN, env=rotated)

    assert done.code == 0, done.err
    assert done.tally["stored"] == 0
    assert not any(holds(tmp_path / "p.db", person) for person in (ADA, BEA))
    checks = found(profiles("doctor", *STORE, env=rotated))
    assert checks["erasure ledger"] == (True, "4 entries, of which the store has applied 4")
    assert checks["ledger keys"] == (True, "2 in kept; entries are made under k2")
    (tmp_path / "kept").chmod(0o640)
    assert not found(profiles("doctor", *STORE, env=rotated))["ledger keys"][0]


def test_a_ledger_that_vanished_before_its_first_entry_is_missed(
    profiles: Profiles, tmp_path: Path
) -> None:
    two_persons(tmp_path)
    assert profiles(*RUN).code == 0
    for name in ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"):
        (tmp_path / name).unlink(missing_ok=True)

    stopped = profiles(*RUN)

    assert stopped.code == 1
    assert "is missing, though the store was used with one" in stopped.err
    assert not (tmp_path / "ledger.sqlite").exists()

    accepted = profiles(*RUN, "--accept-new-ledger")

    assert accepted.code == 0, accepted.err
    assert "is used with another erasure ledger from now on" in accepted.err
    assert profiles(*RUN).code == 0
    other = profiles(*RUN, "--ledger", "other.sqlite")
    assert other.code == 1
    assert "is missing" in other.err


def test_a_ledger_that_named_persons_is_brought_forward_by_run_alone(
    profiles: Profiles, tmp_path: Path
) -> None:
    two_persons(tmp_path)
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE TABLE ledger (position INTEGER PRIMARY KEY, action TEXT NOT NULL,"
            " person TEXT NOT NULL, entered_at TEXT NOT NULL) STRICT"
        )
        connection.execute("INSERT INTO ledger VALUES (1, 'suppress', ?, '2026-11-26')", (ADA,))
        connection.execute("PRAGMA application_id=0x50524F4C")
        connection.execute("PRAGMA user_version=1")
    SqliteDecidingStore.open(tmp_path / "p.db").close()

    refused = profiles("erase", BEA, *STORE)

    assert refused.code == 2
    assert "start `profiles run` or `profiles process` once" in " ".join(refused.err.split())
    assert ADA.encode() in path.read_bytes()

    assert profiles(*RUN).tally["suppressed"] == 1
    assert ADA.encode() not in path.read_bytes()
