"""The page over a store."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from profiles.entrypoints.addresses import DecidingAddress
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.needs import need
from profiles.entrypoints.composition.stores import deciding_store

if TYPE_CHECKING:
    from profiles.adapters.dashboard.server import PageServer


@contextmanager
def page(store: DecidingAddress, *, port: int, host: str = "127.0.0.1") -> Generator[PageServer]:
    """Serve the page over a store that is there already.

    Raises:
        UsageError: there is no store, the port is taken, or the page's libraries are missing.
        StoreError: the store can't be opened.
    """
    need("profiles.adapters.dashboard.app", extra="dashboard")
    from profiles.adapters.dashboard.app import create_app
    from profiles.adapters.dashboard.server import PageServer

    with deciding_store(store, create=False) as reader:
        app = create_app(reader, today=lambda: now().date())
        with PageServer(app.server, host=host, port=port) as server:
            yield server
