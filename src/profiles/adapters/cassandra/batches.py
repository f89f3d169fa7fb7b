"""Gathering writes into batches that one node can do without passing anything on."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from cassandra.metadata import Metadata

from profiles.adapters.cassandra.queries import Prepared

_ROW_BYTES: Final = 324
"""What the server adds to a query when it measures a batch: timestamps, time to live and lengths of
16 cells, less the lengths of its 19 values. Cassandra 5.0.5 adds 278 (2026-11)."""


class Write(NamedTuple):
    """A statement with its values.

    key: the partition key among the values.
    query: the statement as a batch has it, with its values.
    """

    prepared: Prepared
    key: bytes
    query: bytes

    def __repr__(self) -> str:
        """Show no value: a repr ends up in logs and tracebacks."""
        return "Write(...)"

    @property
    def size(self) -> int:
        """Estimate from above what the server counts for it, in bytes."""
        return _ROW_BYTES + len(self.query)


@dataclass(slots=True)
class _Open:
    writes: list[Write] = field(default_factory=list, repr=False)
    size: int = 0


def replicas_of(metadata: Metadata, keyspace: str) -> Callable[[bytes], Hashable]:
    """Make the function that tells of a partition key which nodes hold it, as known now."""
    if len(metadata.all_hosts()) == 1:
        return lambda _key: None
    return lambda key: frozenset(metadata.get_replicas(keyspace, key))


def batches(
    writes: Iterable[Write],
    *,
    rows: int,
    size: int,
    replicas: Callable[[bytes], Hashable],
) -> Iterator[list[Write]]:
    """Gather writes into batches, each for the same replicas, as they come.

    rows, size: what a batch holds at most, in writes and bytes; a write bigger than `size` is a
        batch of its own.
    replicas: tells of a partition key which nodes hold it.
    """
    opened: dict[Hashable, _Open] = {}
    for write in writes:
        group = replicas(write.key)
        batch = opened.get(group)
        more = write.size
        if batch is None:
            batch = opened[group] = _Open()
        elif len(batch.writes) >= rows or batch.size + more > size:
            yield batch.writes
            batch = opened[group] = _Open()
        batch.writes.append(write)
        batch.size += more
    for batch in opened.values():
        yield batch.writes
