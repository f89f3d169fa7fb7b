"""No two servers of tests are given the same port, whichever process starts them."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.services import free_ports
from tests.support.services.free_ports import HOST, free_port, keep

ROOT = Path(__file__).parents[3]
ASK = """
from tests.support.services import free_ports
free_ports.PORTS = range({first}, {first} + 2)
print(free_ports.free_port())
"""


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> int:
    """The first of two free ports, and there are no others."""
    while True:
        port = free_port()
        with socket.socket() as next_one, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            try:
                next_one.bind((HOST, port + 1))
                datagrams.bind((HOST, port + 1))
            except OSError:
                continue
        monkeypatch.setattr(free_ports, "PORTS", range(port, port + 2))
        return port


def test_a_port_that_was_given_is_not_given_again_though_nothing_listens_yet(first: int) -> None:
    assert free_port() == first + 1


def test_nor_is_it_given_by_another_process(first: int) -> None:
    asked = subprocess.run(
        [sys.executable, "-c", ASK.format(first=first)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert int(asked.stdout) == first + 1


def test_a_server_can_listen_there(first: int) -> None:
    with (
        socket.create_server((HOST, first)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        assert client.getpeername() == (HOST, first)


def test_a_port_that_is_kept_is_given_to_nobody_but_those_who_share_it() -> None:
    with keep(free_port()) as kept, keep(kept.getsockname()[1]) as shared:
        shared.listen()
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with pytest.raises(OSError, match="in use"):
                other.bind((HOST, kept.getsockname()[1]))


def test_a_port_that_is_kept_takes_no_connections() -> None:
    with keep(free_port()) as kept, pytest.raises(ConnectionRefusedError):
        socket.create_connection(kept.getsockname())
