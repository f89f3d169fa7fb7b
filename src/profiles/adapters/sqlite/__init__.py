"""The embedded engine's adapters: log, deciding store and erasure ledger, each a SQLite file."""

from profiles.adapters.sqlite.ledger import SqliteLedger
from profiles.adapters.sqlite.log import SqliteLog
from profiles.adapters.sqlite.probe import SqliteLogProbe, SqliteProbe
from profiles.adapters.sqlite.store import SqliteDecidingStore

__all__ = ["SqliteDecidingStore", "SqliteLedger", "SqliteLog", "SqliteLogProbe", "SqliteProbe"]
