"""Fixtures that give tests real servers; loaded by tests/conftest.py, for tests of every folder.

`kafka_address`, `cassandra_address` and `mongo_url` are shared by the session: a test makes topics,
keyspaces and databases of its own names, and kills nothing. `kafka_service`, `cassandra_service`
and `mongo_service` are a second set, never at a given address: a fault test kills and starts them
as it likes, and the next test finds them running again, with what was written before.

A test that asks for one of them by argument is marked `servers` and `integration`. One that gets it
through `request.getfixturevalue` is marked by hand: `pytest.param(..., marks=pytest.mark.servers)`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import TypeVar

import pytest

from tests.support.services.pool import Pool, this_machine
from tests.support.services.service import Name, Service, ServiceError

Answer = TypeVar("Answer")

SHARED: dict[str, Name] = {
    "kafka_address": "kafka",
    "cassandra_address": "cassandra",
    "mongo_url": "mongo",
}
TO_BE_KILLED: dict[str, Name] = {
    "kafka_service": "kafka",
    "cassandra_service": "cassandra",
    "mongo_service": "mongo",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if fixtures_of(item) & {*SHARED, *TO_BE_KILLED}:
            item.add_marker(pytest.mark.servers)
        if item.get_closest_marker("servers"):
            item.add_marker(pytest.mark.integration)


def fixtures_of(item: pytest.Item) -> set[str]:
    """Name all that a test asks for by argument; what a parameter names is not among them."""
    return set(getattr(item, "fixturenames", ()))


def begin(pool: Pool, fixtures: dict[str, Name], session: pytest.Session) -> None:
    """Start side by side what the selected tests will ask for one after the other."""
    asked_for = set[str]().union(*map(fixtures_of, session.items))
    for fixture, name in fixtures.items():
        if fixture in asked_for:
            with contextlib.suppress(ServiceError):  # the test that asks for it will be told
                pool.begin(name)


def or_fail(ask: Callable[[], Answer]) -> Answer:
    """Fail the test, with what to do about it as the only text, where a server can't be had."""
    try:
        return ask()
    except ServiceError as error:
        what_to_do = str(error)
    pytest.fail(what_to_do, pytrace=False)


def running(pool: Pool, name: Name) -> Service:
    service = pool.service(name)
    service.start()
    return service


@pytest.fixture(scope="session")
def shared_servers(request: pytest.FixtureRequest) -> Generator[Pool]:
    with Pool(this_machine()) as pool:
        begin(pool, SHARED, request.session)
        yield pool


@pytest.fixture(scope="session")
def kafka_address(shared_servers: Pool) -> str:
    """HOST:PORT of a Kafka broker."""
    return or_fail(lambda: shared_servers.address("kafka"))


@pytest.fixture(scope="session")
def cassandra_address(shared_servers: Pool) -> str:
    """HOST:PORT of a Cassandra node."""
    return or_fail(lambda: shared_servers.address("cassandra"))


@pytest.fixture(scope="session")
def mongo_url(shared_servers: Pool) -> str:
    """URL, without a database, of a MongoDB replica set."""
    return or_fail(lambda: shared_servers.address("mongo"))


@pytest.fixture(scope="session")
def own_servers(request: pytest.FixtureRequest) -> Generator[Pool]:
    with Pool(this_machine(), to_be_killed=True) as pool:
        begin(pool, TO_BE_KILLED, request.session)
        yield pool


@pytest.fixture
def kafka_service(own_servers: Pool) -> Service:
    """A running Kafka broker that the test may kill."""
    return or_fail(lambda: running(own_servers, "kafka"))


@pytest.fixture
def cassandra_service(own_servers: Pool) -> Service:
    """A running Cassandra node that the test may kill."""
    return or_fail(lambda: running(own_servers, "cassandra"))


@pytest.fixture
def mongo_service(own_servers: Pool) -> Service:
    """A running MongoDB replica set of one member that the test may kill."""
    return or_fail(lambda: running(own_servers, "mongo"))
