"""What a refresh puts on the page, section by section; and what of it has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from dash import html
from dash.development.base_component import Component

from profiles.adapters.dashboard import figures
from profiles.adapters.dashboard import words as say
from profiles.adapters.dashboard.numerals import Numerals
from profiles.adapters.dashboard.words import Words
from profiles.application.dashboard.disclosure import DEFAULT_K, Disclosed, disclose
from profiles.application.dashboard.population import Selection
from profiles.application.dashboard.publication import Tables

Place = tuple[str, str]
"""A component of the page and its property."""

EVERYONE: Final = "all"
"""What a browser says where nothing is selected."""

Section = Callable[[Disclosed, Words], Mapping[Place, object]]


def people(seen: Disclosed, words: Words) -> Mapping[Place, object]:
    """Fill in whoever is selected: cards, ages, genders and nationalities; and whether minors."""
    held = seen.people
    median = held.median_age
    minors = say.about_minors(seen.admission)
    known = [name for name in say.nationality_counts(held) if name != say.NOT_GIVEN]
    return {
        ("loading", "hidden"): True,
        ("empty", "hidden"): held.total != 0,
        ("filled", "hidden"): held.total == 0,
        ("minors", "children"): minors,
        ("minors", "is_open"): minors is not None,
        ("users", "children"): words.count(held.total),
        ("about-users", "children"): say.about_users(seen.selection, seen.admission),
        ("nationalities", "children"): words.numerals.count(len(known)),
        ("about-nationalities", "children"): say.about_nationalities(held, words),
        ("median-age", "children"): say.NONE if median is None else words.numerals.count(median),
        ("age", "figure"): figures.age_figure(held, words),
        ("about-age", "children"): say.about_ages(held, words),
        ("age-numbers", "children"): _table(
            ("Age (years)", "Users", "Share"),
            (
                (band.name, *_counted(held.bands[place], held.total, words))
                for place, band in say.shown_bands(held)
            ),
        ),
        ("pyramid", "figure"): figures.pyramid_figure(held, words),
        ("about-pyramid", "children"): say.about_pyramid(held, words),
        ("pyramid-numbers", "children"): _table(
            ("Age (years)", *(gender.capitalize() for gender in held.pyramid)),
            (
                (band.name, *(words.count(counts[place]) for counts in held.pyramid.values()))
                for place, band in say.shown_bands(held)
            ),
        ),
        ("gender", "figure"): figures.gender_figure(held, words),
        ("about-gender", "children"): say.about_genders(held, words),
        ("gender-numbers", "children"): _share_table(
            "Gender", say.gender_counts(held), held.total, words
        ),
        ("nationality", "figure"): figures.nationality_figure(held, words),
        ("about-nationality", "children"): _first_up(say.about_nationalities(held, words)) + ".",
        ("nationality-numbers", "children"): _share_table(
            "Nationality", say.nationality_counts(held), held.total, words
        ),
    }


def email_domains(seen: Disclosed, words: Words) -> Mapping[Place, object]:
    """Fill in the e-mail domains of everyone."""
    counts = say.email_domain_counts(seen.email_domains)
    return {
        ("email-domains", "figure"): figures.email_domain_figure(seen.email_domains, words),
        ("about-email-domains", "children"): say.about_email_domains(seen.email_domains, words),
        ("email-domains-numbers", "children"): _share_table(
            "Domain", counts, sum(counts.values()), words
        ),
    }


def arrivals(seen: Disclosed, words: Words) -> Mapping[Place, object]:
    """Fill in who has arrived in the last hour."""
    return {
        ("arrived", "children"): say.arrived(seen.arrivals, words),
        ("about-arrived", "children"): say.about_arrived(seen.arrivals, words),
        ("arrivals", "figure"): figures.arrivals_figure(seen.arrivals, words),
        ("about-arrivals", "children"): say.about_arrivals(seen.arrivals, words),
        ("arrivals-numbers", "children"): _table(
            ("Minute", "Users"),
            (
                (f"{words.numerals.local(minute):%H:%M}", words.count(count))
                for minute, count in seen.arrivals.items()
            ),
        ),
    }


def kept_out(seen: Disclosed, words: Words) -> Mapping[Place, object]:
    """Fill in who was withheld and rejected, and why."""
    return {
        ("kept-out", "figure"): figures.kept_out_figure(seen, words),
        ("about-kept-out", "children"): say.about_kept_out(seen, words),
        ("kept-out-numbers", "children"): _table(
            ("Outcome", "Reason", "Persons"),
            (
                (outcome, reason, words.count(count))
                for outcome, reason, count in say.kept_out_counts(seen)
            ),
        ),
    }


def selecting(seen: Disclosed, _words: Words) -> Mapping[Place, object]:
    """Fill in what a reader may select."""
    return {
        ("selected-nationality", "options"): _options(
            "All nationalities", {name: say.country(name) for name in seen.nationalities}
        ),
        ("selected-gender", "options"): _options(
            "All genders", {name: name for name in seen.genders}
        ),
        ("about-selection", "children"): say.about_selection(seen),
    }


SECTIONS: Final[Mapping[str, Section]] = {
    "people": people,
    "email_domains": email_domains,
    "arrivals": arrivals,
    "kept_out": kept_out,
    "selecting": selecting,
}


def places() -> list[Place]:
    """List everything that a refresh may write."""
    nobody = Tables(people={}, email_domains={}, arrivals={}, reasons={})
    nothing = disclose(nobody, now=datetime(2026, 1, 1, tzinfo=UTC), k=DEFAULT_K)
    words = Words(numerals=Numerals(), k=nothing.k)
    return [place for section in SECTIONS.values() for place in section(nothing, words)]


def changed(
    seen: Disclosed, numerals: Numerals, shown: Mapping[str, str]
) -> tuple[dict[Place, object], dict[str, str]]:
    """Give what differs from what a page shows, and the fingerprints of what it shows then.

    shown: the fingerprints of the sections that the page has.
    """
    fingerprints = {
        name: hashlib.sha256(repr((part, seen.k, numerals)).encode()).hexdigest()[:16]
        for name, part in (
            ("people", (seen.selection, seen.people, seen.admission)),
            ("email_domains", seen.email_domains),
            ("arrivals", seen.arrivals),
            ("kept_out", (seen.withheld, seen.rejected)),
            ("selecting", (seen.selection, seen.refused, seen.nationalities, seen.genders)),
        )
    }
    words = Words(numerals=numerals, k=seen.k)
    written: dict[Place, object] = {}
    for name, section in SECTIONS.items():
        if shown.get(name) != fingerprints[name]:
            written.update(section(seen, words))
    return written, fingerprints


def _options(everyone: str, names: Mapping[str, str]) -> list[dict[str, str]]:
    ordered = sorted(names.items(), key=lambda item: item[1])
    return [
        {"label": everyone, "value": EVERYONE},
        *({"label": label, "value": value} for value, label in ordered),
    ]


def asked_for(nationality: object, gender: object) -> Selection:
    """Read what a browser says is selected; whether it may be shown is not decided here."""
    return Selection(_asked_for(nationality), _asked_for(gender))


def _asked_for(said: object) -> str | None:
    return said if isinstance(said, str) and said != EVERYONE else None


def _counted(count: int, total: int, words: Words) -> tuple[str, str]:
    return words.count(count), words.share(count, total)


def _share_table(what: str, counts: Mapping[str, int], total: int, words: Words) -> Component:
    return _table(
        (what, "Users", "Share"),
        ((name, *_counted(count, total, words)) for name, count in counts.items()),
    )


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Component:
    """Write the numbers of a chart as a table: the first cell of a row names it."""
    return html.Table(
        [
            html.Thead(html.Tr([html.Th(head, scope="col") for head in heads])),
            html.Tbody(
                [
                    html.Tr([html.Th(name, scope="row"), *(html.Td(cell) for cell in cells)])
                    for name, *cells in rows
                ]
            ),
        ],
        className="table table-sm numbers",
    )


def _first_up(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
