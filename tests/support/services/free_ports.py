"""Ports that stay a server's own while it is down."""

from __future__ import annotations

import random
import socket

# Below the ports that systems hand out to outgoing connections (Linux: from 32768). A client that
# keeps trying a port of those while its server is down may one day be given it, and then is
# connected to itself and keeps the server out.
PORTS = range(20_000, 32_000)

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
                reservation.bind(("127.0.0.1", port))
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
            _reserved.append(reservation.detach())
            return port
