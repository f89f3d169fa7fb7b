"""An export as a page for the person, in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from profiles.entrypoints.export_page import export_page
from tests.browser.conftest import looking_at
from tests.browser.test_page import AXE
from tests.unit.entrypoints.test_export_page import (
    HOSTILE,
    NOTHING,
    PROFILE,
    RECORD,
    document,
    following,
)

EXPORT = document(
    held=True,
    profile=PROFILE | {"full_address": "x" * 300},
    log=[RECORD, NOTHING],
    searched=[{"log": "topic people", "partitions": []}],
    stores=following(PROFILE, agrees=False),
)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_the_page_of_an_export_is_accessible_on_a_telephone_and_runs_nothing(
    chromium: Browser, tmp_path: Path, colours: str
) -> None:
    file = tmp_path / "export.html"
    file.write_text(export_page(EXPORT), "utf-8")
    narrow = {"width": 320, "height": 800}

    with looking_at(chromium, file.as_uri(), viewport=narrow, color_scheme=colours) as page:
        page.goto(file.as_uri())
        page.evaluate(AXE)
        found = page.evaluate("axe.run()")
        widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")

        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
        assert widths[0] <= widths[1] == narrow["width"]
        assert page.get_by_text(HOSTILE).count() == 3
