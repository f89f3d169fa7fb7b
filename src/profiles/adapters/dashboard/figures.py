"""The charts, as plotly figures: plain data that the browser draws. No Dash is needed here.

The colours do on a light page and on a dark one; those of texts and lines are the stylesheet's.
"""

from __future__ import annotations

import html
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from profiles.adapters.dashboard import words as say
from profiles.adapters.dashboard.words import Words
from profiles.application.dashboard.disclosure import Disclosed, EmailDomains, People
from profiles.application.dashboard.population import (
    BAND_YEARS,
    COMING_OF_AGE,
    AgeBand,
)

Figure = dict[str, object]

# After Okabe and Ito, "Color Universal Design" (2008): told apart with any colour vision. Each has
# a contrast of 3 : 1 or more both with white and with Bootstrap's dark background.
BLUE: Final = "#0A7BBF"
VERMILION: Final = "#D55E00"
GREEN: Final = "#009E73"
GREY: Final = "#858585"  # for what is no group of its own: not given, all others
PURPLE: Final = "#B5608F"

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

_INK: Final = "#6c757d"  # read where the stylesheet is not: on a light page and on a dark one
_GRID: Final = "rgba(128, 128, 128, 0.25)"
_CLEAR: Final = "rgba(0, 0, 0, 0)"
_FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

_HEIGHT: Final = 320  # pixels, as all that follow but the years
_TALL: Final = 460
_ROW: Final = 28
_AROUND_ROWS: Final = 70
_LONGEST_NAME: Final = 20  # letters: what a phone has room for
_FEW: Final = 5
_HALF_A_MINUTE: Final = timedelta(seconds=30)
_ROOM_FOR_TEXT: Final = 1.3
_ROOM_FOR_OUTCOME: Final = 1.7
_COLOURS: Final = {"female": VERMILION, "male": BLUE, "withheld": BLUE, "rejected": VERMILION}


def age_figure(seen: People, words: Words) -> Figure:
    """Draw the histogram of today's age; it can be zoomed along the years."""
    bands = say.shown_bands(seen)
    counts = [seen.bands[place] for place, _ in bands]
    bars = {
        **_bars("Users", [BLUE if band.youngest >= COMING_OF_AGE else PURPLE for _, band in bands]),
        "x": [_start(band) + BAND_YEARS / 2 for _, band in bands],
        "y": counts,
        "width": BAND_YEARS * 0.94,
        "hovertext": [
            _hover(f"{band.name} years", count, seen.total, words)
            for (_, band), count in zip(bands, counts, strict=True)
        ],
    }
    years = {
        **_axis("Age today (years)"),
        "fixedrange": False,
        "showgrid": False,
        "ticks": "outside",
        "tickcolor": _GRID,
    }
    upward = _counts_axis(counts)
    return {"data": [bars], "layout": _layout("age", _HEIGHT, words, xaxis=years, yaxis=upward)}


def pyramid_figure(seen: People, words: Words) -> Figure:
    """Draw the ages of women to the left and of men to the right."""
    bands = say.shown_bands(seen)
    names = [band.name for _, band in bands]
    longest = max((max(counts) for counts in seen.pyramid.values()), default=0)
    sides = []
    for gender, counts in seen.pyramid.items():
        shown = [counts[place] for place, _ in bands]
        sides.append(
            {
                **_bars(gender.capitalize(), _COLOURS[gender]),
                "orientation": "h",
                "y": names,
                "x": [-count if gender == "female" else count for count in shown],
                "hovertext": [
                    _hover(f"{gender}, {name} years", count, seen.total, words)
                    for name, count in zip(names, shown, strict=True)
                ],
            }
        )
    ticks = _round_ticks(longest)
    sideways = {
        **_axis("Users"),
        "range": [-1.08 * max(longest, 1), 1.08 * max(longest, 1)],
        "tickvals": [*(-tick for tick in reversed(ticks)), 0, *ticks],
        "ticktext": [words.numerals.count(abs(t)) for t in (*reversed(ticks), 0, *ticks)],
        "zeroline": True,
        "zerolinecolor": _GRID,
    }
    ages = {**_axis("Age today (years)"), "type": "category", "showgrid": False, "dtick": 1}
    ages |= {"ticks": "outside", "tickcolor": _CLEAR}
    layout = _layout(
        "pyramid", _TALL, words, xaxis=sideways, yaxis=ages, barmode="overlay", bargap=0.12
    )
    layout["showlegend"] = True
    layout["legend"] = {
        "orientation": "h",
        "x": 0.5,
        "xanchor": "center",
        "y": 1.02,
        "yanchor": "bottom",
        "itemclick": False,
        "itemdoubleclick": False,
    }
    return {"data": sides, "layout": layout}


