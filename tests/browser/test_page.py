"""The page in a real browser: what a reader sees, and what the browser asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from profiles.adapters.dashboard.server import PageServer
from profiles.domain.statistics import OTHER, UNKNOWN, Cell, Statistics

SOME = Statistics(
    cells={
        Cell("DK", "female", "1990-01"): 1200,
        Cell("FR", "male", "1972-05"): 799,
        Cell(UNKNOWN, UNKNOWN, "2007-01"): 1,
    },
    email_domains={"a.example": 1500, "b.example": 480, OTHER: 20},
)
ONE_MORE = Statistics(cells={Cell("BR", "female", "1950-01"): 1}, email_domains={"c.example": 1})


class Store(Protocol):
    held: Statistics
    away: bool


@pytest.fixture
def page(chromium: Browser, server: PageServer) -> Generator[Page]:
    """Open the page and demand of every test: own host only, nothing on the console."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.set_default_timeout(15_000)
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    own = urlsplit(server.url).netloc
    assert asked
    foreign = [url for url in asked if urlsplit(url).scheme != "data"]
    assert {urlsplit(url).netloc for url in foreign} == {own}
    assert complaints == []


def expect_drawn(page: Page, chart: str, axis: str, counts: list[int]) -> None:
    """Read back what plotly has drawn, until it is this."""
    page.wait_for_function(
        """([chart, axis, counts]) => {
            const drawn = document.querySelector(`#${chart} .js-plotly-plot`)?.data?.[0]?.[axis];
            return drawn && JSON.stringify(Array.from(drawn)) === JSON.stringify(counts);
        }""",
        arg=[chart, axis, counts],
    )


def test_the_numbers_on_the_page_are_those_of_the_statistics(
    page: Page, server: PageServer, store: Store
) -> None:
    store.held = SOME
    page.goto(server.url)

    expect(page.locator("#users")).to_have_text("2,000")
    expect(page.locator("#nationalities")).to_have_text("2")
    expect(page.locator("#median-age")).to_have_text("36")
    expect(page.locator("#about-gender")).to_have_text(
        "Female 60.0 %, male 40.0 %, not given < 0.1 %."
    )
    expect(page.locator("#age .bars .point")).to_have_count(8)
    expect_drawn(page, "age", "y", [1, 0, 0, 0, 1200, 0, 0, 799])
    expect_drawn(page, "gender", "y", [1200, 799, 1])
    expect_drawn(page, "email-domains", "x", [1500, 480, 20])
    expect(page.locator("#email-domains .ytick").first).to_have_text("a.example")
    expect(page.locator("#email-domains .bartext").first).to_have_text("75.0 %")


def test_the_page_follows_the_statistics(page: Page, server: PageServer, store: Store) -> None:
    store.held = SOME
    page.goto(server.url)
    expect(page.locator("#users")).to_have_text("2,000")

    store.held = SOME + ONE_MORE

    expect(page.locator("#users")).to_have_text("2,001")
    expect(page.locator("#nationalities")).to_have_text("3")
    expect_drawn(page, "gender", "y", [1201, 799, 1])


def test_a_zoom_stays_when_the_numbers_change(page: Page, server: PageServer, store: Store) -> None:
    store.held = SOME
    page.goto(server.url)
    expect(page.locator("#age .bars .point")).to_have_count(8)
    plot = page.locator("#age .nsewdrag").first
    box = plot.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.3, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, middle, steps=5)
    page.mouse.up()
    years = "document.querySelector('#age .js-plotly-plot')._fullLayout.xaxis.range"
    page.wait_for_function(f"{years}[1] - {years}[0] < 20")
    zoomed = page.evaluate(years)

    store.held = SOME + ONE_MORE
    expect(page.locator("#users")).to_have_text("2,001")
    expect_drawn(page, "age", "y", [1, 0, 0, 0, 1200, 0, 0, 799, 0, 0, 0, 0, 1])

    assert page.evaluate(years) == zoomed


