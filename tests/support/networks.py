"""A proxy in front of each server, and the addresses by which a pipeline comes through them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

from tests.support.cluster_site import Addresses
from tests.support.proxy import Proxy
from tests.support.services import Service
from tests.support.services.service import Name

PRODUCE, FETCH, OFFSET_COMMIT, END_TXN = 0, 1, 8, 26
"""Kafka's numbers of requests."""
EXECUTE, BATCH = 10, 13
"""CQL's numbers of requests."""

Asks = Callable[[bytes], bool]


def asks_mongo_to_commit(request: bytes) -> bool:
    """Tell whether it ends a transaction."""
    return b"commitTransaction" in request


def asks_cassandra(*requests: int) -> Asks:
    """Tell whether it begins with a request of one of these kinds."""
    return lambda request: request[4:5] in {bytes([each]) for each in requests}


def asks_kafka(*requests: int) -> Asks:
    """Tell whether it begins with a request of one of these kinds."""
    return lambda request: int.from_bytes(request[4:6], "big") in requests


@dataclass(frozen=True)
class Networks:
    """The ways to three servers, each of which can be broken."""

    kafka: Proxy
    cassandra: Proxy
    mongo: Proxy

    @property
    def addresses(self) -> Addresses:
        """Return what leads through the proxies.

        The driver of MongoDB would go to the members by the names that the set has for them.
        """
        mongo = f"mongodb://{self.mongo.address}/?directConnection=true"
        return Addresses(self.kafka.address, self.cassandra.address, mongo)

    @property
    def by_name(self) -> Mapping[Name, Proxy]:
        """Return each by the name of its server."""
        return {"kafka": self.kafka, "cassandra": self.cassandra, "mongo": self.mongo}

    def mend(self) -> None:
        """Have all of them whole again."""
        for each in self.by_name.values():
            each.mend()


@contextmanager
def networks(kafka: Service, cassandra: Service, mongo: Service) -> Generator[Networks]:
    """Put a proxy in front of each of three servers."""
    with ExitStack() as stack:

        def before(service: Service) -> Proxy:
            made = Proxy(service.door.address, port=service.door.proxy_port)
            return stack.enter_context(closing(made))

        yield Networks(*map(before, (kafka, cassandra, mongo)))
