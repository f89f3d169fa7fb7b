"""A real Chromium, and a page over a store that the test holds in its hand."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

from profiles.adapters.dashboard.app import create_app
from profiles.adapters.dashboard.server import PageServer
from profiles.application.errors import StoreError
from profiles.domain.statistics import Statistics

TODAY = date(2026, 11, 23)
REFRESH_S = 0.2

INSTALL = (
    "No Chromium was found. Install it (Debian, Ubuntu: apt-get install chromium), or put"
    " `chromium` into the PATH."
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Store:
    """A `StatisticsReader` over what the test says is held; it can go away."""

    def __init__(self) -> None:
        self.held = Statistics()
        self.away = False

    def statistics(self) -> Statistics:
        if self.away:
            raise StoreError("The store of the test", "it did not answer", "Let it come back.")
        return self.held


@pytest.fixture(scope="session")
def chromium() -> Generator[Browser]:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
    if not Path(found).exists():
        pytest.fail(INSTALL, pytrace=False)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=found, args=ARGUMENTS, headless=True
            )
        except Error:
            pytest.fail(f"{found} does not start. {INSTALL}", pytrace=False)
        yield browser
        browser.close()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def server(store: Store) -> Generator[PageServer]:
    app = create_app(store, today=lambda: TODAY, refresh_s=REFRESH_S)
    with PageServer(app, port=0) as server:
        yield server
