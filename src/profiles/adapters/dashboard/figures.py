"""The charts, as plotly figures: plain data that the browser draws. No Dash is needed here."""

from __future__ import annotations

import html
from collections.abc import Collection, Mapping
from typing import Final

from profiles.adapters.dashboard import words
from profiles.application.population import COMING_OF_AGE, AgeBand, Population

Figure = dict[str, object]

# Colours of Okabe and Ito, "Color Universal Design" (2008): told apart with any colour vision.
BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
VERMILION: Final = "#D55E00"
GREY: Final = "#8A8A8A"  # for what is no group of its own: not given, all others

CONFIG: Final[Mapping[str, object]] = {
    "displayModeBar": False,
    "displaylogo": False,
    "doubleClick": "reset",
    "plotlyServerURL": "",  # no chart can be sent anywhere
    "showLink": False,
    "showSendToCloud": False,
    "typesetMath": False,
}
"""How plotly behaves in the browser; the same for every chart."""

_INK: Final = "#495057"
_GRID: Final = "rgba(128, 128, 128, 0.25)"  # seen on a light page and on a dark one
_CLEAR: Final = "rgba(0, 0, 0, 0)"
_FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

_HEIGHT: Final = 320  # pixels, as all that follow but the years
_ROW: Final = 30
_AROUND_ROWS: Final = 80
_BAND_YEARS: Final = 5
_LONGEST_NAME: Final = 24  # letters: what a phone has room for
_FEW: Final = 5


def age_figure(seen: Population) -> Figure:
    """Draw the histogram of today's age; it can be zoomed along the years."""
    bands = seen.age_bands
    starts = [_start(band) for band in bands]
    colours = [BLUE if band.youngest >= COMING_OF_AGE else VERMILION for band in bands]
    bars = {
        "type": "bar",
        "x": [start + _BAND_YEARS / 2 for start in starts],
        "y": [band.count for band in bands],
        "width": _BAND_YEARS,
        "marker": {"color": colours, "line": {"color": "white", "width": 1.5}},
        "hovertext": [_hover(f"{band.name} years", band.count, seen.total) for band in bands],
        "hoverinfo": "text",
    }
    years = {
        **_axis("Age today (years)"),
        "fixedrange": False,
        "showgrid": False,
        "ticks": "outside",
        "tickcolor": _GRID,
    }
    counts = _counts_axis(seen.total, [band.count for band in bands])
    return {"data": [bars], "layout": _layout("age", _HEIGHT, xaxis=years, yaxis=counts)}


def gender_figure(seen: Population) -> Figure:
    """Draw a column for each gender, with its count and share."""
    counts = words.gender_counts(seen)
    colours = {"female": ORANGE, "male": BLUE}
    columns = {
        "type": "bar",
        "x": list(counts),
        "y": list(counts.values()),
        "marker": {"color": [colours.get(gender, GREY) for gender in counts]},
        "hovertext": [_hover(name, count, seen.total) for name, count in counts.items()],
        "hoverinfo": "text",
        "text": [
            f"{words.number(count)}<br>{words.percent(count, seen.total)}"
            for count in counts.values()
        ],
        "textposition": "outside",
        "cliponaxis": False,
    }
    upward = _counts_axis(seen.total, counts.values())
    upward["range"] = [0, 1.2 * max(counts.values(), default=0)]  # with room for the text
    genders = {**_axis("Gender"), "showgrid": False}
    layout = _layout("gender", _HEIGHT, xaxis=genders, yaxis=upward, bargap=0.35)
    return {"data": [columns], "layout": layout}


def email_domain_figure(seen: Population) -> Figure:
    """Draw a bar for each of the most frequent e-mail domains and for the rest."""
    counts = words.email_domain_counts(seen)
    total = sum(counts.values())
    rows = list(range(len(counts)))
    grey = {words.OTHER_DOMAINS, words.NOT_GIVEN}
    bars = {
        "type": "bar",
        "orientation": "h",
        # By number, because two long names may be equal once they are cut.
        "y": rows,
        "x": list(counts.values()),
        "marker": {"color": [GREY if name in grey else BLUE for name in counts]},
        "hovertext": [_hover(_text(name), count, total) for name, count in counts.items()],
        "hoverinfo": "text",
        "text": [words.percent(count, total) for count in counts.values()],
        "textposition": "outside",
        "cliponaxis": False,
    }
    rightward = _counts_axis(seen.total, counts.values())
    rightward["range"] = [0, 1.5 * max(counts.values(), default=0)]  # with room for the text
    names = {
        **_axis(None),
        "range": [len(counts) - 0.5, -0.5],  # the first on top
        "tickvals": rows,
        "ticktext": [_text(_cut(name)) for name in counts],
        "showgrid": False,
    }
    height = _AROUND_ROWS + _ROW * max(len(counts), 1)
    layout = _layout("email-domains", height, xaxis=rightward, yaxis=names, bargap=0.3)
    return {"data": [bars], "layout": layout}


def _layout(name: str, height: int, **axes_and_more: object) -> Figure:
    return {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "paper_bgcolor": _CLEAR,
        "plot_bgcolor": _CLEAR,
        "font": {"family": _FONT, "size": 13, "color": _INK},
        "hoverlabel": {"align": "left", "font": {"family": _FONT, "size": 13}},
        "dragmode": "zoom",
        "showlegend": False,
        # The same in every refresh, so that the reader's zoom stays (plotly's `uirevision`).
        "uirevision": name,
        **axes_and_more,
    }


def _axis(title: str | None) -> Figure:
    return {
        "title": {"text": title, "standoff": 10, "font": {"size": 13}},
        "automargin": True,
        "fixedrange": True,  # a finger on the chart scrolls the page
        "gridcolor": _GRID,
        "zeroline": False,
    }


def _counts_axis(total: int, counts: Collection[int]) -> Figure:
    """Give the axis of counts: from zero, in whole users."""
    steps: Figure = {"dtick": 1} if total and max(counts) <= _FEW else {"nticks": 7}
    return {**_axis("Users"), **steps, "rangemode": "tozero", "tickformat": ",d"}


def _start(band: AgeBand) -> int:
    """Place a band on the axis: all are drawn five years wide, so that none looks smaller."""
    if band.youngest < COMING_OF_AGE:
        return COMING_OF_AGE // _BAND_YEARS * _BAND_YEARS - _BAND_YEARS
    return band.youngest // _BAND_YEARS * _BAND_YEARS


def _hover(name: str, count: int, total: int) -> str:
    return f"<b>{name}</b><br>{words.users(count)} ({words.percent(count, total)})"


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _text(name: str) -> str:
    """Make plotly show a name as it is: it reads some HTML in texts."""
    return html.escape(name, quote=False)
