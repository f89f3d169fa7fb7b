"""The page without a browser: its words, charts and snapshots."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from profiles.adapters.dashboard import content, figures, page, words
from profiles.adapters.dashboard.numerals import Numerals
from profiles.adapters.dashboard.snapshots import Reading, Snapshot, Snapshots
from profiles.adapters.dashboard.words import Words
from profiles.application.dashboard.disclosure import DEFAULT_K, Disclosed, disclose
from profiles.application.dashboard.population import EVERYONE, Selection
from profiles.application.dashboard.publication import Tables, tables_of
from profiles.application.errors import StoreError
from profiles.application.policy.minors import ADULTS_ONLY, Admission
from profiles.application.ports.stores import Overview
from profiles.domain.statistics import OTHER, UNKNOWN, Cell, cohorts_of
from profiles.domain.tally import Tally
from tests.support.patience import PATIENCE_S

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
AWAY = StoreError("statistics.sqlite", "it did not answer", "Start it again.")

ENGLISH = Words(numerals=Numerals(), k=DEFAULT_K)
GERMAN = Numerals(group=".", decimal=",", after_percent="\N{NO-BREAK SPACE}%")

SOME = Overview(
    cohorts=cohorts_of(
        {
            Cell("DK", "female", "1990-01"): 1203,
            Cell("FR", "male", "1972-05"): 799,
            Cell(UNKNOWN, UNKNOWN, "2007-01"): 1,
        }
    ),
    email_domains={"a.example": 1502, "b.example": 481, "tiny.example": 4, OTHER: 15},
    arrivals={NOON: 12, NOON - timedelta(minutes=5): 4, NOON - timedelta(minutes=7): 1003},
    counts=Tally(reasons={"minor": 41, "type": 7, "date": 3}),
)
NOBODY = Overview()
TEENAGERS = Admission(minimum_age=13, youngest=13, left=13)


def seen(overview: Overview, selection: Selection = EVERYONE, *, k: int = DEFAULT_K) -> Disclosed:
    return disclose(tables(overview), selection, now=NOON, k=k)


def tables(overview: Overview) -> Tables:
    return tables_of(overview, today=NOON.date())


def drawn(figure: figures.Figure) -> list[dict[str, object]]:
    traces: list[dict[str, object]] = json.loads(json.dumps(figure))["data"]
    return traces


class Store:
    """A reader whose store can go away, and can be slow."""

    def __init__(self, overview: Overview = SOME) -> None:
        self.held = overview
        self.away = False
        self.asked = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.entered = threading.Event()

    def overview(self) -> Overview:
        self.asked += 1
        self.entered.set()
        assert self.may_answer.wait(PATIENCE_S)
        if self.away:
            raise AWAY
        return self.held


def snapshots(store: Store, *, keep_s: float = 0, patience_s: float = 0.01) -> Snapshots:
    return Snapshots(store, now=lambda: NOON, k=DEFAULT_K, keep_s=keep_s, patience_s=patience_s)


# --- Numbers as the reader's browser writes them -------------------------------------------


@pytest.mark.parametrize(
    ("numerals", "written"),
    [
        (Numerals(), ["0", "999", "1,000", "12,345", "1,234,567"]),
        (GERMAN, ["0", "999", "1.000", "12.345", "1.234.567"]),
        (Numerals(group=".", ungrouped=2), ["0", "999", "1000", "12.345", "1.234.567"]),  # es
        (Numerals(further=2), ["0", "999", "1,000", "12,345", "12,34,567"]),  # en-IN
    ],
)
def test_counts_are_written_as_the_browser_does(numerals: Numerals, written: list[str]) -> None:
    assert [numerals.count(count) for count in (0, 999, 1000, 12345, 1234567)] == written


@pytest.mark.parametrize(
    ("count", "whole", "written"),
    [
        (0, 0, "0.0%"),
        (0, 9, "0.0%"),
        (1, 3, "33.3%"),
        (3, 3, "100.0%"),
        (1, 1000, "0.1%"),
        (1, 1001, "< 0.1%"),
    ],
)
def test_a_percentage_has_one_decimal_and_is_never_written_as_zero(
    count: int, whole: int, written: str
) -> None:
    assert Numerals().percent(count, whole) == written
    assert Numerals(decimal=",", after_percent=" %").percent(1, 3) == "33,3 %"
    assert Numerals(before_percent="%", after_percent="").percent(1, 2) == "%50.0"


@pytest.mark.parametrize(
    "said",
    [
        None,
        "1,000",
        {},
        {"group": "<b>", "decimal": 5, "first": 99, "offset": "x", "after_percent": "%%%%%"},
        {"group": "a", "first": "3", "further": None, "ungrouped": 7, "offset": 10**9},
    ],
)
def test_untrusted_number_formats_of_a_browser_are_ignored(said: object) -> None:
    assert Numerals.of(said) == Numerals()


def test_number_formats_of_a_browser_are_used() -> None:
    said = {
        "group": "\N{NARROW NO-BREAK SPACE}",
        "decimal": ",",
        "first": 3,
        "further": 2,
        "ungrouped": 2,
        "before_percent": "",
        "after_percent": " %",
        "offset": 60,
    }

    assert Numerals.of(said) == Numerals(
        group="\N{NARROW NO-BREAK SPACE}",
        decimal=",",
        further=2,
        ungrouped=2,
        after_percent=" %",
        offset=timedelta(hours=1),
    )


# --- Words ---------------------------------------------------------------------------------


def test_a_hidden_count_is_written_as_fewer_than_k() -> None:
    exact = replace(ENGLISH, k=1)

    assert [ENGLISH.users(count) for count in (0, 5, 2000)] == [
        "< 5 users",
        "5 users",
        "2,000 users",
    ]
    assert [exact.users(count) for count in (0, 1, 2)] == ["0 users", "1 user", "2 users"]
    assert ENGLISH.with_share("text", 0, 100) == "text"


def test_the_sentences_say_what_the_charts_show() -> None:
    shown = seen(SOME)

    assert words.about_ages(shown.people, ENGLISH) == (
        "Most frequent: 35\N{EN DASH}39 years, 1,205 users (60.2%)."
    )
    assert words.about_pyramid(shown.people, ENGLISH) == (
        "Most frequent: female 35\N{EN DASH}39 years, 1,205 users;"
        " male 50\N{EN DASH}54 years, 795 users."
    )
    assert words.about_genders(shown.people, ENGLISH) == "Female 60.2%, male 39.8%."
    assert words.about_email_domains(shown.email_domains, ENGLISH) == (
        "a.example 75.2%, b.example 24.1%, all others 0.8%."
    )
    assert words.about_nationalities(shown.people, ENGLISH) == (
        "most often Denmark 60.2%, France 39.8%"
    )
    assert words.about_arrivals(shown.arrivals, ENGLISH) == (
        "At most 1,000 users in a minute, at 11:53."
    )
    assert words.arrived(shown.arrivals, ENGLISH) == "1,010"
    assert words.about_kept_out(shown, ENGLISH) == "Withheld 40; rejected 10."


@pytest.mark.parametrize("k", [1, 5])
def test_nobody_is_no_error_for_any_sentence_or_chart(k: int) -> None:
    written, _ = content.changed(seen(NOBODY, k=k), Numerals(), {})

    assert written["users", "children"] == ("0" if k == 1 else "< 5")
    # which of the two is hidden
    assert (written["empty", "hidden"], written["filled", "hidden"]) == (False, True)
    assert set(written) == set(content.places())


def test_a_selection_is_said_in_words() -> None:
    held = replace(
        SOME,
        cohorts=cohorts_of(
            {Cell("DK", "female", "1990-01"): 500, Cell("FR", "male", "1990-01"): 500}
        ),
    )

    def about_users(selection: Selection) -> str:
        return words.about_users(selection, ADULTS_ONLY)

    assert about_users(Selection()) == "adults whose profiles are held; minors have none"
    assert about_users(Selection("DK", "female")).startswith("women from Denmark")
    assert about_users(Selection(gender="male")).startswith("men whose")
    assert "Everyone is shown" in words.about_selection(seen(held))
    assert "of everyone" in words.about_selection(seen(held, Selection("DK")))
    assert "fewer than 100 users" in words.about_selection(seen(held, Selection("BR")))
    assert words.about_selection(seen(held, k=1)) == "Everyone is shown."


def test_nothing_is_said_of_minors_where_no_policy_ever_admitted_them() -> None:
    assert words.about_minors(ADULTS_ONLY) is None
    assert words.about_minors(Admission(minimum_age=21, youngest=18, left=18)) is None


def test_that_minors_are_admitted_is_said_with_ages_and_countries() -> None:
    teenagers = replace(TEENAGERS, by_country={"KR": 14})

    assert words.about_minors(teenagers) == (
        "Minors are admitted: the store's policy takes in persons from 13 years on (KR 14)."
    )
    assert words.about_users(Selection(), teenagers) == "persons whose profiles are held"
    assert words.about_users(Selection("DK", "female"), teenagers) == (
        "women and girls from Denmark whose profiles are held"
    )
    assert words.about_users(Selection(gender="male"), teenagers).startswith("men and boys")


def test_minors_of_an_earlier_policy_are_said_to_be_there_until_another_one_was_applied() -> None:
    earlier = Admission(minimum_age=18, youngest=16, left=16)
    applied = Admission(minimum_age=18, youngest=16, left=18)

    assert words.about_minors(earlier) == (
        "Minors may be held: an earlier policy of the store took in persons from 16 years on."
    )
    assert words.about_minors(applied) is None
    assert "minors" not in words.about_users(Selection(), applied)  # restricted ones may be there


def test_another_policy_of_the_store_is_said_and_writes_anew_what_is_said_of_users() -> None:
    silent, fingerprints = content.changed(seen(SOME), Numerals(), {})
    admitted = disclose(replace(tables(SOME), admission=TEENAGERS), now=NOON, k=DEFAULT_K)

    written, _ = content.changed(admitted, Numerals(), fingerprints)

    assert silent["minors", "is_open"] is False
    assert written["minors", "is_open"] is True
    assert "from 13 years on" in str(written["minors", "children"])
    assert written["about-users", "children"] == "persons whose profiles are held"


def test_a_selection_sent_by_a_browser_is_validated() -> None:
    assert content.asked_for("DK", "all") == Selection("DK")
    assert content.asked_for(None, ["female"]) == EVERYONE


# --- Charts --------------------------------------------------------------------------------


def test_the_charts_hold_every_count_rounded() -> None:
    shown = seen(SOME)
    (ages,) = drawn(figures.age_figure(shown.people, ENGLISH))
    women, men = drawn(figures.pyramid_figure(shown.people, ENGLISH))
    (genders,) = drawn(figures.gender_figure(shown.people, ENGLISH))
    (nationalities,) = drawn(figures.nationality_figure(shown.people, ENGLISH))
    (domains,) = drawn(figures.email_domain_figure(shown.email_domains, ENGLISH))
    (arrivals,) = drawn(figures.arrivals_figure(shown.arrivals, ENGLISH))
    (kept_out,) = drawn(figures.kept_out_figure(shown, ENGLISH))

    assert ages["y"] == [1205, 0, 0, 795]
    assert (women["x"], men["x"]) == ([-1205, 0, 0, 0], [0, 0, 0, 795])
    assert genders["y"] == [1205, 795]
    assert nationalities["x"] == [1205, 795]
    assert domains["x"] == [1500, 480, 15]
    assert isinstance(arrivals["y"], list)
    assert (len(arrivals["y"]), sum(arrivals["y"])) == (60, 1010)
    assert kept_out["x"] == [40, 10]
    assert kept_out["text"] == ["40 withheld", "10 rejected"]


def test_nothing_that_leaves_the_server_is_finer_than_k() -> None:
    written, _ = content.changed(seen(SOME), Numerals(), {})

    everything = json.dumps([repr(value) for value in written.values()])
    for hidden in ("tiny", "1203", "1,203", "799", "1502", "481", "1003", "1990-01"):
        assert hidden not in everything


def test_arrivals_are_drawn_on_the_clock_of_the_reader() -> None:
    east = replace(ENGLISH, numerals=Numerals(offset=timedelta(hours=5, minutes=30)))
    (bars,) = drawn(figures.arrivals_figure(seen(SOME).arrivals, east))

    assert isinstance(bars["x"], list)
    assert bars["x"][-1] == "2026-11-23 17:30"
    assert east.day_and_clock(NOON) == "17:30:00 UTC+05:30 on 23 November 2026"


def test_a_chart_keeps_the_zoom_of_its_reader() -> None:
    for draw in (figures.age_figure, figures.pyramid_figure, figures.gender_figure):
        revisions = {
            json.loads(json.dumps(draw(seen(overview).people, ENGLISH)))["layout"]["uirevision"]
            for overview in (SOME, NOBODY)
        }
        assert len(revisions) == 1
        assert all(revisions)


def test_a_domain_is_shown_as_it_is_and_not_as_html() -> None:
    shown = seen(Overview(email_domains={"<b>&.example": 5}))
    figure = figures.email_domain_figure(shown.email_domains, ENGLISH)

    assert "<b>&.example" not in json.dumps(figure)
    assert "&lt;b&gt;&amp;.example" in json.dumps(figure)


def test_a_long_domain_is_cut_on_the_axis_and_whole_on_hovering() -> None:
    domain = "a" * 40 + ".example"
    shown = seen(Overview(email_domains={domain: 5}))
    drawing = json.dumps(figures.email_domain_figure(shown.email_domains, ENGLISH))

    assert f'"{"a" * 19}\\u2026"' in drawing
    assert domain in drawing


def test_a_band_under_age_has_a_colour_of_its_own() -> None:
    child = Overview(cohorts=cohorts_of({Cell("DK", "female", "2020-01"): 5}))

    assert figures.PURPLE in json.dumps(figures.age_figure(seen(child).people, ENGLISH))
    assert figures.PURPLE not in json.dumps(figures.age_figure(seen(SOME).people, ENGLISH))


@pytest.mark.parametrize("colour", ["BLUE", "VERMILION", "GREEN", "GREY", "PURPLE"])
def test_every_colour_contrasts_with_a_light_page_and_with_a_dark_one(colour: str) -> None:
    """WCAG 2.2, 1.4.11: a contrast of 3 : 1 at least."""

    def luminance(code: str) -> float:
        parts = [int(code[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    drawn_in = luminance(getattr(figures, colour))
    assert (luminance("#ffffff") + 0.05) / (drawn_in + 0.05) >= 3
    assert (drawn_in + 0.05) / (luminance("#212529") + 0.05) >= 3


# --- What a refresh writes -----------------------------------------------------------------


def test_a_refresh_writes_only_the_sections_that_have_changed() -> None:
    everything, fingerprints = content.changed(seen(SOME), Numerals(), {})
    same, _ = content.changed(seen(SOME), Numerals(), fingerprints)
    more = replace(SOME, counts=Tally(reasons={"minor": 99}))
    changed, after = content.changed(seen(more), Numerals(), fingerprints)

    assert set(everything) == set(content.places())
    assert same == {}
    assert {component for component, _ in changed} == {
        "kept-out",
        "about-kept-out",
        "kept-out-numbers",
    }
    assert {name for name in after if after[name] != fingerprints[name]} == {"kept_out"}


def test_another_way_to_write_numbers_writes_the_page_anew() -> None:
    _, fingerprints = content.changed(seen(SOME), Numerals(), {})

    written, _ = content.changed(seen(SOME), GERMAN, fingerprints)

    assert written["users", "children"] == "2.000"


def test_the_frame_tells_how_old_the_numbers_are() -> None:
    taken = Snapshot(tables=tables(SOME), taken_at=NOON)

    fresh = page.frame(Reading(snapshot=taken, stale=False), ENGLISH, asked=3)
    stale = page.frame(Reading(snapshot=taken, stale=True), ENGLISH, asked=4)
    nothing = page.frame(Reading(snapshot=None, stale=True), ENGLISH, asked=5)

    assert fresh["notice", "is_open"] is False
    assert fresh["updated", "children"] == "Updated 12:00:00 UTC"
    assert stale["notice", "is_open"] is True
    assert "12:00:00 UTC on 23 November 2026" in str(stale["notice", "children"])
    assert "no numbers to show yet" in str(nothing["notice", "children"])
    assert [w["answered", "data"] for w in (fresh, stale, nothing)] == [3, 4, 5]
    assert set(fresh) == set(page.FRAME)


# --- Snapshots -----------------------------------------------------------------------------


def test_a_reading_holds_the_numbers_and_their_time() -> None:
    assert snapshots(Store()).latest() == Reading(
        snapshot=Snapshot(tables=tables(SOME), taken_at=NOON), stale=False
    )


def test_fewer_than_k_persons_do_not_move_the_numbers() -> None:
    store = Store()
    kept = snapshots(store)
    before = kept.latest()

    store.held = replace(SOME, email_domains={**SOME.email_domains, "b.example": 485})
    assert kept.latest() == before

    store.held = replace(SOME, email_domains={**SOME.email_domains, "b.example": 486})
    after = kept.latest().snapshot
    assert after is not None
    assert after.tables == tables(store.held)


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


def test_many_pages_are_served_by_one_query() -> None:
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
    assert store.entered.wait(PATIENCE_S)
    meanwhile = kept.latest()
    store.may_answer.set()
    slow.join(PATIENCE_S)

    assert meanwhile == Reading(snapshot=before.snapshot, stale=True)
    assert kept.latest() == before


def _in_background(run: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=run)
    thread.start()
    return thread
