"""Serving metrics and health over HTTP, in threads of its own."""

from __future__ import annotations

import errno
import json
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, NamedTuple, Self, cast

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from profiles.adapters.prometheus.metrics import PrometheusMetrics
from profiles.domain.errors import UsageError

_REQUEST_S: Final = 10.0
"""Seconds for which a client may be silent before it is cut."""
_REMEDIES: Final = {
    errno.EADDRINUSE: "another program listens there. Choose another port (0: any)",
    errno.EACCES: "this needs rights you don't have. Choose a port from 1024 up",
    errno.EADDRNOTAVAIL: "this machine has no such address. Leave the host out",
}
_JSON: Final = "application/json"


class Answer(NamedTuple):
    """What is answered to a request."""

    status: HTTPStatus
    content_type: str
    body: bytes


class MetricsServer:
    """Metrics and health at an address, from entry to exit.

    /metrics: all metrics, in the form that the client asks for.
    /healthz: 200 while the job's loop turns, else 503.
    /readyz: 200 while all that the job needs answers, else 503, and which of it does.
    """

    def __init__(self, metrics: PrometheusMetrics, *, host: str, port: int) -> None:
        """Prepare.

        host: a name or number of this machine. port: 0 takes any free one; `url` tells which.
        """
        self._metrics = metrics
        self._host, self._port = host, port
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        """Where the server is; with the port that was asked for, before it has started."""
        port = self._port if self._server is None else self._server.server_address[1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{port}"

    def __enter__(self) -> Self:
        """Listen, and serve in the background.

        Raises:
            UsageError: nothing can listen at this address.
        """
        try:
            family, _, _, _, address = socket.getaddrinfo(
                self._host, self._port, type=socket.SOCK_STREAM
            )[0]
            self._server = _Server(family, (str(address[0]), self._port), self._metrics)
        except (socket.gaierror, UnicodeError):
            raise self._refused("no such host is known here. Leave the host out") from None
        except OSError as failure:
            happened = _REMEDIES.get(failure.errno or 0, "the system refused it")
            raise self._refused(happened) from None
        threading.Thread(
            target=self._server.serve_forever, name="metrics-server", daemon=True
        ).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _refused(self, happened: str) -> UsageError:
        return UsageError(
            f"Metrics can't be served at {self.url}: {happened}. Nothing was started."
        )


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self, family: socket.AddressFamily, address: tuple[str, int], metrics: PrometheusMetrics
    ) -> None:
        self.address_family = family
        self.metrics = metrics
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind, without asking a name server for this machine's name, as `HTTPServer` would."""
        super(ThreadingHTTPServer, self).server_bind()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that went away: nobody has to act on it."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _REQUEST_S
    server_version = "profiles"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer a request, whatever it is about."""
        answer = answer_to(self.path.partition("?")[0], self.headers.get("Accept"), self._metrics)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    @property
    def _metrics(self) -> PrometheusMetrics:
        return cast("_Server", self.server).metrics

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - `http.server`'s name
        """Log no requests."""


def answer_to(path: str, accept: str | None, metrics: PrometheusMetrics) -> Answer:
    """Answer a request.

    accept: the forms of metrics that the client reads, as it says it.
    """
    health = metrics.health
    if path == "/metrics":
        return _exposition(metrics.registry, accept)
    if path == "/healthz":
        return _state(health.alive, {"alive": health.alive})
    if path == "/readyz":
        asked = {service.value: answers for service, answers in health.reachable.items()}
        return _state(health.ready, {"ready": health.ready, **asked})
    return Answer(HTTPStatus.NOT_FOUND, "text/plain", b"/metrics, /healthz or /readyz\n")


def _exposition(registry: CollectorRegistry, accept: str | None) -> Answer:
    encode, content_type = choose_encoder(accept or "")
    return Answer(HTTPStatus.OK, content_type, encode(registry))


def _state(good: bool, told: dict[str, bool]) -> Answer:  # noqa: FBT001 - what it is about
    status = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
    return Answer(status, _JSON, json.dumps(told).encode() + b"\n")
