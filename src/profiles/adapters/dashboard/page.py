"""What stands where on the page."""

from __future__ import annotations

from typing import Any, Final

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from profiles.adapters.dashboard import figures
from profiles.adapters.dashboard.content import EVERYONE, Place
from profiles.adapters.dashboard.snapshots import Reading
from profiles.adapters.dashboard.words import Words
from profiles.application.dashboard.disclosure import (
    EXACT_K,
    FILTER_FACTOR,
    TOP_EMAIL_DOMAINS,
)

INTERVAL: Final = "interval"
AWAKE: Final = "awake"
SHOWN: Final = "shown"
ANSWERED: Final = "answered"
NUMERALS: Final = "numerals"
OFFLINE: Final = "offline"
NATIONALITY: Final = "selected-nationality"
GENDER: Final = "selected-gender"

FRAME: Final[tuple[Place, ...]] = (
    ("notice", "children"),
    ("notice", "is_open"),
    ("updated", "children"),
    (ANSWERED, "data"),
)
"""What every refresh writes."""


def layout(*, refresh_s: float, k: int) -> Component:
    """Lay out the page; everything that is a number is filled by the first refresh."""
    return html.Div(
        [
            dcc.Interval(id=INTERVAL, interval=round(refresh_s * 1000)),
            dcc.Store(id=AWAKE),
            dcc.Store(id=SHOWN),
            dcc.Store(id=ANSWERED, data=0),
            dcc.Store(id=NUMERALS),
            html.A("To the numbers", href="#numbers", className="visually-hidden-focusable"),
            _header(refresh_s),
            dbc.Container(
                [_notices(), _loading(), _empty(k), _filled(k)],
                id="numbers",
                tag="main",
                fluid="xl",
                class_name="py-4",
            ),
        ]
    )


def frame(reading: Reading, words: Words, *, asked: int) -> dict[Place, object]:
    """Say how old the numbers are; `asked` is the number of the refresh that is answered."""
    snapshot = reading.snapshot
    taken_at = snapshot.taken_at if snapshot else None
    last = (
        f"These are the numbers of {words.day_and_clock(taken_at)}."
        if taken_at
        else "There are no numbers to show yet."
    )
    return {
        ("notice", "children"): f"The store does not answer. {last} The page recovers by itself.",
        ("notice", "is_open"): reading.stale,
        ("updated", "children"): f"Updated {words.clock(taken_at)}" if taken_at else "No numbers",
        (ANSWERED, "data"): asked,
    }


