"""What stands where on the page, and what a refresh puts there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from profiles.adapters.dashboard import figures, words
from profiles.adapters.dashboard.snapshots import Reading
from profiles.application.population import TOP_EMAIL_DOMAINS, Population

INTERVAL: Final = "interval"
SHOWN: Final = "shown"
ANSWERED: Final = "answered"
OFFLINE: Final = "offline"

FRAME: Final[Mapping[str, tuple[str, str]]] = {
    "notice": ("notice", "children"),
    "noticed": ("notice", "is_open"),
    "updated": ("updated", "children"),
    "answered": (ANSWERED, "data"),
}
"""What every refresh writes: a name for it, the component, the property."""

CONTENT: Final[Mapping[str, tuple[str, str]]] = {
    "shown": (SHOWN, "data"),
    "loading": ("loading", "hidden"),
    "empty": ("empty", "hidden"),
    "filled": ("filled", "hidden"),
    "users": ("users", "children"),
    "about_users": ("about-users", "children"),
    "nationalities": ("nationalities", "children"),
    "about_nationalities": ("about-nationalities", "children"),
    "median_age": ("median-age", "children"),
    "age": ("age", "figure"),
    "about_age": ("about-age", "children"),
    "gender": ("gender", "figure"),
    "about_gender": ("about-gender", "children"),
    "email_domains": ("email-domains", "figure"),
    "about_email_domains": ("about-email-domains", "children"),
}
"""What a refresh writes where the numbers have changed."""


def layout(*, refresh_s: float) -> Component:
    """Lay out the page; everything that is a number is filled by the first refresh."""
    return html.Div(
        [
            dcc.Interval(id=INTERVAL, interval=round(refresh_s * 1000)),
            dcc.Store(id=SHOWN),
            dcc.Store(id=ANSWERED, data=0),
            _header(refresh_s),
            dbc.Container(
                [_notices(), _loading(), _empty(), _filled()],
                tag="main",
                fluid="xl",
                class_name="py-4",
            ),
        ]
    )


def frame(reading: Reading, *, asked: int) -> dict[str, object]:
    """Say how old the numbers are; `asked` is the number of the refresh that is answered."""
    snapshot = reading.snapshot
    taken_at = snapshot.taken_at if snapshot else None
    last = (
        f"These are the numbers of {taken_at:%H:%M:%S} UTC on {taken_at.day} {taken_at:%B %Y}."
        if taken_at
        else "There are no numbers to show yet."
    )
    return {
        "notice": f"The store does not answer. {last} The page recovers by itself.",
        "noticed": reading.stale,
        "updated": f"Updated {taken_at:%H:%M:%S} UTC" if taken_at else "Not updated yet",
        "answered": asked,
    }


def content(seen: Population) -> dict[str, object]:
    """Turn the population into what the page shows: counts and sentences about counts."""
    return {
        "shown": fingerprint(seen),
        "loading": True,
        "empty": seen.total != 0,
        "filled": seen.total == 0,
        "users": words.number(seen.total),
        "about_users": words.about_users(seen),
        "nationalities": words.number(words.known_nationalities(seen)),
        "about_nationalities": words.about_nationalities(seen),
        "median_age": words.NONE if seen.median_age is None else words.number(seen.median_age),
        "age": figures.age_figure(seen),
        "about_age": words.about_ages(seen),
        "gender": figures.gender_figure(seen),
        "about_gender": words.about_genders(seen),
        "email_domains": figures.email_domain_figure(seen),
        "about_email_domains": words.about_email_domains(seen),
    }


def fingerprint(seen: Population) -> str:
    """Tell one content from another, so that nothing is drawn anew where nothing has changed."""
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def _header(refresh_s: float) -> Component:
    return html.Header(
        dbc.Container(
            [
                html.Div(
                    [
                        html.H1("Population", className="h4 mb-0"),
                        html.P(
                            "The people in the store, in numbers",
                            className="mb-0 small muted d-none d-sm-block",
                        ),
                    ]
                ),
                html.P(
                    [
                        html.Span("Waiting for the first numbers", id="updated"),
                        html.Span(
                            f" · again every {refresh_s:g} s", className="d-none d-sm-inline"
                        ),
                    ],
                    className="mb-0 small muted text-end",
                ),
            ],
            fluid="xl",
            class_name="d-flex align-items-center justify-content-between gap-3 py-3",
        ),
        className="page-header",
    )


def _notices() -> Component:
    return html.Div(
        [
            dbc.Alert(id="notice", color="warning", is_open=False, fade=False),
            dbc.Alert(
                "This page has lost its server; what it shows may be old. It goes on by itself"
                " once the server runs again.",
                id=OFFLINE,
                color="danger",
                is_open=False,
                fade=False,
            ),
        ]
    )


def _loading() -> Component:
    return html.P("Counting …", id="loading", className="state muted", role="status")


def _empty() -> Component:
    return html.Section(
        [
            html.Img(src="assets/favicon.svg", alt="", width=64, height=64, className="mb-4"),
            html.H2("Nobody is held yet", className="h4"),
            html.P(
                "The charts appear here by themselves as soon as the first profile is stored.",
                className="muted mb-0",
            ),
        ],
        id="empty",
        hidden=True,
        className="state",
    )


def _filled() -> Component:
    figure_row = [
        dbc.Col(_card("Users", "users", "about-users"), xs=12, sm=4),
        dbc.Col(_card("Nationalities", "nationalities", "about-nationalities"), xs=12, sm=4),
        dbc.Col(_card("Median age", "median-age", None), xs=12, sm=4),
    ]
    chart_row = [
        dbc.Col(_chart("Age distribution", "age", zoom=True), xs=12, lg=8),
        dbc.Col(_chart("Gender", "gender"), xs=12, lg=4),
        dbc.Col(_chart("Most common e-mail domains", "email-domains"), xs=12, lg=8),
        dbc.Col(_description(), xs=12, lg=4),
    ]
    return html.Div(
        [dbc.Row(figure_row, class_name="g-3 mb-3"), dbc.Row(chart_row, class_name="g-3")],
        id="filled",
        hidden=True,
    )


def _card(title: str, number: str, about: str | None) -> Component:
    described = (
        html.P(id=about, className="mb-0 small muted")
        if about
        else html.P("years; half are of this age or younger", className="mb-0 small muted")
    )
    return _panel(
        [
            html.H2(title, className="title"),
            html.P(id=number, className="number"),
            described,
        ]
    )


def _chart(title: str, name: str, *, zoom: bool = False) -> Component:
    """Show a chart; its title and the sentence below are its text for a screen reader."""
    heading, sentence = f"{name}-title", f"about-{name}"
    config: Any = dict(figures.CONFIG)
    described: dict[str, Any] = {"aria-labelledby": heading, "aria-describedby": sentence}
    drawn = html.Div(dcc.Graph(id=name, config=config), role="img", className="chart", **described)
    how = html.P("Drag over years to zoom in, double-click to zoom out.", className="hint")
    return _panel(
        [
            html.H2(title, id=heading, className="title"),
            html.P(id=sentence, className="small muted"),
            drawn,
            *([how] if zoom else []),
        ]
    )


def _description() -> Component:
    return _panel(
        [
            html.H2("What this page knows", className="title"),
            html.P(
                "Counts, and nothing else: by nationality, gender, month of birth and e-mail"
                " domain. It never reads a person, so no name or address can appear here."
            ),
            html.P(
                "Never in a profile: anyone under age; passwords, telephone numbers, pictures,"
                " government ids, coordinates, the day of birth."
            ),
            html.P(
                "Ages are those of today in UTC, counted in whole months from the month of birth."
                f" Named are the {TOP_EMAIL_DOMAINS} most common e-mail domains.",
                className="mb-0",
            ),
        ],
        class_name="small",
    )


def _panel(children: list[Component], *, class_name: str = "") -> Component:
    panel: Component = dbc.Card(dbc.CardBody(children), class_name=f"h-100 panel {class_name}")
    return panel
