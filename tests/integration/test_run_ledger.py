"""A stream into SQLite looks into the erasure ledger also while no record comes."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from profiles.adapters.sqlite import SqliteDecidingStore
from profiles.domain.person import PersonId
from tests.support.embedded_jobs import PATIENCE_S, Job, ended
from tests.support.histories import ADA

PERSON = b'{"login":{"uuid":"%s"},"dob":{"date":"1985-03-14"}}\n'


def holds(store: Path, person: PersonId) -> bool:
    if not store.is_file() or not store.stat().st_size:
        return False
    with closing(SqliteDecidingStore.open(store)) as opened:
        return opened.profile(person) is not None


def test_who_is_entered_while_a_file_is_waited_for_is_deleted(tmp_path: Path) -> None:
    source = tmp_path / "persons.jsonl"
    source.write_bytes(PERSON % ADA.encode())
    job = Job(source, tmp_path)
    process = job.start(once=False)
    deadline = time.monotonic() + PATIENCE_S
    while not holds(job.store, ADA):
        assert time.monotonic() < deadline, "she was not stored"

    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as ledger, ledger:
        ledger.execute("INSERT INTO ledger VALUES (1, 'suppress', ?, '2026-11-26')", (ADA,))
    while holds(job.store, ADA):
        assert time.monotonic() < deadline, "she was not deleted"

    process.terminate()
    assert ended(process).stored == 1
