"""Reading once more what a connection did not bring because it was cut."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from cassandra.cluster import NoHostAvailable
from cassandra.connection import ConnectionException

from profiles.adapters.cassandra.failures import refused
from profiles.adapters.cassandra.sending import PAUSES_S

T = TypeVar("T")


def persistently(read: Callable[[], T], *, pause: Callable[[float], None] = time.sleep) -> T:
    """Return what was read; ask again, a few times, where the connection was cut.

    The driver goes to the next node then, and where there is none it fails at once, though a new
    connection can be had a moment later. What timed out is not asked for again.
    """
    for pause_s in PAUSES_S:
        try:
            return read()
        except (NoHostAvailable, ConnectionException) as failure:
            if refused(failure):
                raise
        pause(pause_s)
    return read()
