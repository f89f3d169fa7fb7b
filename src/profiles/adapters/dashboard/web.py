"""What the page's server says beside the page: its stylesheet, its health, and its safeguards."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

import flask
from werkzeug.exceptions import HTTPException

from profiles.domain.errors import UsageError

_LOG: Final = logging.getLogger(__name__)

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
PATHS: Final = frozenset({BOOTSTRAP_URL, "/healthz", "/readyz"})
_FAILED: Final = 500
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


def safeguards(scripts: Iterable[str]) -> dict[str, str]:
    """Let the page load and do nothing but what is its own: the headers of every answer.

    scripts: the hashes of the scripts that Dash writes into the page itself.
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
    return {**_HEADERS, "Content-Security-Policy": policy}


def log_defects(server: flask.Flask) -> None:
    """Answer 500 where the page itself fails, and say in one line where."""

    def failed(error: Exception) -> flask.Response | HTTPException:
        if isinstance(error, HTTPException):
            return error
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(frame.filename).name}:{frame.lineno}"
        # Never the text of the error, which may hold anything.
        _LOG.error("The page failed to answer: %s at %s.", type(error).__qualname__, where)
        text = "The page failed to answer; the log of its server says where.\n"
        return flask.Response(text, status=_FAILED, mimetype="text/plain")

    server.register_error_handler(Exception, failed)


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
