"""Stores, ledger, log and metrics in memory: for tests, and for who embeds all and keeps nothing.

They keep the same promises as the real ones, and pass the same suites.
"""

from profiles.adapters.memory.following import MemoryFollowingStore
from profiles.adapters.memory.ledger import MemoryKeyring, MemoryLedger
from profiles.adapters.memory.log import MemoryLog
from profiles.adapters.memory.metrics import MemoryMetrics
from profiles.adapters.memory.store import MemoryDecidingStore

__all__ = [
    "MemoryDecidingStore",
    "MemoryFollowingStore",
    "MemoryKeyring",
    "MemoryLedger",
    "MemoryLog",
    "MemoryMetrics",
]
