"""Ports that stay a server's own while it is down."""

from __future__ import annotations

import random
import socket

# Below the ports that systems hand out to outgoing connections (Linux: from 32768). A client that
# keeps trying a port of those while its server is down may one day be given it, and then is
# connected to itself and keeps the server out.
PORTS = range(20_000, 32_000)


def free_port() -> int:
    """Find a port of the loopback address that nothing listens on."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
