"""The log from which every frozen store was made: what it says, and how a store takes it in."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from profiles.adapters import codec
from profiles.adapters.memory import MemoryKeyring, MemoryLedger
from profiles.application.log.deciding import Chunk, Rules, decide_chunk
from profiles.application.log.records import LogPartition, LogRecord
from profiles.application.ports.stores import DecidingStore
from profiles.domain.columns import NAMES
from profiles.domain.person import PersonId
from profiles.domain.policy import DEFAULT_POLICY
from profiles.domain.profile import Profile
from profiles.domain.pseudonym import PseudonymKey

FOLDER = Path(__file__).parent / "2026-11"
LATER_FOLDER = Path(__file__).parent / "2026-11-26"
"""The same log in the stores of the next schemas."""
THIRD_FOLDER = Path(__file__).parent / "2026-11-26-2"
"""And of those after them."""
NOW = datetime(2026, 11, 21, tzinfo=UTC)
"""When the frozen log was read."""
RULES = Rules(policy=DEFAULT_POLICY, decode=codec.decode)


def read_lines(name: str) -> Iterator[Any]:
    """Yield the JSON values of a frozen file, one a line."""
    with gzip.open(FOLDER / f"{name}.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


KEY = PseudonymKey(id="frozen", secret=b"0" * 32)


@dataclass
class FrozenLog:
    """A log of JSON lines: runs of records, and entries of the erasure ledger between them."""

    lines: list[dict[str, Any]] = field(default_factory=lambda: list(read_lines("log.jsonl")))

    def apply_to(self, store: DecidingStore) -> MemoryLedger:
        """Let a store take all of it in; return the ledger as it is in the end."""
        ledger = MemoryLedger(MemoryKeyring(KEY))
        for line in self.lines:
            if "suppress" in line:
                ledger.suppress(PersonId(line["suppress"]))
            else:
                store.apply(chunk_of(line), ledger)
        return ledger

    def ends(self) -> dict[tuple[str, int], int]:
        """Return the offset after the last one, by topic id and partition."""
        return {
            (line["topic_id"], line["partition"]): line["start"] + len(line["records"])
            for line in self.lines
            if "records" in line
        }

    def ledger(self) -> MemoryLedger:
        """Return the ledger as it is in the end."""
        ledger = MemoryLedger(MemoryKeyring(KEY))
        for line in self.lines:
            if "suppress" in line:
                ledger.suppress(PersonId(line["suppress"]))
        return ledger


def chunk_of(line: dict[str, Any]) -> Chunk:
    """Decide a run of records."""
    records = [
        LogRecord(
            offset,
            datetime.fromisoformat(logged_at),
            key and key.encode(),
            None if value is None else value.encode(),
        )
        for offset, logged_at, key, value in line["records"]
    ]
    return decide_chunk(
        LogPartition(line["topic_id"], line["partition"], line["partitions"]),
        records,
        start=line["start"],
        end=line["start"] + len(records),
        rules=RULES,
        read_at=NOW,
    )


def as_rows(held: Iterator[tuple[Profile, int]]) -> list[dict[str, Any]]:
    """Write profiles as JSON objects, in the order of ids."""
    rows = [
        {**profile._asdict(), "version": version}
        for profile, version in sorted(held, key=lambda pair: pair[0].id)
    ]
    written: list[dict[str, Any]] = json.loads(json.dumps(rows, default=str))
    return written


def added_since() -> list[str]:
    """Name the columns that the frozen stores do not have."""
    frozen = next(read_lines("rows.jsonl"))
    return [name for name in NAMES if name not in frozen]


def frozen_rows() -> list[dict[str, Any]]:
    """Return what every frozen store holds, in the order of ids; null in columns added since."""
    return [{**dict.fromkeys(NAMES), **row} for row in read_lines("rows.jsonl")]
