from __future__ import annotations

import socket

import pytest

from tests.support.services.free_ports import HOST, free_port, keep


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
