"""The page in a real browser: what a reader sees, and what the browser asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, expect

from profiles.adapters.dashboard.server import PageServer
from profiles.application.dashboard.disclosure import disclose
from profiles.application.dashboard.publication import tables_of
from profiles.application.ports.policies import PolicyEntry, PolicyEvent
from profiles.application.ports.stores import Overview
from profiles.domain.policy_settings import fingerprint_of, read_policy, settings_of
from profiles.domain.statistics import NATIONALITIES, OTHER, UNKNOWN, Cell, cohorts_of
from profiles.domain.tally import Tally
from tests.browser.conftest import NOW, looking_at
from tests.support.waiting import until

# The script itself, from a wheel that is locked; it runs in the page as from its console.
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")

CELLS = {
    Cell("DK", "female", "1990-01"): 1203,
    Cell("FR", "male", "1972-05"): 799,
    Cell(UNKNOWN, UNKNOWN, "2007-01"): 1,
}
SOME = Overview(
    cohorts=cohorts_of(CELLS),
    email_domains={"a.example": 1502, "b.example": 480, "tiny.example": 4, OTHER: 17},
    arrivals={NOW: 60},
    counts=Tally(reasons={"minor": 41, "type": 7}),
)


def with_more(count: int, overview: Overview = SOME) -> Overview:
    """Add Brazilian women of 76."""
    cells = {**CELLS, Cell("BR", "female", "1950-01"): count}
    return replace(overview, cohorts=cohorts_of(cells))


class Store(Protocol):
    held: Overview
    away: bool


@pytest.fixture
def page(chromium: Browser, server: PageServer) -> Generator[Page]:
    with looking_at(chromium, server.url) as page:
        yield page


def expect_drawn(page: Page, chart: str, axis: str, counts: list[int]) -> None:
    """Read back what plotly has drawn, until it is this."""
    page.wait_for_function(
        """([chart, axis, counts]) => {
            const drawn = document.querySelector(`#${chart} .js-plotly-plot`)?.data?.[0]?.[axis];
            return drawn && JSON.stringify(Array.from(drawn)) === JSON.stringify(counts);
        }""",
        arg=[chart, axis, counts],
    )


def test_the_numbers_on_the_page_are_the_rounded_ones(
    page: Page, server: PageServer, store: Store
) -> None:
    store.held = SOME
    page.goto(server.url)

    expect(page.locator("#users")).to_have_text("2,000")
    expect(page.locator("#nationalities")).to_have_text("2")
    expect(page.locator("#median-age")).to_have_text("39")
    expect(page.locator("#arrived")).to_have_text("60")
    expect(page.locator("#about-gender")).to_have_text("Female 60.2%, male 39.8%.")
    expect(page.locator("#about-kept-out")).to_have_text("Withheld 40; rejected 5.")
    expect(page.locator("#age .bars .point")).to_have_count(4)
    expect_drawn(page, "age", "y", [1205, 0, 0, 795])
    expect_drawn(page, "gender", "y", [1205, 795])
    expect_drawn(page, "nationality", "x", [1205, 795])
    expect_drawn(page, "pyramid", "x", [-1205, 0, 0, 0])
    expect_drawn(page, "email-domains", "x", [1500, 480, 20])
    expect_drawn(page, "kept-out", "x", [40, 5])
    expect(page.locator("#email-domains .ytick text").first).to_have_text("a.example")
    expect(page.locator("#email-domains .bartext").first).to_have_text("75.0%")
    expect(page.locator("#age-numbers tbody tr")).to_have_count(4)
    oracle = disclose(tables_of(SOME, today=NOW.date()), now=NOW, k=5)
    assert list(oracle.people.genders.values()) == [1205, 795, 0]


def test_the_page_moves_when_k_persons_have_come_and_not_before(
    page: Page, server: PageServer, store: Store
) -> None:
    store.held = SOME
    page.goto(server.url)
    expect(page.locator("#users")).to_have_text("2,000")

    store.held = replace(with_more(4), counts=Tally(reasons={"minor": 99, "type": 7}))
    expect(page.locator("#about-kept-out")).to_have_text("Withheld 95; rejected 5.")
    expect(page.locator("#users")).to_have_text("2,000")

    store.held = with_more(5, store.held)
    expect(page.locator("#users")).to_have_text("2,005")
    expect(page.locator("#nationalities")).to_have_text("3")
    expect_drawn(page, "gender", "y", [1210, 795])


def test_a_reader_is_told_that_the_policy_of_the_store_admits_minors(
    page: Page, server: PageServer, store: Store
) -> None:
    store.held = SOME
    page.goto(server.url)
    expect(page.locator("#about-users")).to_have_text(re.compile("minors have none"))
    expect(page.locator("#minors")).to_be_hidden()

    settings = settings_of(read_policy({"minimum_age": 13, "minimum_age_in": {"KR": 14}}))
    adopted = PolicyEntry(
        at=NOW,
        event=PolicyEvent.ADOPTED,
        fingerprint=fingerprint_of(settings),
        settings=settings,
    )
    cells = {**CELLS, Cell("DK", "female", "2012-01"): 100}
    store.held = replace(SOME, cohorts=cohorts_of(cells), policies=[adopted])

    expect(page.locator("#minors")).to_contain_text("from 13 years on (KR 14)")
    expect(page.locator("#about-users")).to_have_text("persons whose profiles are held")
    expect_drawn(page, "age", "y", [100, 0, 0, 0, 0, 1200, 0, 0, 795])
    expect(page.locator("#age-numbers tbody tr").first).to_contain_text("under 18")


def test_a_reader_selects_a_nationality_and_a_gender(
    page: Page, server: PageServer, store: Store
) -> None:
    cells = {
        Cell(nationality, gender, "1990-01"): count
        for nationality, count in (("DK", 300), ("FR", 400), ("BR", 40))
        for gender in ("female", "male")
    }
    store.held = replace(SOME, cohorts=cohorts_of(cells))
    page.goto(server.url)
    expect(page.locator("#users")).to_have_text("1,480")
    nationality = page.get_by_role("combobox", name="Nationality")
    gender = page.get_by_role("combobox", name="Gender")
    offered = nationality.locator("option:not([hidden])")
    expect(offered).to_have_text(["All nationalities", "Denmark", "France"])

    nationality.select_option(label="Denmark")
    expect(page.locator("#users")).to_have_text("600")
    gender.select_option(label="female")
    expect(page.locator("#users")).to_have_text("300")
    expect(page.locator("#about-users")).to_contain_text("women from Denmark")
    expect_drawn(page, "pyramid", "x", [-300])
    expect(page.locator("#about-selection")).to_contain_text("those of everyone")

    nationality.select_option(label="All nationalities")
    expect(page.locator("#users")).to_have_text("740")


def zoom(page: Page) -> Any:  # noqa: ANN401 - two numbers of the browser's
    """Drag over the middle of the years, and return what is seen of them."""
    plot = page.locator("#age .nsewdrag").first
    box = plot.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.3, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, middle, steps=5)
    page.mouse.up()
    page.wait_for_function(f"() => {YEARS}[1] - {YEARS}[0] < 12")
    return page.evaluate(YEARS)


YEARS = "document.querySelector('#age .js-plotly-plot')._fullLayout.xaxis.range"


def test_a_zoom_stays_when_the_numbers_change(page: Page, server: PageServer, store: Store) -> None:
    store.held = SOME
    page.goto(server.url)
    expect(page.locator("#age .bars .point")).to_have_count(4)
    zoomed = zoom(page)

    store.held = with_more(5)
    expect(page.locator("#users")).to_have_text("2,005")
    expect_drawn(page, "age", "y", [1200, 0, 0, 795, 0, 0, 0, 0, 5])

    assert page.evaluate(YEARS) == zoomed


def test_a_hover_label_stays_when_the_numbers_change(
    page: Page, server: PageServer, store: Store
) -> None:
    store.held = SOME
    page.goto(server.url)
    expect(page.locator("#gender .bars .point")).to_have_count(2)
    box = page.locator("#gender .bars .point path").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#gender .hovertext")).to_contain_text("1,205 users")

    store.held = with_more(5)
    expect(page.locator("#users")).to_have_text("2,005")

    expect(page.locator("#gender .hovertext")).to_contain_text("1,210 users")


def test_a_hidden_tab_asks_for_nothing_and_catches_up_when_it_is_seen(
    page: Page, server: PageServer, store: Store
) -> None:
    def seen(*, hidden: bool) -> None:
        page.evaluate(
            """hidden => {
                Object.defineProperty(document, "hidden", {get: () => hidden, configurable: true});
                document.dispatchEvent(new Event("visibilitychange"));
            }""",
            hidden,
        )

    store.held = SOME
    page.clock.install()
    page.goto(server.url)
    expect(page.locator("#users")).to_have_text("2,000")
    seen(hidden=True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    def is_quiet(milliseconds: int) -> bool:  # of the page's time
        asked.clear()
        page.clock.run_for(milliseconds)
        return asked == []

    until(lambda: is_quiet(1_000))  # Dash hears of it by a timer of its own; some is under way
    store.held = with_more(5)
    assert is_quiet(60_000)  # 300 refreshes
    expect(page.locator("#users")).to_have_text("2,000")

    seen(hidden=False)

    expect(page.locator("#users")).to_have_text("2,005")


def test_an_empty_store_is_said_in_words_and_fills_by_itself(
    page: Page, server: PageServer, store: Store
) -> None:
    page.goto(server.url)
    expect(page.get_by_text("Nobody to show yet")).to_be_visible()
    expect(page.locator("#age")).to_be_hidden()

    store.held = SOME

    expect(page.locator("#users")).to_have_text("2,000")
    expect(page.get_by_text("Nobody to show yet")).to_be_hidden()
    page.wait_for_function(  # a chart that was drawn while hidden fills its place, too
        "() => document.querySelector('#age .main-svg')?.getBoundingClientRect().width > 600"
    )


def test_when_the_store_is_unavailable_the_page_says_so_and_keeps_its_last_numbers(
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

    store.held, store.away = with_more(5), False
    expect(page.locator("#notice")).to_be_hidden()
    expect(page.locator("#users")).to_have_text("2,005")


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
    for more in (5, 10, 15):
        store.held = with_more(more)
        expect(page.locator("#users")).to_have_text(f"{2000 + more:,}")

    assert page.evaluate("[...window.names]") == ["Population"]


def test_nothing_but_rounded_counts_leaves_the_server(
    page: Page, server: PageServer, store: Store
) -> None:
    store.held = SOME
    answers: list[Any] = []

    def keep(response: Any) -> None:  # noqa: ANN401 - playwright's own type is checked by its use
        if "_dash-update-component" in response.url:
            answers.append(response)

    page.on("response", keep)
    page.goto(server.url)
    expect(page.locator("#users")).to_have_text("2,000")

    texts = [answer.text() for answer in list(answers) if answer.ok]
    sent = json.loads(next(text for text in texts if '"users"' in text))["response"]
    assert set(sent) >= {"users", "age", "gender", "email-domains"}
    for text in texts:
        assert re.search(r"19\d\d-\d{2}\b", text) is None  # not even a month of birth
        for exact in ("@", "tiny", "1203", "1,203", "799", "1502", "2003"):
            assert exact not in text


@pytest.mark.parametrize(
    ("locale", "written"),
    [
        ("de-DE", ("1.234.565", "50,0\N{NO-BREAK SPACE}%")),
        ("en-IN", ("12,34,565", "50.0%")),
        ("fr-FR", ("1\u202f234\u202f565", "50,0")),
    ],
)
def test_numbers_are_written_as_the_reader_s_browser_does(
    chromium: Browser, server: PageServer, store: Store, locale: str, written: tuple[str, str]
) -> None:
    users, share = written
    cells = {Cell("DK", gender, "1990-01"): 617_283 for gender in ("female", "male")}
    store.held = replace(SOME, cohorts=cohorts_of(cells))
    with looking_at(chromium, server.url, locale=locale, timezone_id="Asia/Kolkata") as page:
        page.goto(server.url)
        expect(page.locator("#users")).to_have_text(users, use_inner_text=True)
        expect(page.locator("#about-gender")).to_contain_text(share)
        expect(page.locator("#updated")).to_have_text("Updated 17:30:00 UTC+05:30")


def test_the_page_fits_a_phone(chromium: Browser, server: PageServer, store: Store) -> None:
    store.held = SOME
    with looking_at(chromium, server.url, viewport={"width": 390, "height": 844}) as page:
        page.goto(server.url)
        expect(page.locator("#email-domains .bars .point")).to_have_count(3)
        for summary in page.locator("summary").all():
            summary.click()

        assert page.evaluate("document.documentElement.scrollWidth") <= 390


THEME = "document.documentElement.dataset.bsTheme"


def test_the_colours_are_the_system_s_until_the_reader_chooses(
    chromium: Browser, server: PageServer, store: Store
) -> None:
    store.held = SOME
    with looking_at(chromium, server.url, color_scheme="dark") as page:
        page.goto(server.url)
        expect(page.locator("#users")).to_have_text("2,000")
        assert page.evaluate(THEME) == "dark"
        page.emulate_media(color_scheme="light")
        page.wait_for_function(f"() => {THEME} === 'light'")

        button = page.get_by_role("button")
        expect(button).to_have_text("Auto", use_inner_text=True)
        button.click()
        expect(button).to_have_text("Light", use_inner_text=True)
        page.keyboard.press("Enter")  # it has the focus
        expect(button).to_have_text("Dark", use_inner_text=True)
        page.reload()
        expect(page.locator("#users")).to_have_text("2,000")
        assert page.evaluate(THEME) == "dark"


def test_every_chart_has_a_text_alternative_for_screen_readers(
    page: Page, server: PageServer, store: Store
) -> None:
    store.held = SOME
    page.goto(server.url)

    chart = page.get_by_role("img", name="Gender", exact=True)
    expect(chart).to_be_visible()
    expect(chart).to_have_accessible_description("Female 60.2%, male 39.8%.")
    assert page.locator("html").get_attribute("lang") == "en"


def test_a_keyboard_reaches_everything_that_can_be_used(
    page: Page, server: PageServer, store: Store
) -> None:
    store.held = SOME
    page.goto(server.url)
    expect(page.locator("#users")).to_have_text("2,000")

    reached = []
    for _ in range(5):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    page.keyboard.press("Enter")

    assert reached == ["A", "theme", "selected-nationality", "selected-gender", "SUMMARY"]
    expect(page.locator("#age-numbers table")).to_be_visible()


@pytest.mark.parametrize("state", ["filled", "empty", "away", "never there"])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_no_violation(
    chromium: Browser, server: PageServer, store: Store, colours: str, state: str
) -> None:
    everywhere = {Cell(name, "female", "1990-01"): 200 for name in NATIONALITIES}
    if state in {"filled", "away"}:
        store.held = replace(SOME, cohorts=cohorts_of({**CELLS, **everywhere}))
    store.away = state == "never there"
    with looking_at(chromium, server.url, color_scheme=colours) as page:
        page.goto(server.url)
        expected = {
            "filled": "#users",
            "away": "#users",
            "empty": "#empty",
            "never there": "#notice",
        }
        expect(page.locator(expected[state])).to_be_visible()
        if state == "away":
            store.away = True
            expect(page.locator("#notice")).to_be_visible()
        if state == "filled":
            for summary in page.locator("summary").all():
                summary.click()
            expect(page.locator("#kept-out .main-svg").first).to_be_visible()
        page.evaluate(AXE)
        found = page.evaluate("axe.run()")

        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
