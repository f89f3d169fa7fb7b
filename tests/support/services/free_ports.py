"""Ports that stay a server's own while it is down."""

from __future__ import annotations

import random
import socket

# Below the ports that systems hand out to outgoing connections (Linux: from 32768). A client that
# keeps trying a port of those while its server is down may one day be given it, and then is
# connected to itself and keeps the server out.
PORTS = range(20_000, 32_000)
HOST = "127.0.0.1"

_reserved: list[int] = []
"""File descriptors of what reserves ports; open for as long as this process lives."""


def free_port() -> int:
    """Find a port of the loopback address that nothing listens on, and reserve it.

    No other process of tests is given it, though its server may be long in coming, or be down.
    """
    while True:
        port = random.choice(PORTS)
        reservation = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # no server of ours uses UDP
        with reservation, socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                reservation.bind((HOST, port))
                trial.bind((HOST, port))
            except OSError:
                continue
            _reserved.append(reservation.detach())
            return port


def keep(port: int) -> socket.socket:
    """Bind a port until the socket is closed: only who calls this too gets the same one."""
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        kept.bind((HOST, port))
    except OSError:
        kept.close()
        raise
    return kept
