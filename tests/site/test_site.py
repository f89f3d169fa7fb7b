"""The built site: `nox -s docs` builds it and runs this."""

from __future__ import annotations

from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

SITE = Path(__file__).parents[2] / "site"
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
STYLESHEETS = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.css"))


class Page(HTMLParser):
    """What a page links to, what it loads, and the anchors that it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value}
        self.anchors.update(given[name] for name in ("id", "name") if name in given)
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and "href" in given:
            self.loads.append(given["href"])
        elif "src" in given:
            self.loads.append(given["src"])


@cache
def page(name: str) -> Page:
    return Page(SITE / name)


def test_the_site_was_built() -> None:
    assert "index.html" in PAGES
    assert len(PAGES) > 30


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_nothing_from_another_host(name: str) -> None:
    assert [url for url in page(name).loads if urlsplit(url).netloc] == []


@pytest.mark.parametrize("name", STYLESHEETS)
def test_a_stylesheet_loads_nothing_from_another_host(name: str) -> None:
    content = (SITE / name).read_text("utf-8")

    assert "url(http" not in content
    assert "url(//" not in content
    assert "@import" not in content


@pytest.mark.parametrize("name", PAGES)
def test_every_link_within_the_site_leads_to_a_page_and_an_anchor_of_it(name: str) -> None:
    dead: list[str] = []
    for link in [*page(name).links, *page(name).loads]:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        # Only the page for what is not found is asked for from anywhere, and so begins at the root.
        base = SITE if parts.path.startswith("/") else (SITE / name).parent
        target = base / unquote(parts.path).lstrip("/") if parts.path else SITE / name
        target = target / "index.html" if target.is_dir() else target
        if not target.is_file():
            dead.append(link)
        elif parts.fragment and target.suffix == ".html":
            there = page(target.resolve().relative_to(SITE.resolve()).as_posix())
            if unquote(parts.fragment) not in there.anchors:
                dead.append(link)

    assert dead == []
