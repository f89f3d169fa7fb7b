"""Take the screenshots of the documentation: `nox -s screenshots`.

Takes simulated persons into a store, serves the page over it and looks at it with the Chromium
of this machine.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
PEOPLE = "simulator:seed=4,limit=2400,minors=0.05,hostile=0.01,updates=0.05,domains=14"
VIEWS = {"page": (1200, 900), "page-phone": (390, 844)}


def main() -> None:
    """Make every image anew."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        store = f"sqlite:///{folder}/profiles.db"
        profiles = [sys.executable, "-m", "profiles"]
        subprocess.run(
            [*profiles, "run", "--once", "--source", PEOPLE, "--store", store],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        serving = subprocess.Popen(
            [*profiles, "dashboard", "--store", store, "--port", "0"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert serving.stderr is not None
        url = serving.stderr.readline().split()[4].rstrip(".")
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for name, (width, height) in VIEWS.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            _take(page, url, IMAGES / f"{name}.png")
        browser.close()
        serving.terminate()
        serving.communicate(timeout=10)


def _take(page: Page, url: str, path: Path) -> None:
    page.goto(url)
    page.wait_for_selector(".main-svg")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=path, full_page=True)


if __name__ == "__main__":
    main()
