"""Batches whose queries are bytes already, and how the driver is told to send them as they are.

The driver asks its session's `client_protocol_handler` to write each message. Ours lets it write
all of a batch but the queries, so that header, compression, consistency and flags stay its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any, NamedTuple

from cassandra.protocol import BatchMessage, ProtocolHandler, write_short
from cassandra.query import BatchStatement, BatchType, BoundStatement, Statement

from profiles.adapters.cassandra.batches import Write


class _Queries(NamedTuple):
    """In place of the values of a statement: all queries of a batch, as they are sent."""

    number: int
    encoded: bytes

    def __repr__(self) -> str:
        """Show no value: a repr ends up in logs and tracebacks."""
        return f"_Queries(number={self.number}, ...)"


def statement_of(writes: Sequence[Write]) -> Statement:
    """Make one statement of writes to the same replicas; it goes to one of them.

    Not logged: each write stands for itself, and the whole chunk is sent again if one fails.
    """
    first = writes[0]
    bound = BoundStatement(first.prepared.statement)
    bound.raw_values = ()  # what its `str` would show
    if len(writes) == 1:
        bound.values = first.prepared.cells(first.query)
        return bound
    bound.values = _Queries(len(writes), b"".join([write.query for write in writes]))
    batch = BatchStatement(BatchType.UNLOGGED)
    batch.keyspace, batch.routing_key = bound.keyspace, first.key
    batch.add(bound)
    return batch


class EncodedBatches(ProtocolHandler):  # type: ignore[misc]  # the driver has no types
    """Sends the queries of such batches as they are, and all else as the driver does."""

    @classmethod
    def encode_message(cls, msg: Any, *arguments: Any, **options: Any) -> bytes:  # noqa: ANN401 - the driver has no types
        """Write a message."""
        if isinstance(msg, BatchMessage):
            ((_, _, queries),) = msg.queries
            msg = _EncodedBatch(msg, queries)
        written: bytes = super().encode_message(msg, *arguments, **options)
        return written


class _EncodedBatch(BatchMessage):  # type: ignore[misc]  # the driver has no types
    """A batch that is written with the queries that it is given."""

    def __init__(self, message: BatchMessage, queries: _Queries) -> None:
        self.__dict__.update(vars(message), queries=())
        self._queries = queries

    def send_body(self, f: BytesIO, protocol_version: int) -> None:
        """Write a batch without queries, and the queries into it, behind its kind."""
        empty = BytesIO()
        super().send_body(empty, protocol_version)
        body = empty.getvalue()
        f.write(body[:1])
        write_short(f, self._queries.number)
        f.write(self._queries.encoded)
        f.write(body[3:])
