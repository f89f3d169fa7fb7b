"""What the page's server says beside the page: its stylesheet, its health, and its safeguards."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import flask

from profiles.domain.errors import UsageError

BOOTSTRAP_URL: Final = "/bootstrap.min.css"
_BOOTSTRAP_OF: Final = "bootstrap-flask"  # a wheel; xstatic-bootstrap 5 has none, nor builds
_BOOTSTRAP_FILE: Final = "flask_bootstrap/static/bootstrap5/css/bootstrap.min.css"
_BOOTSTRAP_KEPT_S: Final = 86_400

_HEADERS: Final = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_OWN_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_MISDIRECTED: Final = 421
_UNAVAILABLE: Final = 503


def add_stylesheet(server: flask.Flask) -> None:
    """Serve Bootstrap's stylesheet.

    Raises:
        UsageError: it is not installed.
    """
    stylesheet = _bootstrap_stylesheet()

    def bootstrap() -> flask.Response:
        return flask.send_file(stylesheet, mimetype="text/css", max_age=_BOOTSTRAP_KEPT_S)

    server.add_url_rule(BOOTSTRAP_URL, "bootstrap", bootstrap)


def add_health(server: flask.Flask, *, ready: Callable[[], bool]) -> None:
    """Answer `/healthz` while the process lives, and `/readyz` while its store answers."""

    def healthz() -> flask.Response:
        return flask.Response("The page is served.\n", mimetype="text/plain")

    def readyz() -> flask.Response:
        if ready():
            return flask.Response("The store answers.\n", mimetype="text/plain")
        text = "The store does not answer; the page shows its last numbers.\n"
        return flask.Response(text, status=_UNAVAILABLE, mimetype="text/plain")

    server.add_url_rule("/healthz", "healthz", healthz)
    server.add_url_rule("/readyz", "readyz", readyz)


def protect(server: flask.Flask, *, scripts: Iterable[str], behind_proxy: bool) -> None:
    """Let the page load and do nothing but what is its own.

    scripts: the hashes of the scripts that Dash writes into the page itself.
    behind_proxy: other names than this machine's own are answered, too. Else they are not, or
        any web site that a reader has open could read the page by a name of its own that leads
        here (DNS rebinding).
    """
    policy = "; ".join(
        [
            "default-src 'none'",
            "base-uri 'none'",
            "connect-src 'self'",
            "font-src 'self'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "img-src 'self' data:",
            f"script-src 'self' {' '.join(scripts)}",
            # plotly and Dash put style elements into the page; they can't be told by their hash.
            "style-src 'self' 'unsafe-inline'",
        ]
    )

    def refuse() -> flask.Response | None:
        if behind_proxy or urlsplit(f"//{flask.request.host}").hostname in _OWN_NAMES:
            return None
        text = "This page is served under the names of its own machine only.\n"
        return flask.Response(text, status=_MISDIRECTED, mimetype="text/plain")

    def add_headers(response: flask.Response) -> flask.Response:
        response.headers.update(_HEADERS)
        response.headers["Content-Security-Policy"] = policy
        if response.mimetype in {"text/html", "application/json", "text/plain"}:
            response.headers["Cache-Control"] = "no-store"
        return response

    server.before_request(refuse)
    server.after_request(add_headers)


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
