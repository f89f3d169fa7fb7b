"""What is Cassandra's own about the following store; the rest is in the suite of its port."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from threading import Event, Lock, Thread
from time import monotonic, sleep
from typing import Any
from uuid import UUID, uuid4

import pytest
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Session

from profiles.adapters.cassandra import CassandraFollowingStore, CassandraSettings
from profiles.adapters.cassandra.columns import COLUMNS
from profiles.adapters.cassandra.connection import connect
from profiles.adapters.cassandra.schema import (
    keyspace_statement,
    qualified,
    table_statement,
)
from profiles.application.errors import StoreError, StoreRefusedError
from profiles.application.ports.stores import Following
from profiles.domain.errors import UsageError
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from tests.support.histories import profile, version
from tests.support.patience import PATIENCE_S
from tests.support.refused_address import refused_address
from tests.support.services.free_ports import free_port

OLD, NEW = version(1), version(2)


def the_time() -> datetime:
    return datetime.now(UTC)


open_store = partial(CassandraFollowingStore.open, clock=the_time)


@pytest.fixture(scope="module")
def place(cassandra_address: str) -> CassandraSettings:
    """Name a keyspace of this module's own, not made yet."""
    host, port = cassandra_address.rsplit(":", 1)
    return CassandraSettings(
        hosts=(host,), port=int(port), keyspace=f"profiles_{uuid4().hex}", timeout_s=PATIENCE_S
    )


@pytest.fixture(scope="module")
def session(place: CassandraSettings) -> Iterator[Session]:
    """Look at the tables past the store; drop them in the end."""
    with session_of(place) as opened:
        opened.execute(keyspace_statement(place))
        yield opened
        opened.execute(f"DROP KEYSPACE {place.keyspace}")


@pytest.fixture
def settings(place: CassandraSettings, session: Session) -> CassandraSettings:
    """Name a table of the test's own, in a keyspace that exists."""
    assert session.keyspace is None
    return replace(place, table=f"users_{uuid4().hex}")


@pytest.fixture
def nowhere(place: CassandraSettings, session: Session) -> Iterator[CassandraSettings]:
    """Name a keyspace that does not exist; it is dropped afterwards."""
    made = replace(place, keyspace=f"profiles_{uuid4().hex}")
    yield made
    session.execute(f"DROP KEYSPACE {made.keyspace}")


@contextmanager
def session_of(settings: CassandraSettings) -> Iterator[Session]:
    cluster, session = connect(settings)
    try:
        yield session
    finally:
        cluster.shutdown()


def somebody() -> Profile:
    """Make a profile of somebody new that expires in a year."""
    today = the_time().date()
    return profile(PersonId(str(uuid4())), expires_at=date.fromordinal(today.toordinal() + 365))


def holding(*held: Profile, at: int = NEW) -> Following:
    return Following(held={one.id: (one, at) for one in held}, absent={})


# The table ----------------------------------------------------------------------------------------


def test_keyspace_and_table_are_made_where_missing(
    nowhere: CassandraSettings, session: Session
) -> None:
    with open_store(nowhere):
        pass

    made = session.execute(f"SELECT * FROM {nowhere.keyspace}.users")  # noqa: S608 - our own name
    assert sorted(made.column_names) == sorted(COLUMNS)
    replication = replication_of(nowhere, session)
    assert replication["class"].endswith("SimpleStrategy")
    assert replication["replication_factor"] == "1"


def test_a_keyspace_is_replicated_by_data_centre(
    nowhere: CassandraSettings, session: Session
) -> None:
    (centre,) = session.execute("SELECT data_center FROM system.local").one()
    there = replace(nowhere, datacentre=centre, replication={centre: 1}, table="select")
    ada = somebody()

    with open_store(there) as store:
        store.follow(holding(ada))

        assert store.profile(ada.id) == (ada, NEW)
    replication = replication_of(nowhere, session)
    assert replication["class"].endswith("NetworkTopologyStrategy")
    assert replication[centre] == "1"


def replication_of(settings: CassandraSettings, session: Session) -> dict[str, str]:
    (replication,) = session.execute(
        "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = %s",
        (settings.keyspace,),
    ).one()
    return dict(replication)


def test_a_table_that_exists_is_taken_as_it_is(settings: CassandraSettings) -> None:
    ada = somebody()
    with open_store(settings) as store:
        store.follow(holding(ada))

    with open_store(settings, create=False) as store:
        assert list(store.profiles()) == [(ada, NEW)]