def test_an_empty_store_is_said_in_words_and_fills_by_itself(
    page: Page, server: PageServer, store: Store
) -> None:
    page.goto(server.url)
    expect(page.get_by_text("Nobody is held yet")).to_be_visible()
    expect(page.locator("#age")).to_be_hidden()

    store.held = SOME

    expect(page.locator("#users")).to_have_text("2,000")
    expect(page.get_by_text("Nobody is held yet")).to_be_hidden()
    page.wait_for_function(  # a chart that was drawn while hidden fills its place, too
        "document.querySelector('#age .main-svg')?.getBoundingClientRect().width > 600"
    )


def test_a_store_that_goes_away_is_told_and_its_last_numbers_stay(
    page: Page, server: PageServer, store: Store
) -> None:
    store.held = SOME
    page.goto(server.url)
    expect(page.locator("#users")).to_have_text("2,000")
    expect(page.locator("#notice")).to_be_hidden()

    store.away = True
    expect(page.locator("#notice")).to_contain_text("The store does not answer.")
    expect(page.locator("#users")).to_have_text("2,000")
    page.reload()
    expect(page.locator("#notice")).to_contain_text("The store does not answer.")
    expect(page.locator("#users")).to_have_text("2,000")

    store.held, store.away = SOME + ONE_MORE, False
    expect(page.locator("#notice")).to_be_hidden()
    expect(page.locator("#users")).to_have_text("2,001")


def test_a_page_that_has_lost_its_server_says_so_and_finds_it_again(
    chromium: Browser, server: PageServer, store: Store
) -> None:
    store.held = SOME
    page = chromium.new_page()
    page.goto(server.url)
    expect(page.locator("#users")).to_have_text("2,000")

    server.close()
    expect(page.locator("#offline")).to_be_visible()
    expect(page.locator("#users")).to_have_text("2,000")

    server.start()
    expect(page.locator("#offline")).to_be_hidden()
    page.close()


def test_the_name_of_the_tab_does_not_flicker(page: Page, server: PageServer, store: Store) -> None:
    store.held = SOME
    page.goto(server.url)
    page.evaluate(
        """() => {
            window.names = new Set([document.title]);
            new MutationObserver(() => window.names.add(document.title))
                .observe(document.head, {subtree: true, childList: true, characterData: true});
        }"""
    )
    for total in range(2001, 2004):
        store.held = store.held + ONE_MORE
        expect(page.locator("#users")).to_have_text(f"{total:,}")

    assert page.evaluate("[...window.names]") == ["Population"]


def test_nothing_but_counts_leaves_the_server(page: Page, server: PageServer, store: Store) -> None:
    store.held = SOME
    answers: list[Any] = []

    def keep(response: Any) -> None:  # noqa: ANN401 - playwright's own type is checked by its use
        if "_dash-update-component" in response.url:
            answers.append(response)

    page.on("response", keep)
    page.goto(server.url)
    expect(page.locator("#users")).to_have_text("2,000")

    texts = [answer.text() for answer in answers if answer.ok]
    sent = json.loads(next(text for text in texts if '"users"' in text))["response"]
    assert set(sent) >= {"users", "age", "gender", "email-domains"}
    for text in texts:
        assert re.search(r"\d{4}-\d{2}\b", text) is None  # not even a month of birth
        assert "@" not in text


def test_the_page_fits_a_phone(chromium: Browser, server: PageServer, store: Store) -> None:
    store.held = SOME
    page = chromium.new_page(viewport={"width": 390, "height": 844})
    page.goto(server.url)
    expect(page.locator("#email-domains .bars .point")).to_have_count(3)

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


def test_a_screen_reader_is_told_what_a_chart_shows(
    page: Page, server: PageServer, store: Store
) -> None:
    store.held = SOME
    page.goto(server.url)

    chart = page.get_by_role("img", name="Gender", exact=True)
    expect(chart).to_be_visible()
    expect(chart).to_have_accessible_description("Female 60.0 %, male 40.0 %, not given < 0.1 %.")
    assert page.locator("html").get_attribute("lang") == "en"
