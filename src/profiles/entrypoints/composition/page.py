"""The page over a store."""

from __future__ import annotations

import ipaddress
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from profiles.application.dashboard.disclosure import DEFAULT_K
from profiles.domain.errors import UsageError
from profiles.entrypoints.addresses import DecidingAddress
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.extras import require
from profiles.entrypoints.composition.stores import deciding_store

if TYPE_CHECKING:
    from profiles.adapters.dashboard.server import PageServer

LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSettings:
    """How the page is served.

    host: seen by this machine only, unless `behind_proxy` says that a proxy guards the page.
    k: what every count is rounded to; 1 is exact.
    """

    port: int
    host: str = LOOPBACK
    behind_proxy: bool = False
    refresh_s: float = 10.0
    k: int = DEFAULT_K


@contextmanager
def page(store: DecidingAddress, settings: PageSettings) -> Generator[PageServer]:
    """Serve the page over a store that is there already.

    Raises:
        UsageError: there is no store, the address is taken or seen by other machines, or the
            page's libraries are missing.
        StoreError: the store can't be opened.
    """
    if not (settings.behind_proxy or _is_loopback(settings.host)):
        raise UsageError(
            f"{settings.host} can be reached by other machines, and the page has no login. Put a"
            " proxy with a login before it and say --behind-proxy, or leave --host out."
        )
    require("profiles.adapters.dashboard.app", extra="dashboard")
    from profiles.adapters.dashboard.app import create_app
    from profiles.adapters.dashboard.server import PageServer

    with deciding_store(store, create=False) as reader:
        app = create_app(
            reader,
            now=now,
            refresh_s=settings.refresh_s,
            k=settings.k,
            behind_proxy=settings.behind_proxy,
        )
        with PageServer(app.server, host=settings.host, port=settings.port) as server:
            yield server


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