def test_several_may_come_first(settings: CassandraSettings) -> None:
    def first(_number: int) -> None:
        with open_store(settings) as store:
            store.follow(holding(somebody()))

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(first, range(3)))

    with open_store(settings, create=False) as store:
        assert len(list(store.profiles())) == 3


def test_a_missing_table_is_not_made_by_those_who_only_read(settings: CassandraSettings) -> None:
    with pytest.raises(UsageError, match=r"There is no table users_.* at cassandra://"):
        open_store(settings, create=False)


def test_somebody_elses_table_is_refused(settings: CassandraSettings, session: Session) -> None:
    session.execute(f"CREATE TABLE {qualified(settings)} (id int PRIMARY KEY)")

    with pytest.raises(UsageError, match="was not made by profiles"):
        open_store(settings)


def test_a_table_of_another_schema_version_is_refused(
    settings: CassandraSettings, session: Session
) -> None:
    session.execute(table_statement(settings).replace("version 2'", "version 7'"))

    with pytest.raises(UsageError, match="schema version 7, and this release knows none later"):
        open_store(settings)


def test_a_table_that_was_changed_is_refused(settings: CassandraSettings, session: Session) -> None:
    session.execute(table_statement(settings))
    session.execute(f"ALTER TABLE {qualified(settings)} ADD phone text")

    with pytest.raises(UsageError, match=r"has columns that this release does not know \(phone\)"):
        open_store(settings)


# Rows ---------------------------------------------------------------------------------------------


def test_a_row_has_its_version_as_timestamp_and_lives_until_it_expires(
    settings: CassandraSettings, session: Session
) -> None:
    ada, bea = somebody(), somebody()._replace(expires_at=date(2050, 1, 1))
    with open_store(settings) as store:
        store.follow(holding(ada, bea))

    def told(who: Profile) -> tuple[int, int | None]:
        row = session.execute(
            f"SELECT writetime(email), ttl(email) FROM {qualified(settings)} WHERE id = %s",  # noqa: S608 - our own name
            (UUID(who.id),),
        ).one()
        return row[0], row[1]

    written_at, ttl_s = told(ada)
    end = datetime.combine(ada.expires_at, datetime.min.time(), UTC)
    assert written_at == NEW
    assert ttl_s is not None
    assert abs((end - the_time()).total_seconds() - ttl_s) < 10
    assert told(bea) == (NEW, None)


def test_a_table_full_of_nulls_can_be_read(settings: CassandraSettings) -> None:
    nulls = [
        somebody()._replace(username=None, full_name=None, email=None, registered_on=None)
        for _ in range(3_000)
    ]
    with open_store(settings) as store:
        store.follow(holding(*nulls))

        assert sorted(store.profiles()) == sorted((one, NEW) for one in nulls)


def test_the_longest_profiles_fit_into_batches(
    settings: CassandraSettings, caplog: pytest.LogCaptureFixture
) -> None:
    long = "\N{PILE OF POO}" * 256
    texts: dict[str, Any] = dict.fromkeys(
        "username gender title full_name city country nationality email email_domain".split(), long
    )
    longest = [somebody()._replace(**texts, full_address=long * 5) for _ in range(100)]
    with caplog.at_level(logging.WARNING), open_store(settings) as store:
        store.follow(holding(*longest))
        store.follow(holding(*(somebody() for _ in range(500))))

        assert len(list(store.profiles())) == 600

    assert caplog.records == []  # also nothing of what the server says of each batch


def test_rows_and_deletions_share_batches(settings: CassandraSettings) -> None:
    persons = [somebody() for _ in range(300)]
    with open_store(replace(settings, batch_rows=7, concurrency=2)) as store:
        store.follow(holding(*persons, at=OLD))
        stay, go = persons[::2], persons[1::2]
        store.follow(
            Following(
                held={one.id: (one, NEW) for one in stay},
                absent={one.id: NEW for one in go},
            )
        )

        assert sorted(store.profiles()) == sorted((one, NEW) for one in stay)


# Failures -----------------------------------------------------------------------------------------


def test_an_unreachable_server_is_an_error_that_names_its_address() -> None:
    with refused_address() as address:
        port = int(address.partition(":")[2])

        with pytest.raises(StoreError, match=f"cassandra://{address}/user_keyspace: no node"):
            open_store(CassandraSettings(hosts=("127.0.0.1",), port=port))


