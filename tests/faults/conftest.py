"""A site on the servers that the fault tests may kill."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.support.chaos.site import StormSite
from tests.support.cluster_site import Addresses, Site
from tests.support.embedded_jobs import write_population
from tests.support.networks import Networks, networks
from tests.support.services import Service

PEOPLE = 6_000


@dataclass(frozen=True)
class Servers:
    """Three servers that a test may kill."""

    kafka: Service
    cassandra: Service
    mongo: Service

    @property
    def addresses(self) -> Addresses:
        return Addresses(self.kafka.address, self.cassandra.address, self.mongo.address)


@pytest.fixture
def servers(kafka_service: Service, cassandra_service: Service, mongo_service: Service) -> Servers:
    return Servers(kafka_service, cassandra_service, mongo_service)


@pytest.fixture
def new_site(servers: Servers, tmp_path: Path) -> Generator[Callable[[], Site]]:
    """Make a site, as often as a test wants one."""
    with ExitStack() as stack:
        numbers = count()

        def make() -> Site:
            folder = tmp_path / f"{next(numbers)}"
            folder.mkdir()
            return Site(servers.addresses, folder, stack)

        yield make


@pytest.fixture
def site(new_site: Callable[[], Site]) -> Site:
    return new_site()


@pytest.fixture
def network(servers: Servers) -> Generator[Networks]:
    with networks(servers.kafka, servers.cassandra, servers.mongo) as made:
        yield made


@pytest.fixture
def storm_site(servers: Servers, network: Networks, tmp_path: Path) -> Generator[StormSite]:
    """A site whose commands come to the servers through the network that breaks."""
    with ExitStack() as stack:
        yield StormSite(servers.addresses, tmp_path, stack, through=network.addresses)


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of some thousand persons of every kind, some of them in many records."""
    path = tmp_path_factory.mktemp("people") / "people.jsonl"
    write_population(path, limit=PEOPLE)
    return path
