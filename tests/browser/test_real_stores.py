"""The page over real stores, in a real browser, with real records."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, expect

from profiles.adapters.dashboard.app import create_app
from profiles.adapters.dashboard.server import PageServer
from profiles.adapters.dashboard.words import shown_bands
from profiles.adapters.memory import MemoryLedger
from profiles.adapters.mongo import MongoDecidingStore
from profiles.adapters.sqlite import SqliteDecidingStore
from profiles.application.dashboard.disclosure import People, people
from profiles.application.dashboard.population import by_group
from profiles.domain.person import PersonId
from profiles.domain.statistics import Statistics, cohorts_of
from tests.browser.conftest import looking_at
from tests.support.histories import chunk, stored
from tests.support.mongo_stores import database
from tests.support.patience import PATIENCE_S
from tests.support.services.service import Service

PROFILES = [sys.executable, "-m", "profiles"]


def take_in(path: Path, source: str) -> None:
    subprocess.run(
        [*PROFILES, "run", "--once", "--source", source, "--store", f"sqlite:///{path}"],
        check=True,
        capture_output=True,
    )


@contextmanager
def serving(path: Path) -> Generator[str]:
    """Serve the page by the command line, as it comes."""
    command = [*PROFILES, "dashboard", "--store", f"sqlite:///{path}", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        yield process.stderr.readline().split()[4].rstrip(".")
    finally:
        process.terminate()
        out, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert "http://127.0.0.1:" in json.loads(out)["page"]


def oracle(path: Path) -> People:
    """Recount the persons one by one, and round."""
    with closing(SqliteDecidingStore.open(path, create=False)) as store:
        recount = Statistics.recount(profile for profile, _ in store.profiles())
    today = datetime.now(UTC).date()
    return people(by_group(cohorts_of(recount.cells), today=today), k=5)


def test_the_page_shows_the_rounded_recount_and_follows_it(
    chromium: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "profiles.db"
    take_in(path, "simulator:seed=1,limit=700,minors=0.1,hostile=0.1,updates=0.1")
    before = oracle(path)
    with serving(path) as url, looking_at(chromium, url) as page:
        page.goto(url)
        expect(page.locator("#users")).to_have_text(f"{before.total:,}")
        for gender in ("female", "male"):
            row = page.locator("#gender-numbers tr", has_text=gender).last
            expect(row.locator("td").first).to_have_text(f"{before.genders[gender]:,}")
        bands = page.locator("#age-numbers tbody td:nth-child(2)").all_text_contents()
        assert [int(text.replace("< 5", "0")) for text in bands] == [
            before.bands[place] for place, _ in shown_bands(before)
        ]

        take_in(path, "simulator:seed=2,limit=5")
        after = oracle(path)
        assert after.total == before.total + 5
        expect(page.locator("#users")).to_have_text(f"{after.total:,}")


def test_a_killed_mongodb_is_reported_on_the_page_and_read_again_once_it_is_back(
    chromium: Browser, mongo_service: Service
) -> None:
    def take(first: int, count: int) -> None:
        ids = [f"{number:08}-0000-4000-8000-000000000000" for number in range(first, first + count)]
        store.apply(chunk(*(stored(PersonId(i)) for i in ids), start=first), MemoryLedger())

    url = mongo_service.address
    impatient = f"{url}{'&' if '?' in url else '/?'}serverSelectionTimeoutMS=500"
    with (
        database(url) as name,
        closing(MongoDecidingStore.open(impatient, name, timeout_s=2)) as store,
    ):
        take(0, 20)
        app = create_app(store, now=lambda: datetime.now(UTC), refresh_s=0.5)
        with PageServer(app.server, port=0) as server, looking_at(chromium, server.url) as page:
            page.goto(server.url)
            expect(page.locator("#users")).to_have_text("20")

            mongo_service.kill()
            expect(page.locator("#notice")).to_contain_text("The store does not answer.")
            expect(page.locator("#users")).to_have_text("20")

            mongo_service.start()
            expect(page.locator("#notice")).to_be_hidden()
            take(20, 5)
            expect(page.locator("#users")).to_have_text("25")