def test_an_unknown_host_name_is_an_error_that_names_it() -> None:
    with pytest.raises(StoreError, match=r"nowhere\.invalid:9042/user_keyspace: there is no host"):
        open_store(CassandraSettings(hosts=("nowhere.invalid",)))


def test_an_unknown_data_centre_is_an_error_that_lists_the_known_ones(
    settings: CassandraSettings, session: Session
) -> None:
    (centre,) = session.execute("SELECT data_center FROM system.local").one()

    with pytest.raises(UsageError, match=f"has no data centre 'nowhere'; name one of: {centre}"):
        open_store(replace(settings, datacentre="nowhere"))


def test_the_error_of_a_refused_write_quotes_no_value(
    settings: CassandraSettings, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    ada = somebody()
    with caplog.at_level(logging.DEBUG), open_store(settings) as store:
        session.execute(f"DROP TABLE {qualified(settings)}")

        with pytest.raises(StoreRefusedError) as caught:  # never tried again
            store.follow(holding(ada))
        with pytest.raises(StoreError) as reading:
            store.profile(ada.id)

    told = str(caught.value)
    assert "refused a request" in told
    assert "a part of the chunk may be written there" in told
    said = told + repr(caught.value) + str(reading.value) + caplog.text
    assert [word for word in ("Byron", "Strandvejen", "ada.byron", ada.id) if word in said] == []
    assert caught.value.__cause__ is None


class Wire:
    """A way to the server that can be cut: what a network does, between real ends."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._ends: list[socket.socket] = []
        self._turn = Lock()
        self.port = free_port()
        self.mend()

    def mend(self) -> None:
        """Let connections through."""
        self.stalled = Event()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Drop all connections and take no new ones."""
        with self._turn:
            _close(self._listener, *self._ends)
            self._ends.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
                with self._turn:
                    if listener.fileno() < 0:  # cut meanwhile
                        _close(near, far)
                        return
                    self._ends += [near, far]
                for ends in ((near, far), (far, near)):
                    Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while part := source.recv(65_536):
                if not self.stalled.is_set():
                    target.sendall(part)
            target.shutdown(socket.SHUT_WR)


def _close(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@pytest.fixture
def wire(settings: CassandraSettings) -> Iterator[Wire]:
    made = Wire(settings.hosts[0], settings.port)
    yield made
    made.cut()


def test_a_short_cut_is_got_over(
    settings: CassandraSettings, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    persons = [somebody() for _ in range(2_000)]
    with open_store(replace(settings, port=wire.port)) as store:

        def pause(seconds: float) -> None:
            """Pause for longer where this machine takes longer to connect again."""
            deadline = monotonic() + PATIENCE_S
            sleep(seconds)
            while not all(host.is_up for host in store._metadata.all_hosts()):  # noqa: SLF001 - what the driver knows
                assert monotonic() < deadline
                sleep(0.05)

        monkeypatch.setattr(store, "_sender", replace(store._sender, pause=pause))  # noqa: SLF001 - its pauses are fixed
        wire.cut()
        wire.mend()
        store.follow(holding(*persons))

        assert sorted(store.profiles()) == sorted((one, NEW) for one in persons)


def test_after_a_long_network_failure_applying_the_same_chunk_again_completes_it(
    settings: CassandraSettings, wire: Wire
) -> None:
    persons = [somebody() for _ in range(2_000)]
    with open_store(replace(settings, port=wire.port)) as store:
        store.follow(holding(*persons, at=OLD))
        wire.cut()

        with pytest.raises(StoreError, match=r"no node answered .* may be written there"):
            store.follow(holding(*persons))

        wire.mend()
        follow_in_the_end(store, holding(*persons))
        assert sorted(store.profiles()) == sorted((one, NEW) for one in persons)


def follow_in_the_end(store: CassandraFollowingStore, following: Following) -> None:
    deadline = monotonic() + PATIENCE_S
    while True:
        try:
            return store.follow(following)
        except StoreError:
            if monotonic() > deadline:
                raise


def test_a_server_that_stops_answering_is_an_error(settings: CassandraSettings, wire: Wire) -> None:
    with open_store(replace(settings, port=wire.port)) as store:
        wire.stalled.set()
        profiles: Any = store._cluster.profile_manager.profiles  # noqa: SLF001 - all but what stalls has its full time
        profiles[EXEC_PROFILE_DEFAULT].request_timeout = 0.5

        with pytest.raises(StoreError, match="did not answer in time"):
            store.follow(holding(somebody()))
        with pytest.raises(StoreError, match="did not answer in time"):
            list(store.profiles())
