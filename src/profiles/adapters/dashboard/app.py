"""The page as a Dash application over a `StatisticsReader`.

Everything the browser loads comes from the application itself. There is no debug mode and
there are no developer tools, whatever the environment says; `server.PageServer` serves the page.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping
from datetime import date
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final, cast

import dash
import flask
from dash import Input, Output, State

from profiles.adapters.dashboard import figures, page
from profiles.adapters.dashboard.snapshots import Snapshots
from profiles.application.ports import StatisticsReader
from profiles.domain.errors import UsageError

_LOG: Final = logging.getLogger(__name__)

_BOOTSTRAP_URL: Final = "/bootstrap.min.css"
_BOOTSTRAP_OF: Final = "bootstrap-flask"  # a wheel; xstatic-bootstrap 5 has none, nor builds
_BOOTSTRAP_FILE: Final = "flask_bootstrap/static/bootstrap5/css/bootstrap.min.css"
_BOOTSTRAP_KEPT_S: Final = 86_400

_INDEX: Final = """<!DOCTYPE html>
<html lang="en" data-bs-theme="light">
  <head>
    {%metas%}
    <title>{%title%}</title>
    <link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">
    {%css%}
  </head>
  <body>
    {%app_entry%}
    {%config%}
    {%scripts%}
    {%renderer%}
  </body>
</html>
"""

# Counted in refreshes and not in seconds: a tab that slept has not asked, so it has missed nothing.
_TWO_UNANSWERED: Final = "(asked, answered) => asked - answered > 2"


def create_app(
    reader: StatisticsReader, *, today: Callable[[], date], refresh_s: float = 10.0
) -> dash.Dash:
    """Build the page.

    reader: where the numbers come from; asked from the threads of the server, one at a time.
    today: the civil date in UTC, for the ages.
    refresh_s: seconds from one refresh to the next; a reading serves all open pages for half of
        them.

    Raises:
        UsageError: Bootstrap's stylesheet is not installed.
    """
    stylesheet = _bootstrap_stylesheet()
    app = dash.Dash(
        __name__,
        title="Population",
        update_title="",  # the tab's name does not flicker at each refresh
        index_string=_INDEX,
        serve_locally=True,
        external_stylesheets=[_BOOTSTRAP_URL],
        # Given, because DASH_* variables of the environment would change them otherwise.
        assets_external_path="",
        include_assets_files=True,
        requests_pathname_prefix="/",
        routes_pathname_prefix="/",
        suppress_callback_exceptions=False,
        compress=False,
        enable_mcp=False,
        add_log_handler=False,  # standard output belongs to the command line
        on_error=_report,
    )

    # Off even where DASH_DEBUG, DASH_UI or others of the environment say otherwise.
    app.enable_dev_tools(
        debug=False,
        dev_tools_ui=False,
        dev_tools_props_check=False,
        dev_tools_serve_dev_bundles=False,
        dev_tools_hot_reload=False,
        dev_tools_silence_routes_logging=False,
        dev_tools_disable_version_check=True,
        dev_tools_prune_errors=True,
        dev_tools_validate_callbacks=False,
    )

    def bootstrap() -> flask.Response:
        return flask.send_file(stylesheet, mimetype="text/css", max_age=_BOOTSTRAP_KEPT_S)

    app.server.add_url_rule(_BOOTSTRAP_URL, "bootstrap", bootstrap)
    app.layout = page.layout(refresh_s=refresh_s)
    _refresh_by(app, Snapshots(reader, today=today, keep_s=refresh_s / 2, patience_s=refresh_s / 2))
    return app


def _refresh_by(app: dash.Dash, snapshots: Snapshots) -> None:
    """Write all of the page in one callback, so that it shows one snapshot at a time."""
    unchanged = dict.fromkeys(page.CONTENT, dash.no_update)

    def refresh(asked: int | None, shown: str | None) -> Mapping[str, object]:
        reading = snapshots.latest()
        written = page.frame(reading, asked=asked or 0)
        snapshot = reading.snapshot
        if snapshot is None or page.fingerprint(snapshot.population) == shown:
            return {**unchanged, **written}  # hovering is not disturbed
        changed = page.content(snapshot.population)
        if shown is not None:
            changed["age"] = _redrawn(figures.age_figure(snapshot.population))
        return {**changed, **written}

    places = {**page.CONTENT, **page.FRAME}
    app.callback(
        output={name: Output(*place) for name, place in places.items()},
        inputs=[Input(page.INTERVAL, "n_intervals"), State(page.SHOWN, "data")],
    )(refresh)
    app.clientside_callback(  # type: ignore[no-untyped-call] # Dash leaves this one untyped
        _TWO_UNANSWERED,
        Output(page.OFFLINE, "is_open"),
        Input(page.INTERVAL, "n_intervals"),
        Input(page.ANSWERED, "data"),
    )


def _redrawn(figure: figures.Figure) -> dash.Patch:
    """Draw a chart anew, but leave its x axis as the reader has zoomed it.

    plotly's `uirevision` alone does not: Dash writes the zoomed range back into the figure that
    it holds, and plotly then takes it for the range that the page had asked for (seen with
    Dash 4.4.1).
    """
    patch = dash.Patch()
    patch["data"] = figure["data"]
    layout = cast("Mapping[str, object]", figure["layout"])
    for name in layout.keys() - {"xaxis"}:
        patch["layout"][name] = layout[name]
    return patch


def _report(error: Exception) -> None:
    """Say where a refresh broke; never the text of the error, which may hold anything."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).name}:{frame.lineno}"
    _LOG.error("The page was not refreshed: %s at %s.", type(error).__qualname__, where)


def _bootstrap_stylesheet() -> Path:
    try:
        path = Path(str(distribution(_BOOTSTRAP_OF).locate_file(_BOOTSTRAP_FILE)))
    except PackageNotFoundError:
        path = Path()
    if not path.is_file():
        raise UsageError(
            "Bootstrap's stylesheet is not installed, so the page would have no layout. Nothing"
            " was started. Install it with: pip install 'profiles[dashboard]'"
        )
    return path
