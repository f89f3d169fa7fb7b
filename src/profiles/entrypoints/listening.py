"""Where a command listens: what `--metrics` may say."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from profiles.domain.errors import UsageError

LOOPBACK: Final = "127.0.0.1"

_LAST_PORT: Final = 65_535
_ADDRESS: Final = re.compile(
    r"(?:(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<host>[\w.-]+))?:)?(?P<port>\d{1,5})", re.ASCII
)


class ListenAddress(NamedTuple):
    """A host of this machine, and a port; 0 for any free one."""

    host: str
    port: int


def read_listen_address(text: str) -> ListenAddress:
    """Read `[HOST:]PORT`; without a host only this machine can connect.

    Raises:
        UsageError: it has another form.
    """
    match = _ADDRESS.fullmatch(text.strip())
    if match is None or int(match["port"]) > _LAST_PORT:
        raise UsageError(
            f"{text!r} is no address to listen at; write HOST:PORT, like 127.0.0.1:9464, or only"
            " the port."
        )
    return ListenAddress(match["v6"] or match["host"] or LOOPBACK, int(match["port"]))
