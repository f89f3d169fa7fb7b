"""The pure parts of the adapter for Cassandra."""

from __future__ import annotations

from unittest.mock import sentinel
from uuid import NAMESPACE_OID, uuid5

import pytest
from cassandra.connection import DefaultEndPoint
from cassandra.metadata import KeyspaceMetadata, Metadata
from cassandra.policies import SimpleConvictionPolicy
from cassandra.pool import Host
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters.cassandra.batches import Write, batches, replicas_of


def write(key: int, size: int) -> Write:
    return Write(sentinel.prepared, bytes([key]), bytes(size))


@given(
    sizes=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 20_000)), max_size=60),
    rows=st.integers(1, 10),
    nodes=st.integers(1, 3),
)
def test_a_batch_is_bounded_and_of_the_same_replicas(
    sizes: list[tuple[int, int]], rows: int, nodes: int
) -> None:
    writes = [write(key, size) for key, size in sizes]

    made = list(batches(writes, rows=rows, size=40_960, replicas=lambda key: key[0] % nodes))

    assert sorted(id(w) for batch in made for w in batch) == sorted(map(id, writes))
    for batch in made:
        assert 1 <= len(batch) <= rows
        assert len({w.key[0] % nodes for w in batch}) == 1
        assert sum(324 + len(w.query) for w in batch) <= 40_960


def test_a_batch_is_filled() -> None:
    made = batches([write(0, 676)] * 100, rows=50, size=30_000, replicas=lambda _key: None)

    assert [len(batch) for batch in made] == [30, 30, 30, 10]


def test_what_is_bigger_than_a_batch_goes_alone() -> None:
    made = batches(
        [write(0, 10), write(0, 50_000), write(0, 10)],
        rows=50,
        size=40_960,
        replicas=lambda _key: None,
    )

    assert [len(batch) for batch in made] == [1, 1, 1]


@pytest.mark.parametrize(
    ("nodes", "copies", "groups"), [(1, 1, {0}), (2, 2, {2}), (3, 3, {3}), (4, 2, {2})]
)
def test_rows_are_grouped_by_their_replicas(nodes: int, copies: int, groups: set[int]) -> None:
    ring = {
        Host(DefaultEndPoint(f"192.0.2.{number}"), SimpleConvictionPolicy): number
        for number in range(nodes)
    }
    metadata = Metadata()
    for host in ring:
        metadata.add_or_return_host(host)
    tokens = {host: [str((number - nodes // 2) << 61)] for host, number in ring.items()}
    metadata.rebuild_token_map("org.apache.cassandra.dht.Murmur3Partitioner", tokens)
    replication = {"replication_factor": str(copies)}
    metadata.keyspaces["k"] = KeyspaceMetadata("k", True, "SimpleStrategy", replication)  # noqa: FBT003 - the driver's signature

    replicas = replicas_of(metadata, "k")
    found = {replicas(uuid5(NAMESPACE_OID, str(number)).bytes) for number in range(200)}

    assert {len(group) if isinstance(group, frozenset) else 0 for group in found} == groups
    assert len(found) == (nodes if nodes > copies else 1)


def test_a_write_shows_nobody() -> None:
    assert repr(write(1, 1)) == "Write(...)"