def gender_figure(seen: People, words: Words) -> Figure:
    """Draw a column for each gender, with its count and share."""
    counts = say.gender_counts(seen)
    columns = {
        **_bars("Users", [_COLOURS.get(gender, GREY) for gender in counts]),
        "x": list(counts),
        "y": list(counts.values()),
        "hovertext": [_hover(name, count, seen.total, words) for name, count in counts.items()],
        "text": [
            "<br>".join(filter(None, [words.count(count), words.share(count, seen.total)]))
            for count in counts.values()
        ],
        **_TEXT_OUTSIDE,
    }
    upward = _counts_axis(counts.values())
    upward["range"] = [0, _ROOM_FOR_TEXT * max(counts.values(), default=0) or 1]
    genders = {**_axis("Gender"), "showgrid": False}
    layout = _layout("gender", _HEIGHT, words, xaxis=genders, yaxis=upward, bargap=0.35)
    return {"data": [columns], "layout": layout}


def nationality_figure(seen: People, words: Words) -> Figure:
    """Draw a bar for each nationality that is not hidden."""
    counts = say.nationality_counts(seen)
    return _rows("nationality", counts, seen.total, words, height=_TALL)


def email_domain_figure(seen: EmailDomains, words: Words) -> Figure:
    """Draw a bar for each of the most frequent e-mail domains and for the rest."""
    counts = say.email_domain_counts(seen)
    return _rows("email-domains", counts, sum(counts.values()), words)


def kept_out_figure(seen: Disclosed, words: Words) -> Figure:
    """Draw a bar for each reason for which persons were withheld or rejected."""
    rows = list(say.kept_out_counts(seen))
    return _rows(
        "kept-out",
        {reason: count for _, reason, count in rows},
        sum(count for _, _, count in rows),
        words,
        colours=[_COLOURS[outcome] for outcome, _, _ in rows],
        outcomes=[outcome for outcome, _, _ in rows],
    )


def arrivals_figure(seen: Mapping[datetime, int], words: Words) -> Figure:
    """Draw a bar for each minute of the last hour, on the reader's clock."""
    minutes = [words.numerals.local(minute) for minute in seen]
    bars = {
        **_bars("Users", GREEN),
        "x": [f"{minute:%Y-%m-%d %H:%M}" for minute in minutes],
        "y": list(seen.values()),
        "hovertext": [
            f"<b>{minute:%H:%M}</b><br>{words.users(count)}"
            for minute, count in zip(minutes, seen.values(), strict=True)
        ],
    }
    zone = minutes[-1].tzname()
    time = {
        **_axis(f"Time ({zone})"),
        "type": "date",
        "tickformat": "%H:%M",
        "nticks": 6,
        "showgrid": False,
        "ticks": "outside",
        "tickcolor": _GRID,
        "range": [
            f"{minutes[0] - _HALF_A_MINUTE:%Y-%m-%d %H:%M:%S}",
            f"{minutes[-1] + _HALF_A_MINUTE:%Y-%m-%d %H:%M:%S}",
        ],
    }
    upward = _counts_axis(seen.values(), "Users a minute")
    layout = _layout("arrivals", _HEIGHT, words, xaxis=time, yaxis=upward, bargap=0.15)
    return {"data": [bars], "layout": layout}


