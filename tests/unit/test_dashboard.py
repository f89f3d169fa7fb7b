"""The page without a browser: its words, charts and snapshots."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from profiles.adapters.dashboard import figures, page, words
from profiles.adapters.dashboard.snapshots import Reading, Snapshot, Snapshots
from profiles.application.errors import StoreError
from profiles.application.population import Population, population
from profiles.domain.statistics import OTHER, UNKNOWN, Cell, Statistics

TODAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
AWAY = StoreError("statistics.sqlite", "it did not answer", "Start it again.")

SOME = Statistics(
    cells={
        Cell("DK", "female", "1990-01"): 1200,
        Cell("FR", "male", "1972-05"): 799,
        Cell(UNKNOWN, UNKNOWN, "2007-01"): 1,
    },
    email_domains={"a.example": 1500, "b.example": 480, OTHER: 15},
)


def seen(statistics: Statistics) -> Population:
    return population(statistics, today=TODAY)


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


class Store:
    """A reader whose store can go away, and can be slow."""

    def __init__(self, statistics: Statistics = SOME) -> None:
        self.held = statistics
        self.away = False
        self.asked = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.entered = threading.Event()

    def statistics(self) -> Statistics:
        self.asked += 1
        self.entered.set()
        assert self.may_answer.wait(10)
        if self.away:
            raise AWAY
        return self.held


def snapshots(store: Store, *, keep_s: float = 0, patience_s: float = 0.01) -> Snapshots:
    return Snapshots(
        store, today=lambda: TODAY, keep_s=keep_s, patience_s=patience_s, now=lambda: NOON
    )


@pytest.mark.parametrize(
    ("count", "whole", "written"),
    [
        (0, 0, "0 %"),
        (0, 9, "0 %"),
        (1, 3, "33.3 %"),
        (3, 3, "100.0 %"),
        (1, 1000, "0.1 %"),
        (1, 1001, "< 0.1 %"),
    ],
)
def test_a_share_is_written_with_one_decimal_and_never_as_nothing(
    count: int, whole: int, written: str
) -> None:
    assert plain(words.percent(count, whole)) == written


def test_a_single_user_is_not_written_as_several() -> None:
    assert [words.users(count) for count in (0, 1, 2000)] == ["0 users", "1 user", "2,000 users"]


def test_the_sentences_tell_what_the_charts_show() -> None:
    assert plain(words.about_ages(seen(SOME))) == (
        "Most frequent: 35\N{EN DASH}39 years, 1,200 users (60.0 %)."
    )
    assert (
        plain(words.about_genders(seen(SOME))) == "Female 60.0 %, male 40.0 %, not given < 0.1 %."
    )
    assert plain(words.about_email_domains(seen(SOME))) == (
        "a.example 75.0 %, b.example 24.0 %, all others 0.8 %."
    )
    assert (
        plain(words.about_nationalities(seen(SOME))) == "most often Denmark 60.0 %, France 40.0 %"
    )


def test_nobody_is_no_error_for_any_sentence_or_chart() -> None:
    shown = page.content(seen(Statistics()))

    assert shown["users"] == "0"
    assert (shown["empty"], shown["filled"]) == (False, True)  # which of the two is hidden
    assert set(shown) == set(page.CONTENT)


def test_the_charts_hold_every_count() -> None:
    def counts(figure: figures.Figure, axis: str) -> object:
        (bars,) = json.loads(json.dumps(figure))["data"]
        return bars[axis]

    assert counts(figures.age_figure(seen(SOME)), "y") == [1, 0, 0, 0, 1200, 0, 0, 799]
    assert counts(figures.gender_figure(seen(SOME)), "y") == [1200, 799, 1]
    assert counts(figures.email_domain_figure(seen(SOME)), "x") == [1500, 480, 15, 5]


def test_a_chart_keeps_the_zoom_of_its_reader() -> None:
    before, after = seen(SOME), seen(SOME + SOME)
    for draw in (figures.age_figure, figures.gender_figure, figures.email_domain_figure):
        revisions = {
            json.loads(json.dumps(draw(population)))["layout"]["uirevision"]
            for population in (before, after)
        }
        assert len(revisions) == 1
        assert all(revisions)


def test_a_domain_is_shown_as_it_is_and_not_as_html() -> None:
    figure = figures.email_domain_figure(seen(Statistics(email_domains={"<b>&.example": 1})))

    assert "<b>&.example" not in json.dumps(figure)
    assert "&lt;b&gt;&amp;.example" in json.dumps(figure)


def test_a_long_domain_is_cut_on_the_axis_and_whole_on_hovering() -> None:
    domain = "a" * 40 + ".example"
    drawn = json.dumps(figures.email_domain_figure(seen(Statistics(email_domains={domain: 1}))))

    assert f'"{"a" * 23}\\u2026"' in drawn
    assert domain in drawn


def test_a_band_under_age_has_the_colour_of_a_warning() -> None:
    child = Statistics(cells={Cell("DK", "female", "2020-01"): 1})

    assert figures.VERMILION in json.dumps(figures.age_figure(seen(child)))
    assert figures.VERMILION not in json.dumps(figures.age_figure(seen(SOME)))


def test_the_same_numbers_have_the_same_fingerprint_in_any_order() -> None:
    turned = Statistics(
        cells=dict(reversed(list(SOME.cells.items()))),
        email_domains=dict(reversed(list(SOME.email_domains.items()))),
    )

    assert page.fingerprint(seen(turned)) == page.fingerprint(seen(SOME))
    assert page.fingerprint(seen(SOME + SOME)) != page.fingerprint(seen(SOME))


def test_a_reading_holds_the_numbers_and_their_time() -> None:
    assert snapshots(Store()).latest() == Reading(
        snapshot=Snapshot(population=seen(SOME), taken_at=NOON), stale=False
    )


def test_a_store_that_goes_away_leaves_its_last_numbers_and_comes_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = Store()
    kept = snapshots(store)
    before = kept.latest()

    store.away = True
    with caplog.at_level(logging.INFO):
        gone = [kept.latest(), kept.latest()]
        store.away = False
        after = kept.latest()

    assert gone == [Reading(snapshot=before.snapshot, stale=True)] * 2
    assert after == before
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert str(AWAY) in caplog.text


def test_a_store_that_never_answered_leaves_nothing_to_show() -> None:
    store = Store()
    store.away = True

    assert snapshots(store).latest() == Reading(snapshot=None, stale=True)


def test_many_pages_share_one_reading() -> None:
    store = Store()
    kept = snapshots(store, keep_s=3600)

    assert kept.latest() == kept.latest()
    assert store.asked == 1


def test_a_page_does_not_wait_for_a_store_that_is_slow_for_another() -> None:
    store = Store()
    kept = snapshots(store)
    before = kept.latest()
    store.entered.clear()
    store.may_answer.clear()

    slow = _in_background(kept.latest)
    assert store.entered.wait(10)
    meanwhile = kept.latest()
    store.may_answer.set()
    slow.join(10)

    assert meanwhile == Reading(snapshot=before.snapshot, stale=True)
    assert kept.latest() == before


def test_the_frame_tells_how_old_the_numbers_are() -> None:
    taken = Snapshot(population=seen(SOME), taken_at=NOON)

    fresh = page.frame(Reading(snapshot=taken, stale=False), asked=3)
    stale = page.frame(Reading(snapshot=taken, stale=True), asked=4)
    nothing = page.frame(Reading(snapshot=None, stale=True), asked=5)

    assert (fresh["noticed"], fresh["updated"]) == (False, "Updated 12:00:00 UTC")
    assert stale["noticed"] is True
    assert "12:00:00 UTC on 23 November 2026" in str(stale["notice"])
    assert "no numbers to show yet" in str(nothing["notice"])
    assert [written["answered"] for written in (fresh, stale, nothing)] == [3, 4, 5]


def _in_background(run: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=run)
    thread.start()
    return thread
