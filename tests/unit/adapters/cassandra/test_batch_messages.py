"""Batches as they are sent, against what the driver itself would send."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from cassandra import ConsistencyLevel
from cassandra.protocol import BatchMessage, OptionsMessage, ProtocolHandler
from cassandra.query import BatchStatement, BatchType, BoundStatement, PreparedStatement
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters.cassandra.batch_messages import EncodedBatches, statement_of
from profiles.adapters.cassandra.batches import Write
from profiles.adapters.cassandra.queries import Prepared
from profiles.adapters.cassandra.rows import Cells, deleted, inserted, key
from profiles.domain.profile import Profile
from tests import strategies


def prepared(name: bytes, *, values: int, place: int) -> Prepared:
    column = SimpleNamespace(keyspace_name="k", table_name="users")
    statement = PreparedStatement(
        column_metadata=[column],
        query_id=name,
        routing_key_indexes=[place],
        query="…",
        keyspace="k",
        protocol_version=4,
        result_metadata=[],
        result_metadata_id=None,
    )
    return Prepared.of(statement, values=values)


INSERT, DELETE = prepared(b"i" * 16, values=19, place=0), prepared(b"d" * 16, values=2, place=1)


def queries_of(batch: BatchStatement) -> list[Any]:
    queries: list[Any] = batch._statements_and_parameters  # noqa: SLF001 - so does the driver's session
    return queries


def sent(
    handler: type[ProtocolHandler],
    statement: BatchStatement,
    *,
    compressor: Callable[[bytes], bytes] | None = None,
    version: int = 4,
) -> bytes:
    """Return what goes over the wire, as the driver's session and connection make it."""
    message: Any = BatchMessage(
        statement.batch_type,
        queries_of(statement),
        ConsistencyLevel.LOCAL_QUORUM,
        None,
        1_234_567,
    )
    written: bytes = handler.encode_message(
        message, 5, version, compressor=compressor, allow_beta_protocol_version=False
    )
    return written


def as_the_driver_would(writes: list[tuple[Prepared, Cells]]) -> BatchStatement:
    batch = BatchStatement(BatchType.UNLOGGED)
    for of, cells in writes:
        bound = BoundStatement(of.statement)
        bound.values = cells
        batch.add(bound)
    return batch


def cells_of(profile: Profile, version: int, *, held: bool) -> tuple[Prepared, Cells]:
    if held:
        return INSERT, inserted(profile, version, 60)
    return DELETE, deleted(profile.id, version)


@given(
    persons=st.lists(
        st.tuples(strategies.profiles(), st.integers(0, 2**63 - 1), st.booleans()),
        min_size=2,
        max_size=5,
    ),
    compressor=st.sampled_from([None, lambda body: body[::-1]]),
    version=st.sampled_from([3, 4, 5]),
)
def test_a_batch_is_sent_as_the_driver_would(
    persons: list[tuple[Profile, int, bool]],
    compressor: Callable[[bytes], bytes] | None,
    version: int,
) -> None:
    written = [cells_of(profile, number, held=held) for profile, number, held in persons]
    writes = [
        Write(of, key(profile.id), of.query(cells))
        for (of, cells), (profile, _, _) in zip(written, persons, strict=True)
    ]
    plain = as_the_driver_would(written)

    batch = statement_of(writes)

    assert sent(EncodedBatches, batch, compressor=compressor, version=version) == sent(
        ProtocolHandler, plain, compressor=compressor, version=version
    )
    assert (batch.keyspace, batch.routing_key) == (plain.keyspace, plain.routing_key)


@given(profile=strategies.profiles())
def test_a_batch_can_be_sent_again(profile: Profile) -> None:
    write = Write(INSERT, key(profile.id), INSERT.query(inserted(profile, 1, 60)))
    batch = statement_of([write, write])
    message = BatchMessage(BatchType.UNLOGGED, queries_of(batch), 1)

    once, again = (
        EncodedBatches.encode_message(
            message, 5, 4, compressor=None, allow_beta_protocol_version=False
        )
        for _ in range(2)
    )

    assert once == again


@given(profile=strategies.profiles())
def test_a_write_alone_is_no_batch(profile: Profile) -> None:
    cells = inserted(profile, 1, 60)

    alone = statement_of([Write(INSERT, key(profile.id), INSERT.query(cells))])

    assert isinstance(alone, BoundStatement)
    assert alone.values == cells
    assert alone.routing_key == key(profile.id)


def test_other_messages_are_the_drivers_own() -> None:
    assert EncodedBatches.encode_message(OptionsMessage(), 5, 4, None, False) == (  # noqa: FBT003 - the driver's signature
        ProtocolHandler.encode_message(OptionsMessage(), 5, 4, None, False)  # noqa: FBT003
    )


@pytest.mark.parametrize("number", [1, 2])
def test_a_statement_shows_nobody(number: int) -> None:
    write = Write(DELETE, b"k" * 16, DELETE.query([b"secret", b"secret"]))

    statement = statement_of([write] * number)

    shown = f"{statement} {statement!r}"
    if isinstance(statement, BatchStatement):
        shown += repr(queries_of(statement))
    assert "secret" not in shown
