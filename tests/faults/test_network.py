"""The network breaks while everybody lives on: cut, silent, slow, or without the answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.conftest import Servers
from tests.support.networks import Networks, networks
from tests.support.services.smoke import (
    read_message,
    read_row,
    read_transaction,
    write_message,
    write_row,
    write_transaction,
)
from tests.support.services.usable import kafka_is_usable


@pytest.fixture
def network(servers: Servers) -> Iterator[Networks]:
    with networks(servers.kafka, servers.cassandra, servers.mongo) as made:
        yield made


def test_who_comes_to_a_server_through_a_proxy_stays_there(
    network: Networks, servers: Servers
) -> None:
    kafka, cassandra, mongo = network.addresses

    topic = write_message(kafka, b"there and back")
    assert read_message(kafka, topic) == b"there and back"
    assert read_row(cassandra, write_row(cassandra, "there and back")) == "there and back"
    assert read_transaction(mongo, write_transaction(mongo, "there and back")) == "there and back"
    network.kafka.refuse()
    network.kafka.cut()
    assert not kafka_is_usable(kafka)
    assert kafka_is_usable(servers.kafka.address)
