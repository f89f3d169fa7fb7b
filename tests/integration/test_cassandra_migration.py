"""A table in Cassandra that an earlier release has made is brought forward by added columns."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest
from cassandra.cluster import Session

from profiles.adapters.cassandra import CassandraFollowingStore, CassandraSettings
from profiles.adapters.cassandra.connection import connect
from profiles.adapters.cassandra.migration import Schema
from profiles.adapters.cassandra.schema import keyspace_statement, table_statement
from profiles.adapters.memory import MemoryDecidingStore
from profiles.application.ports.stores import Following
from profiles.domain.errors import UsageError
from profiles.domain.profile import Profile
from tests.frozen.log import FrozenLog, added_since, as_rows, frozen_rows
from tests.frozen.stores import assert_holds_what_was_frozen, put_back_cassandra
from tests.support.histories import ADA, BEA, profile, version
from tests.support.patience import PATIENCE_S

OURS = "profiles, schema version 2"


def the_time() -> datetime:
    return datetime.now(UTC)


def opened(settings: CassandraSettings, *, create: bool = True) -> CassandraFollowingStore:
    return CassandraFollowingStore.open(settings, clock=the_time, create=create)


@pytest.fixture
def place(cassandra_address: str) -> CassandraSettings:
    """Name a keyspace of the test's own, not made yet."""
    host, port = cassandra_address.rsplit(":", 1)
    return CassandraSettings(
        hosts=(host,), port=int(port), keyspace=f"profiles_{uuid4().hex}", timeout_s=PATIENCE_S
    )


@pytest.fixture
def session(place: CassandraSettings) -> Iterator[Session]:
    """Look at the table past the store; drop its keyspace in the end."""
    cluster, session = connect(place)
    try:
        yield session
        session.execute(f"DROP KEYSPACE IF EXISTS {place.keyspace}", timeout=PATIENCE_S)
    finally:
        cluster.shutdown()


@pytest.fixture
def frozen(place: CassandraSettings, session: Session) -> CassandraSettings:
    """Give a table of schema 1."""
    put_back_cassandra(session, place.keyspace)
    return place


@pytest.fixture
def lacking(place: CassandraSettings, session: Session) -> CassandraSettings:
    """Give a table of schema 1 that was made without two columns."""
    statement = table_statement(place).replace(OURS, "profiles, schema version 1")
    for column in ('"title" text, ', '"registered_on" date, '):
        assert column in statement
        statement = statement.replace(column, "")
    for each in (keyspace_statement(place), statement):
        session.execute(each, timeout=PATIENCE_S)
    return place


def comment(session: Session, settings: CassandraSettings) -> str:
    (told,) = session.execute(
        "SELECT comment FROM system_schema.tables WHERE keyspace_name = %s AND table_name = %s",
        (settings.keyspace, settings.table),
    ).one()
    return str(told)


def living(who: Profile) -> Profile:
    """Let somebody expire in a year from now, by the server's clock."""
    return who._replace(expires_at=date.fromordinal(the_time().toordinal() + 365))


def holding(*held: Profile, at: int) -> Following:
    return Following(held={one.id: (one, at) for one in held}, absent={})


def test_a_table_of_schema_1_is_brought_forward_and_holds_what_it_held(
    frozen: CassandraSettings, session: Session
) -> None:
    deciding = MemoryDecidingStore()
    FrozenLog().apply_to(deciding)

    with opened(frozen) as store:
        assert as_rows(store.profiles()) == frozen_rows()
        assert_holds_what_was_frozen(deciding, store)

    today = the_time().date().isoformat()
    added = f" with {' '.join(added_since())}" if added_since() else ""
    assert comment(session, frozen) == f"{OURS}; from version 1 on {today}{added}"
    with opened(frozen, create=False) as store:
        assert as_rows(store.profiles()) == frozen_rows()
    with opened(frozen):
        assert comment(session, frozen).count("from version") == 1


def test_a_table_that_was_brought_forward_is_worked_on(frozen: CassandraSettings) -> None:
    (first, *_) = frozen_rows()
    with opened(frozen) as store:
        ((old, number),) = [pair for pair in store.profiles() if pair[0].id == first["id"]]
        newer = living(old._replace(city="Ribe"))

        store.follow(holding(newer, at=number + 1))
        store.follow(holding(living(old), at=number))

        assert store.profile(newer.id) == (newer, number + 1)


def test_who_may_not_make_a_table_is_told_what_brings_it_forward(
    frozen: CassandraSettings, session: Session
) -> None:
    with pytest.raises(
        UsageError,
        match=r"users at cassandra://.* is of schema version 1, and this release's is 2; nothing"
        r" was changed\. Stop what works on it and start `profiles process`",
    ):
        opened(frozen, create=False)

    assert comment(session, frozen) == "profiles, schema version 1"


def test_columns_that_a_table_lacks_are_added_and_null(
    lacking: CassandraSettings, session: Session
) -> None:
    ada, bea = living(profile(ADA)), living(profile(BEA))
    session.execute(
        f"INSERT INTO {lacking.keyspace}.users (id, city, age, birth_month, as_of, expires_at,"  # noqa: S608 - our own name
        " version) VALUES (%s, 'Oslo', 41, '1985-03', %s, %s, %s) USING TIMESTAMP %s",
        (
            UUID(ADA),
            ada.as_of,
            datetime.combine(ada.expires_at, datetime.min.time()),
            version(1),
            version(1),
        ),
    )

    with opened(lacking) as store:
        held = store.profile(ADA)
        assert held is not None
        assert (held[0].title, held[0].registered_on, held[0].city) == (None, None, "Oslo")
        store.follow(holding(ada, bea, at=version(2)))
        assert store.held([ADA, BEA]) == {ADA: (ada, version(2)), BEA: (bea, version(2))}

    assert comment(session, lacking).endswith(" with title registered_on")


# --- Killed, and at the same time ------------------------------------------------------------


def open_and_be_killed(settings: CassandraSettings) -> None:
    """Die when the columns are added and the comment is not yet written."""

    def killed(*_: Any) -> str:  # noqa: ANN401 - whatever it takes
        signal.raise_signal(signal.SIGKILL)
        return ""

    with patch.object(Schema, "comment_on", killed):
        opened(settings)


def open_and_look(settings: CassandraSettings, start: Any) -> None:  # noqa: ANN401 - a barrier of multiprocessing
    start.wait(PATIENCE_S)
    with opened(settings) as store:
        assert list(store.profiles()) == []


def test_killed_in_the_middle_it_goes_on_next_time(
    lacking: CassandraSettings, session: Session
) -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=open_and_be_killed, args=(lacking,)
    )
    process.start()
    process.join(PATIENCE_S)
    assert process.exitcode == -signal.SIGKILL
    assert comment(session, lacking) == "profiles, schema version 1"
    with pytest.raises(UsageError, match="is of schema version 1"):
        opened(lacking, create=False)

    ada = living(profile(ADA))
    with opened(lacking) as store:
        store.follow(holding(ada, at=version(1)))
        assert list(store.profiles()) == [(ada, version(1))]

    assert comment(session, lacking).startswith(f"{OURS}; from version 1 on ")


def test_processes_that_bring_one_table_forward_at_once_both_get_it(
    lacking: CassandraSettings, session: Session
) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(2)
    processes = [spawn.Process(target=open_and_look, args=(lacking, barrier)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE_S)

    assert [process.exitcode for process in processes] == [0, 0]
    assert comment(session, lacking).startswith(f"{OURS}; from version 1 on ")
    with opened(lacking, create=False) as store:
        assert list(store.profiles()) == []
