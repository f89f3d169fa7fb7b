"""A real Chromium, and a page over a store that the test holds in its hand."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from profiles.adapters.dashboard.app import create_app
from profiles.adapters.dashboard.server import PageServer
from profiles.application.errors import StoreError
from profiles.application.ports.stores import Overview
from tests.support.patience import PATIENCE_S
from tests.support.services.free_ports import free_port

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
REFRESH_S = 0.2

PATIENCE_MS = PATIENCE_S * 1_000
expect.set_options(timeout=PATIENCE_MS)

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
    """An `OverviewReader` over what the test says is held; it can go away."""

    def __init__(self) -> None:
        self.held = Overview()
        self.away = False

    def overview(self) -> Overview:
        if self.away:
            raise StoreError("The store of the test", "it did not answer", "Let it come back.")
        return self.held


@contextmanager
def looking_at(browser: Browser, url: str, **context_options: object) -> Generator[Page]:
    """Open a page in a browser of its own; demand: own host only, nothing on the console."""
    options = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", **context_options}
    context = browser.new_context(**options)  # type: ignore[arg-type] # what playwright takes
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    own = urlsplit(url).netloc
    assert asked
    foreign = [url for url in asked if urlsplit(url).scheme != "data"]
    assert {urlsplit(url).netloc for url in foreign} == {own}
    assert complaints == []


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
    app = create_app(store, now=lambda: NOW, refresh_s=REFRESH_S)
    with PageServer(app.server, port=free_port()) as server:  # it stays its own while it is down
        yield server
