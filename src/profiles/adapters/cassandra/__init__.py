"""Cassandra as the following store: it holds what the deciding store holds, row by row.

Cassandra has no transactions over rows, but it orders the writes of one cell by a timestamp that
the writer may choose. Ours is the version of the design, so the order in which writes arrive, and
how often, means nothing: the newest one stays.
"""

from profiles.adapters.cassandra.contents import CassandraContents
from profiles.adapters.cassandra.probe import CassandraProbe
from profiles.adapters.cassandra.settings import CassandraSettings
from profiles.adapters.cassandra.store import CassandraFollowingStore

__all__ = ["CassandraContents", "CassandraFollowingStore", "CassandraProbe", "CassandraSettings"]
