"""What the other fault tests rest on: a killed server comes back with all it had acknowledged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.services import Service
from tests.support.services.smoke import (
    read_message,
    read_row,
    read_transaction,
    write_message,
    write_row,
    write_transaction,
)
from tests.support.services.usable import mongo_is_usable
from tests.support.waiting import until

TESTS_WITH_A_SERVER = """
from tests.support.services.pool import Pool, this_machine
with Pool(this_machine(), to_be_killed=True) as pool:
    print(pool.address("mongo"), flush=True)
    input()
"""


def test_kafka_keeps_its_port_and_messages_over_a_kill(kafka_service: Service) -> None:
    topic = write_message(kafka_service.address, b"kept")

    kafka_service.kill()
    kafka_service.start()

    assert read_message(kafka_service.address, topic) == b"kept"


def test_cassandra_keeps_its_port_and_rows_over_a_kill(cassandra_service: Service) -> None:
    keyspace = write_row(cassandra_service.address, "kept")

    cassandra_service.kill()
    cassandra_service.start()

    assert read_row(cassandra_service.address, keyspace) == "kept"


def test_mongodb_keeps_its_port_and_documents_over_a_kill(mongo_service: Service) -> None:
    database = write_transaction(mongo_service.address, "kept")

    mongo_service.kill()
    mongo_service.start()

    assert read_transaction(mongo_service.address, database) == "kept"


def test_a_stopped_server_starts_again_and_a_started_one_stays(mongo_service: Service) -> None:
    database = write_transaction(mongo_service.address, "kept")

    mongo_service.stop()
    mongo_service.stop()
    mongo_service.start()
    mongo_service.start()

    assert read_transaction(mongo_service.address, database) == "kept"


def test_servers_for_trying_out_say_where_they_are_and_go_when_asked() -> None:
    command = [sys.executable, "-m", "tests.support.services"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as servers:
        assert servers.stdout is not None
        told = ""
        while "export PATH=" not in told and (line := servers.stdout.readline()):
            told += line
        mongo = told.partition("PROFILES_STORE='")[2].partition(" ")[0]
        until(lambda: mongo_is_usable(mongo))

        servers.terminate()

    assert servers.returncode == 0
    assert not mongo_is_usable(mongo)
    assert "export PROFILES_KAFKA=127.0.0.1:" in told
    assert " cassandra://127.0.0.1:" in told


def test_a_server_ends_when_the_tests_are_killed() -> None:
    tests = subprocess.Popen(
        [sys.executable, "-c", TESTS_WITH_A_SERVER],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with tests:
        address = tests.stdout.readline().strip() if tests.stdout else ""
        until(lambda: mongo_is_usable(address))

        tests.kill()

    until(lambda: not mongo_is_usable(address))
