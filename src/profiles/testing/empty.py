"""An empty log and an empty ledger for tests, with no more than the standard library."""

from __future__ import annotations

import dataclasses
import json
from uuid import uuid4

from profiles.adapters.memory import MemoryLedger, MemoryLog
from profiles.domain.person import PersonFields
from profiles.domain.reading import person_of


def empty_log() -> MemoryLog:
    """Make a log that is another than each made before."""
    return MemoryLog(f"log-{uuid4()}", encode=_encode)


def empty_ledger() -> MemoryLedger:
    """Make a ledger that names nobody."""
    return MemoryLedger()


def _encode(person: PersonFields) -> bytes:
    return json.dumps(dataclasses.asdict(person_of(person))).encode()
