"""The pure parts of the adapter for Cassandra."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest.mock import sentinel
from uuid import NAMESPACE_OID, UUID, uuid5

import pytest
from cassandra import (
    AuthenticationFailed,
    InvalidRequest,
    OperationTimedOut,
    Unauthorized,
    Unavailable,
    UnresolvableContactPoints,
    WriteFailure,
    WriteTimeout,
)
from cassandra.cluster import NoHostAvailable
from cassandra.connection import ConnectionShutdown, DefaultEndPoint
from cassandra.cqltypes import DateType, Int32Type, LongType, SimpleDateType, UTF8Type, UUIDType
from cassandra.metadata import KeyspaceMetadata, Metadata
from cassandra.policies import RetryPolicy, SimpleConvictionPolicy
from cassandra.pool import Host
from cassandra.protocol import OverloadedErrorMessage, ServerError
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters.cassandra.batches import Write, batches, replicas_of
from profiles.adapters.cassandra.connection import RepeatedWrites
from profiles.adapters.cassandra.failures import answered, explained, map_exceptions, refused
from profiles.adapters.cassandra.rows import deleted, inserted, time_to_live
from profiles.adapters.cassandra.schema import (
    COLUMNS,
    check,
    keyspace_statement,
    table_statement,
)
from profiles.adapters.cassandra.sending import PAUSES_S, Sender
from profiles.adapters.cassandra.settings import CassandraSettings
from profiles.application.errors import StoreError
from profiles.domain.errors import UsageError
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from tests.strategies import profiles

SETTINGS = CassandraSettings(hosts=("one", "two"))
NOW = datetime(2026, 11, 23, 12, 0, 0, 500_000, UTC)
ADA = PersonId("00000001-0000-4000-8000-000000000001")

# How the driver itself writes the types of the columns.
TYPES = {
    "uuid": UUIDType,
    "text": UTF8Type,
    "int": Int32Type,
    "bigint": LongType,
    "date": SimpleDateType,
    "timestamp": DateType,
}


def driver_writes(kind: str, value: object) -> bytes | None:
    if value is None:
        return None
    written: bytes = TYPES[kind].serialize(UUID(str(value)) if kind == "uuid" else value, 4)
    return written


@given(profile=profiles(), number=st.integers(0, 2**63 - 1), ttl_s=st.integers(0, 630_720_000))
def test_a_row_is_written_as_the_driver_would(profile: Profile, number: int, ttl_s: int) -> None:
    values = (*profile, number, number, ttl_s)
    kinds = (*COLUMNS.values(), "bigint", "int")

    assert inserted(profile, number, ttl_s) == list(map(driver_writes, kinds, values))


def test_a_deletion_is_written_as_the_driver_would() -> None:
    assert deleted(ADA, 7) == [driver_writes("bigint", 7), driver_writes("uuid", ADA)]


def test_the_columns_are_those_of_a_profile_and_the_version() -> None:
    assert list(COLUMNS) == [*Profile._fields, "version"]


@pytest.mark.parametrize(
    ("expires_at", "ttl_s"),
    [
        (date(2026, 11, 22), None),
        (date(2026, 11, 23), None),
        (date(2026, 11, 24), 12 * 3600 - 1),
        (date(2027, 11, 23), 365 * 86400 - 12 * 3600 - 1),
        (date(2038, 1, 19), 4074 * 86400 + 12 * 3600 - 1),
        (date(2038, 1, 20), 0),
        (date.max, 0),
    ],
)
def test_a_row_lives_until_it_expires_or_without_limit(expires_at: date, ttl_s: int | None) -> None:
    assert time_to_live(expires_at, NOW) == ttl_s


def test_the_last_second_is_too_short_for_a_row() -> None:
    midnight = datetime(2027, 1, 1, tzinfo=UTC)

    assert time_to_live(date(2027, 1, 1), midnight - timedelta(seconds=1)) == 1
    assert time_to_live(date(2027, 1, 1), midnight - timedelta(microseconds=999_999)) is None


def test_a_row_lives_twenty_years_at_most() -> None:
    assert time_to_live(date(2030, 1, 1), datetime(2009, 1, 1, tzinfo=UTC)) == 0
    assert time_to_live(date(2030, 1, 1), datetime(2010, 1, 7, tzinfo=UTC)) == 630_633_600


# Batches ------------------------------------------------------------------------------------------


def write(key: int, size: int) -> Write:
    return Write(sentinel.statement, bytes([key]), [bytes(size), None])


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
        assert sum(400 + len(w.values[0] or b"") for w in batch) <= 40_960


def test_a_batch_is_filled() -> None:
    made = batches([write(0, 600)] * 100, rows=50, size=30_000, replicas=lambda _key: None)

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
def test_rows_are_told_apart_by_the_nodes_that_hold_them(
    nodes: int, copies: int, groups: set[int]
) -> None:
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


# Sending ------------------------------------------------------------------------------------------


class FlakySession:
    """Takes or loses statements as told, for want of a server that fails on demand."""

    def __init__(self, answers: Iterable[Exception | None]) -> None:
        self._answers = iter(answers)
        self.taken: list[int] = []

    def execute_async(self, statement: int) -> FlakySession:
        self._now, self._answer = statement, next(self._answers, None)
        if isinstance(self._answer, ConnectionShutdown):
            raise self._answer
        return self

    def add_callbacks(
        self,
        callback: Callable[[object], None],
        errback: Callable[[Exception, int], None],
        errback_args: tuple[int],
    ) -> None:
        if self._answer is None:
            self.taken.append(self._now)
            callback([])
        else:
            errback(self._answer, *errback_args)


def sender(session: FlakySession, pauses: list[float]) -> Sender:
    return Sender(session=session, concurrency=3, pause=pauses.append)


@given(
    number=st.integers(0, 20),
    answers=st.lists(
        st.sampled_from([None, None, None, OperationTimedOut(), ConnectionShutdown("")]),
        max_size=30,
    ),
)
def test_each_statement_is_taken_or_the_failure_told(
    number: int, answers: list[Exception | None]
) -> None:
    session = FlakySession(answers)
    pauses: list[float] = []

    failure = sender(session, pauses).send(range(number))

    assert len(set(session.taken)) == len(session.taken)
    assert pauses == list(PAUSES_S)[: len(pauses)]
    if failure is None:
        assert sorted(session.taken) == list(range(number))
    else:
        assert len(pauses) == len(PAUSES_S)


def test_what_was_refused_is_not_sent_again() -> None:
    refusal = InvalidRequest("no")
    pauses: list[float] = []

    assert sender(FlakySession([None, refusal]), pauses).send(range(9)) is refusal
    assert pauses == []


# Schema and settings ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("replication", "copies"),
    [
        (3, "'class': 'SimpleStrategy', 'replication_factor': 3"),
        (
            {"north": 3, "south-1": 2},
            "'class': 'NetworkTopologyStrategy', 'north': 3, 'south-1': 2",
        ),
    ],
)
def test_a_keyspace_is_made_with_as_many_copies_as_one_says(
    replication: int | Mapping[str, int], copies: str
) -> None:
    settings = CassandraSettings(hosts=("one",), replication=replication)

    assert keyspace_statement(settings) == (
        f'CREATE KEYSPACE IF NOT EXISTS "user_keyspace" WITH replication = {{{copies}}}'
    )


def test_the_table_carries_its_schema_version() -> None:
    statement = table_statement(SETTINGS)

    assert statement.startswith('CREATE TABLE IF NOT EXISTS "user_keyspace"."users" ("id" uuid, ')
    assert "WITH comment = 'profiles, schema version 1'" in statement


OURS = "profiles, schema version 1"


@pytest.mark.parametrize(
    ("comment", "columns", "sentence"),
    [
        (None, COLUMNS, "was not made by profiles"),
        ("", COLUMNS, "was not made by profiles"),
        ("1", COLUMNS, "was not made by profiles"),
        ("profiles, schema version x", COLUMNS, "was not made by profiles"),
        ("profiles, schema version 2", COLUMNS, "is of schema version 2, and this release reads"),
        (OURS, {**COLUMNS, "age": "text", "shoe": "int"}, "was changed after .* in: age, shoe."),
        (OURS, {}, "was changed after"),
    ],
)
def test_a_table_of_another_kind_is_refused(
    comment: str | None, columns: Mapping[str, str], sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        check(SETTINGS, comment, columns)


def test_our_own_table_is_taken() -> None:
    check(SETTINGS, OURS, dict(sorted(COLUMNS.items())))


@pytest.mark.parametrize(
    "wrong",
    [
        {"keyspace": 'users"; DROP'},
        {"keyspace": ""},
        {"table": "Users"},
        {"table": "u" * 49},
        {"datacentre": "north'"},
        {"replication": 0},
        {"replication": {}},
        {"replication": {"north": 0}},
        {"replication": {"nor'th": 1}},
        {"hosts": ()},
        {"batch_rows": 0},
        {"concurrency": 0},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        CassandraSettings(**{"hosts": ("one",), **wrong})


def test_settings_show_no_password() -> None:
    settings = CassandraSettings(hosts=("one",), username="writer", password="hunter2")

    assert "hunter2" not in repr(settings)
    assert settings.address == "cassandra://one:9042/user_keyspace"


# Failures -----------------------------------------------------------------------------------------

ADDRESS = SETTINGS.address
PLANTED = "Ada Byron, 12 Strandvejen"
FAILED = ServerError(0x0000, PLANTED, None)


@pytest.mark.parametrize(
    ("failure", "sentence", "final"),
    [
        (NoHostAvailable(PLANTED, {}), "no node answered", False),
        (NoHostAvailable(PLANTED, {"one": ConnectionShutdown(PLANTED)}), "no node answered", False),
        (NoHostAvailable(PLANTED, {"one": OperationTimedOut(PLANTED)}), "it did not answer", False),
        (
            NoHostAvailable(PLANTED, {"one": AuthenticationFailed(PLANTED)}),
            "access was refused",
            True,
        ),
        (
            NoHostAvailable(PLANTED, {"one": PermissionError(1, PLANTED)}),
            "no certificate of a trusted authority was shown",
            False,
        ),
        (UnresolvableContactPoints({PLANTED: []}), "there is no host of this name", False),
        (Unauthorized(PLANTED), "access was refused", True),
        (InvalidRequest(PLANTED), "the server refused a request", True),
        (Unavailable(PLANTED), "too few replicas are up", False),
        (WriteTimeout(PLANTED, write_type=0), "it did not answer in time", False),
        (OperationTimedOut(PLANTED), "it did not answer in time", False),
        (OverloadedErrorMessage(0x1001, PLANTED, None), "the server failed", False),
        (NoHostAvailable(PLANTED, {"one": FAILED}), "the server failed (NoHost", False),
        (WriteFailure(PLANTED, write_type=0), "the server failed", False),
        (ConnectionShutdown(PLANTED), "the connection failed", False),
        (ConnectionRefusedError(111, PLANTED), "the connection failed", False),
    ],
)
def test_a_failure_is_told_without_what_it_quotes(
    failure: Exception, sentence: str, *, final: bool
) -> None:
    with pytest.raises(StoreError) as caught, map_exceptions(ADDRESS):
        raise failure

    told = str(caught.value)
    assert told.startswith(f"{ADDRESS}: {sentence}")
    assert "Ada" not in told + repr(caught.value)
    assert caught.value.__suppress_context__
    assert str(pickle.loads(pickle.dumps(caught.value))) == told  # noqa: S301 - our own
    assert refused(failure) == final
    assert explained(failure)[1].endswith("run the same command again: nothing is doubled.")


def test_a_write_that_timed_out_is_sent_once_more_at_the_same_consistency() -> None:
    asked = [RepeatedWrites().on_write_timeout(None, 6, 3, 2, 1, number) for number in (0, 1)]

    assert asked == [(RetryPolicy.RETRY, 6), (RetryPolicy.RETHROW, None)]


@pytest.mark.parametrize(
    ("failure", "reached"),
    [
        (InvalidRequest(""), True),
        (FAILED, True),
        (NoHostAvailable("", {"one": FAILED}), True),
        (NoHostAvailable("", {"one": ConnectionShutdown("")}), False),
        (NoHostAvailable("", ["one"]), False),
        (OperationTimedOut(), False),
    ],
)
def test_a_server_that_says_no_can_be_reached(failure: Exception, *, reached: bool) -> None:
    assert answered(failure) == reached
