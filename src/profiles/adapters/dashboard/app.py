"""The page as a Dash application over an `OverviewReader`.

Everything the browser loads comes from the application itself. There is no debug mode and
there are no developer tools, whatever the environment says; `server.PageServer` serves the page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any, Final, cast

import dash
from dash import ClientsideFunction, Input, Output, State
from dash.fingerprint import check_fingerprint

from profiles.adapters.dashboard import content, figures, page, web
from profiles.adapters.dashboard.content import Place
from profiles.adapters.dashboard.numerals import Numerals
from profiles.adapters.dashboard.refresh import Refreshes
from profiles.adapters.dashboard.request_filter import RequestFilter, Served
from profiles.adapters.dashboard.snapshots import Snapshots
from profiles.adapters.dashboard.words import Words
from profiles.application.dashboard.disclosure import DEFAULT_K, disclose
from profiles.application.ports.stores import OverviewReader

_AGE: Final = ("age", "figure")
_REFRESH_PATH: Final = "/_dash-update-component"
_COMPONENTS: Final = "/_dash-component-suites/"
_PATIENCE_S: Final = 2.0  # longer, and pages that wait for a slow store would take all threads

_INDEX: Final = """<!DOCTYPE html>
<html lang="en">
  <head>
    {%metas%}
    <title>{%title%}</title>
    <link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">
    <script src="/assets/theme.js"></script>
    {%css%}
  </head>
  <body>
    <noscript><p class="state">This page draws its charts with JavaScript.</p></noscript>
    {%app_entry%}
    {%config%}
    {%scripts%}
    {%renderer%}
  </body>
</html>
"""


def create_app(
    reader: OverviewReader,
    *,
    now: Callable[[], datetime],
    refresh_s: float = 10.0,
    k: int = DEFAULT_K,
    behind_proxy: bool = False,
) -> dash.Dash:
    """Build the page.

    reader: where the numbers come from; asked from the threads of the server, one at a time.
    now: the time in UTC; its date is that of the ages.
    refresh_s: seconds from one refresh to the next; a reading serves all open pages for half of
        them.
    k: what every count is rounded to; see `disclosure`.
    behind_proxy: the page is asked for under other names than this machine's own.

    Raises:
        UsageError: Bootstrap's stylesheet is not installed.
    """
    app = dash.Dash(
        __name__,
        title="Population",
        update_title="",  # the tab's name does not flicker at each refresh
        index_string=_INDEX,
        serve_locally=True,
        external_stylesheets=[web.BOOTSTRAP_URL],
        # Given, because DASH_* variables of the environment would change them otherwise.
        assets_external_path="",
        assets_ignore=r"theme\.js",  # stands in the head, so that no page flashes in white
        include_assets_files=True,
        requests_pathname_prefix="/",
        routes_pathname_prefix="/",
        suppress_callback_exceptions=False,
        compress=False,
        enable_mcp=False,
        add_log_handler=False,  # standard output belongs to the command line
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

    app.layout = page.layout(refresh_s=refresh_s, k=k)
    snapshots = Snapshots(
        reader, now=now, k=k, keep_s=refresh_s / 2, patience_s=min(refresh_s / 2, _PATIENCE_S)
    )
    places: list[Place] = [(page.SHOWN, "data"), *page.FRAME, *content.places()]
    _refresh_by(app, snapshots, places, k=k)
    _let_the_browser_tell(app)
    web.add_stylesheet(app.server)
    web.add_health(app.server, ready=lambda: not snapshots.latest().stale)
    web.log_defects(app.server)
    headers = web.safeguards(app.csp_hashes())
    served = Served(
        has=_what_is_read(app),
        refresh_path=_REFRESH_PATH,
        read_refresh=Refreshes(places).read,
    )
    app.server.wsgi_app = RequestFilter(
        app.server.wsgi_app, served, behind_proxy=behind_proxy, headers=headers
    )
    return app


def _what_is_read(app: dash.Dash) -> Callable[[str], bool]:
    """Tell which paths can be read: the page, its files, and those of Dash's components."""
    app.server.test_client().get("/")  # at its first request Dash lists what it serves
    paths = {"/", "/_dash-layout", "/_dash-dependencies", *web.PATHS}
    assets = Path(__file__).parent / "assets"
    paths |= {f"/assets/{file.name}" for file in assets.iterdir()}
    components = {
        (package, path)
        for package, registered in app.registered_paths.items()
        for path in registered
        if resources.files(package).joinpath(path).is_file()
    }

    def has(path: str) -> bool:
        if not path.startswith(_COMPONENTS):
            return path in paths
        package, _, file = path.removeprefix(_COMPONENTS).partition("/")
        name, _ = check_fingerprint(file)  # type: ignore[no-untyped-call] # Dash gives no type
        return (package, name) in components

    return has


def _refresh_by(app: dash.Dash, snapshots: Snapshots, places: Sequence[Place], *, k: int) -> None:
    """Write all of the page in one callback, so that it shows one snapshot at a time."""

    def refresh(
        asked: int | None,
        _awake: object,
        nationality: object,
        gender: object,
        said: object,
        shown: Mapping[str, str] | None,
    ) -> list[object]:
        reading = snapshots.latest()
        words = Words(numerals=Numerals.of(said), k=k)
        written = page.frame(reading, words, asked=asked or 0)
        if reading.snapshot is not None:
            seen = disclose(
                reading.snapshot.tables,
                content.asked_for(nationality, gender),
                now=reading.snapshot.taken_at,
                k=k,
            )
            changed, fingerprints = content.changed(seen, words.numerals, shown or {})
            if shown and _AGE in changed:
                changed[_AGE] = _redrawn(cast("figures.Figure", changed[_AGE]))
            if changed:  # else hovering is not disturbed
                written |= {**changed, (page.SHOWN, "data"): fingerprints}
        return [written.get(place, dash.no_update) for place in places]

    app.callback(
        [Output(*place) for place in places],
        [
            Input(page.INTERVAL, "n_intervals"),
            Input(page.AWAKE, "data"),
            Input(page.NATIONALITY, "value"),
            Input(page.GENDER, "value"),
            Input(page.NUMERALS, "data"),  # no State, so that the first refresh waits for it
            State(page.SHOWN, "data"),
        ],
    )(refresh)


def _let_the_browser_tell(app: dash.Dash) -> None:
    """Register what runs in the browser, from `assets/page.js`."""
    clientside: Any = app.clientside_callback
    clientside(
        ClientsideFunction("page", "offline"),
        Output(page.OFFLINE, "is_open"),
        Input(page.INTERVAL, "n_intervals"),
        Input(page.ANSWERED, "data"),
    )
    clientside(
        ClientsideFunction("page", "numerals"),
        Output(page.NUMERALS, "data"),
        Input(page.INTERVAL, "id"),
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
