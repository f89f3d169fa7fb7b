"""An address where nothing listens."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def refused_address() -> Iterator[str]:
    """Give `HOST:PORT` of this machine, where every connection is refused.

    The port is kept: one that is only found free may be somebody else's a moment later.
    """
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))  # and does not listen
        yield f"127.0.0.1:{kept.getsockname()[1]}"
