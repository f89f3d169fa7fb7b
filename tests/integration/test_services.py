from __future__ import annotations

from tests.support.services.smoke import (
    read_message,
    read_row,
    read_transaction,
    write_message,
    write_row,
    write_transaction,
)


def test_a_message_goes_through_kafka(kafka_address: str) -> None:
    topic = write_message(kafka_address, b"there and back")

    assert read_message(kafka_address, topic) == b"there and back"


def test_a_row_goes_through_cassandra(cassandra_address: str) -> None:
    keyspace = write_row(cassandra_address, "there and back")

    assert read_row(cassandra_address, keyspace) == "there and back"


def test_a_transaction_goes_through_mongodb(mongo_url: str) -> None:
    database = write_transaction(mongo_url, "there and back")

    assert read_transaction(mongo_url, database) == "there and back"