def _rows(  # noqa: PLR0913 - what three charts differ in
    name: str,
    counts: Mapping[str, int],
    total: int,
    words: Words,
    *,
    height: int | None = None,
    colours: Sequence[str] | None = None,
    outcomes: Sequence[str] | None = None,
) -> Figure:
    """Draw a bar for each name, the first on top, with its share or its outcome beside it."""
    unit = "Persons" if outcomes else "Users"
    places = list(range(len(counts)))
    rows = max(len(counts), _FEW)  # so that a single bar is no block
    beside = (
        [f"{words.count(n)} {out}" for n, out in zip(counts.values(), outcomes, strict=True)]
        if outcomes
        else [words.share(count, total) for count in counts.values()]
    )
    grey = {say.OTHER_DOMAINS, say.NOT_GIVEN}
    bars = {
        **_bars(unit, colours or [GREY if each in grey else BLUE for each in counts]),
        "orientation": "h",
        # By number, because two long names may be equal once they are cut.
        "y": places,
        "x": list(counts.values()),
        "hovertext": [
            _hover(_text(each), count, total, words, unit=unit.lower())
            for each, count in counts.items()
        ],
        "text": beside,
        **_TEXT_OUTSIDE,
    }
    rightward = _counts_axis(counts.values(), unit)
    room = _ROOM_FOR_OUTCOME if outcomes else _ROOM_FOR_TEXT
    rightward["range"] = [0, room * max(counts.values(), default=0) or 1]
    names = {
        **_axis(None),
        "range": [rows - 0.5, -0.5],  # the first on top
        "tickvals": places,
        "ticktext": [_text(_cut(each)) for each in counts],
        "showgrid": False,
        "ticks": "outside",
        "tickcolor": _CLEAR,  # a little room between name and bar
    }
    layout = _layout(
        name, height or _AROUND_ROWS + _ROW * rows, words, xaxis=rightward, yaxis=names, bargap=0.28
    )
    return {"data": [bars], "layout": layout}


_TEXT_OUTSIDE: Final[Mapping[str, object]] = {
    "textposition": "outside",
    "cliponaxis": False,
    "textangle": 0,
}


def _bars(name: str, colour: str | Sequence[str]) -> Figure:
    return {
        "type": "bar",
        "name": name,
        "marker": {"color": colour, "line": {"width": 0}, "cornerradius": 3},
        "hoverinfo": "text",
    }


def _layout(name: str, height: int, words: Words, **axes_and_more: object) -> Figure:
    return {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "paper_bgcolor": _CLEAR,
        "plot_bgcolor": _CLEAR,
        "font": {"family": _FONT, "size": 13, "color": _INK},
        "hoverlabel": {
            "align": "left",
            "bgcolor": "#212529",
            "bordercolor": "#adb5bd",
            "font": {"family": _FONT, "size": 13, "color": "#ffffff"},
        },
        "separators": words.numerals.decimal[:1] + words.numerals.group[:1],
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


def _counts_axis(counts: Collection[int], title: str = "Users") -> Figure:
    """Give the axis of counts: from zero, in whole users."""
    largest = max(counts, default=0)
    steps: Figure = {"dtick": 1} if 0 < largest <= _FEW else {"nticks": 6}
    if not largest:
        steps["range"] = [0, _FEW]
    return {**_axis(title), **steps, "rangemode": "tozero", "tickformat": ",d"}


def _round_ticks(longest: int) -> list[int]:
    """Choose up to three round numbers up to the longest bar."""
    step = 1
    while step * 3 < longest:
        following = step * 2 if str(step)[0] in "15" else step * 5 // 2
        step = following
    return [tick for tick in (step, 2 * step, 3 * step) if tick <= longest]


def _start(band: AgeBand) -> int:
    """Place a band on the axis: all are drawn five years wide, so that none looks smaller."""
    if band.youngest < COMING_OF_AGE:
        return COMING_OF_AGE // BAND_YEARS * BAND_YEARS - BAND_YEARS
    return band.youngest // BAND_YEARS * BAND_YEARS


def _hover(name: str, count: int, total: int, words: Words, *, unit: str = "users") -> str:
    counted = words.users(count) if unit == "users" else f"{words.count(count)} {unit}"
    return f"<b>{name}</b><br>{words.with_share(counted, count, total)}"


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _text(name: str) -> str:
    """Make plotly show a name as it is: it reads some HTML in texts."""
    return html.escape(name, quote=False)
