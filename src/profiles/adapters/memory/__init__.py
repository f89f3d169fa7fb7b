"""Stores, ledger and log in memory: for tests, and for those who embed all and keep nothing.

They keep the same promises as the real ones, and pass the same suites.
"""

from profiles.adapters.memory.following import MemoryFollowingStore
from profiles.adapters.memory.ledger import MemoryLedger
from profiles.adapters.memory.log import MemoryLog
from profiles.adapters.memory.store import MemoryDecidingStore

__all__ = ["MemoryDecidingStore", "MemoryFollowingStore", "MemoryLedger", "MemoryLog"]