def _header(refresh_s: float) -> Component:
    return html.Header(
        dbc.Container(
            [
                html.Div(
                    [
                        html.H1("Population", className="h4 mb-0"),
                        html.P(
                            "The people in the store, in numbers",
                            className="mb-0 small muted d-none d-md-block",
                        ),
                    ]
                ),
                html.Div(
                    [
                        html.P(
                            [
                                html.Span("Waiting for the first numbers", id="updated"),
                                html.Span(
                                    f" · again every {refresh_s:g} s",
                                    className="d-none d-md-inline",
                                ),
                            ],
                            className="mb-0 small muted text-end",
                        ),
                        html.Button(
                            [
                                html.Span("Auto", className="choice-auto"),
                                html.Span("Light", className="choice-light"),
                                html.Span("Dark", className="choice-dark"),
                            ],
                            id="theme",
                            type="button",
                            title="Colours: as the system, light or dark",
                            className="btn btn-sm btn-outline-secondary",
                        ),
                    ],
                    className="d-flex align-items-center gap-3",
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
            dbc.Alert(id="minors", color="info", is_open=False, fade=False),
        ]
    )


def _loading() -> Component:
    return html.Div(
        [
            html.Div(className="spinner-border text-secondary mb-3"),
            html.P("Counting …", className="muted mb-0"),
        ],
        id="loading",
        className="state",
        role="status",
    )


def _empty(k: int) -> Component:
    enough = "the first profile is" if k == EXACT_K else f"{k} profiles are"
    return html.Section(
        [
            html.Img(src="assets/favicon.svg", alt="", width=64, height=64, className="mb-4"),
            html.H2("Nobody to show yet", className="h4"),
            html.P(
                f"The charts appear here by themselves as soon as {enough} stored.",
                className="muted mb-0",
            ),
        ],
        id="empty",
        hidden=True,
        className="state",
    )


def _filled(k: int) -> Component:
    cards = [
        _card("Users", "users", html.P(id="about-users", className="mb-0 small muted")),
        _card(
            "Nationalities",
            "nationalities",
            html.P(id="about-nationalities", className="mb-0 small muted"),
        ),
        _card("Median age", "median-age", _small("years, about; half are younger")),
        _card(
            "Arrived in the last hour",
            "arrived",
            html.P(id="about-arrived", className="mb-0 small muted"),
        ),
    ]
    charts = [
        (_chart("Age distribution", "age", hint=True), 8),
        (_chart("Gender", "gender"), 4),
        (_chart("Age and gender", "pyramid"), 6),
        (_chart("Nationalities", "nationality"), 6),
        (_chart("Most common e-mail domains", "email-domains"), 6),
        (_chart("Arrivals over the last hour", "arrivals"), 6),
        (_chart("Withheld and rejected, by reason", "kept-out"), 6),
        (_description(k), 6),
    ]
    return html.Div(
        [
            _selecting(),
            dbc.Row([dbc.Col(card, xs=6, lg=3) for card in cards], class_name="g-3 mb-3"),
            dbc.Row([dbc.Col(chart, xs=12, lg=width) for chart, width in charts], class_name="g-3"),
        ],
        id="filled",
        hidden=True,
    )


def _selecting() -> Component:
    named: dict[str, Any] = {"aria-label": "Selection"}
    return html.Section(
        [
            html.Div(
                [
                    dbc.Label("Nationality", html_for=NATIONALITY, class_name="small mb-1"),
                    dbc.Select(id=NATIONALITY, options=[], value=EVERYONE, size="sm"),
                ],
                className="select",
            ),
            html.Div(
                [
                    dbc.Label("Gender", html_for=GENDER, class_name="small mb-1"),
                    dbc.Select(id=GENDER, options=[], value=EVERYONE, size="sm"),
                ],
                className="select",
            ),
            html.P(id="about-selection", role="status", className="small muted mb-1"),
        ],
        className="d-flex flex-wrap align-items-end gap-3 mb-3",
        **named,
    )


def _card(title: str, number: str, described: Component) -> Component:
    return _panel(
        [html.H2(title, className="title"), html.P(id=number, className="number"), described]
    )


def _small(text: str) -> Component:
    return html.P(text, className="mb-0 small muted")


def _chart(title: str, name: str, *, hint: bool = False) -> Component:
    """Show a chart; title and sentence are its text for a screen reader, and a table has it all."""
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
            *([how] if hint else []),
            html.Details(
                [
                    html.Summary(
                        ["As a table", html.Span(f": {title}", className="visually-hidden")]
                    ),
                    html.Div(id=f"{name}-numbers", className="table-responsive"),
                ],
                className="small mt-2",
            ),
        ]
    )


def _description(k: int) -> Component:
    numbers = (
        "Every number is exact, because the smallest group that is shown has one user."
        if k == EXACT_K
        else f"Every number is rounded to a multiple of {k}, and “< {k}” stands for anything from"
        f" none to {k - 1}. The numbers move when {k} users or more have changed, never for one"
        " person alone. Shares are those of the rounded numbers."
    )
    return _panel(
        [
            html.H2("What this page knows", className="title"),
            html.P(
                "Counts, and nothing else: by nationality, gender, month of birth and e-mail"
                " domain. It never reads a person, so no name or address can appear here."
            ),
            html.P(numbers),
            html.P(
                f"A selection is offered where it has {FILTER_FACTOR * k} users or more, and leaves"
                f" out as many. Named are the {TOP_EMAIL_DOMAINS} most common e-mail domains, none"
                " of a group that is too small to be shown."
            ),
            html.P(
                "Never in a profile: anyone below the policy's minimum age; passwords, telephone"
                " numbers, pictures, government ids, coordinates, the day of birth. Ages are those"
                " of today in UTC, counted in whole months from the month of birth.",
                className="mb-0",
            ),
        ],
        class_name="small",
    )


def _panel(children: list[Component], *, class_name: str = "") -> Component:
    panel: Component = dbc.Card(dbc.CardBody(children), class_name=f"h-100 panel {class_name}")
    return panel
