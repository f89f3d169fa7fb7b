"""Take the screenshots of the documentation: `nox -s screenshots`.

Takes simulated persons into a store as if they had come over the last hour, serves the page over
it and looks at it with the Chromium of this machine.
"""

from __future__ import annotations

import math
import shutil
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from profiles.adapters import codec
from profiles.adapters.dashboard.app import create_app
from profiles.adapters.dashboard.server import PageServer
from profiles.adapters.memory import MemoryDecidingStore, MemoryLedger
from profiles.adapters.simulator import Simulator
from profiles.application.log.deciding import Rules, decide_chunk
from profiles.application.log.records import LogPartition, LogRecord
from profiles.domain.policy import DEFAULT_POLICY

IMAGES = Path(__file__).parent / "images"
PERSONS = 22_900
NOW = datetime.now(UTC).replace(hour=14, minute=7, second=20)


def main() -> None:
    """Make every image anew."""
    app = create_app(_store(), now=lambda: NOW)
    with PageServer(app.server, port=0) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        _take(browser, server.url, "page", (1280, 900), full=True)
        _take(browser, server.url, "page-dark", (1280, 1000), colours="dark")
        _take(browser, server.url, "page-phone", (390, 844), scale=2)
        browser.close()


def _store() -> MemoryDecidingStore:
    """Take persons in, each minute as many as a wave has it."""
    source = Simulator(
        seed=4, limit=PERSONS, minors=0.05, hostile=0.01, updates=0.05, domains=14,
        today=NOW.date(), batch=PERSONS,
    )  # fmt: skip
    values = iter([value for delivery in source.deliveries() for value in delivery.values])
    store, partition, offset = MemoryDecidingStore(), LogPartition("screenshots"), 0
    rules = Rules(policy=DEFAULT_POLICY, decode=codec.decode)
    for back in range(65, -1, -1):
        at = NOW - timedelta(minutes=back)
        count = PERSONS if back == 0 else round(330 + 130 * math.sin(back / 7) - 3 * (back % 9))
        records = [
            LogRecord(offset=number, logged_at=at, key=None, value=value)
            for number, value in enumerate(islice(values, count), offset)
        ]
        end = offset + len(records)
        chunk = decide_chunk(partition, records, start=offset, end=end, rules=rules, read_at=at)
        store.apply(chunk, MemoryLedger())
        offset = end
    assert store.statistics().total > PERSONS / 2
    return store


def _take(  # noqa: PLR0913 - what pictures differ in
    browser: Browser,
    url: str,
    name: str,
    size: tuple[int, int],
    *,
    colours: str = "light",
    scale: int = 1,
    full: bool = False,
) -> None:
    page = browser.new_page(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if colours == "dark" else "light",
        device_scale_factor=scale,
        locale="en-GB",
    )
    page.goto(url)
    page.wait_for_selector("#kept-out .main-svg")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / f"{name}.png", full_page=full)
    page.close()


if __name__ == "__main__":
    main()
