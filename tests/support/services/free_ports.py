"""Ports that stay a server's own while it is down."""

from __future__ import annotations

import random
import socket

# Below the ports that systems hand out to outgoing connections (Linux: from 32768). A client that
# keeps trying a port of those while its server is down may one day be given it, and then is
# connected to itself and keeps the server out.
PORTS = range(20_000, 32_000)
HOST = "127.0.0.1"


def free_port() -> int:
    """Find a port of the loopback address that nothing listens on."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((HOST, port))
            except OSError:
                continue
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
