"""Entries of erasure ledgers, for short tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from profiles.domain.ledger_entry import START, Draft, Entry, read_entry, seal
from profiles.domain.pseudonym import PseudonymKey

AT = datetime(2026, 11, 26, 8, tzinfo=UTC)
KEY = PseudonymKey(id="k1", secret=b"1" * 32)
LATER_KEY = PseudonymKey(id="k2", secret=b"2" * 32)
KEYS = {key.id: key for key in (KEY, LATER_KEY)}


def entered(*drafts: Draft | tuple[Draft, PseudonymKey], at: datetime = AT) -> Sequence[Entry]:
    """Enter all of these into an empty ledger; under another key where one is beside it."""
    entries: list[Entry] = []
    after = START
    for each in drafts:
        draft, key = each if isinstance(each, tuple) else (each, KEY)
        entry = read_entry(seal(draft, after=after, at=at, key=key), after=after, keys=KEYS)
        assert isinstance(entry, Entry)
        entries.append(entry)
        after = entry.head
    return entries
