"""Serve the page with waitress, in threads of its own."""

from __future__ import annotations

import errno
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Final, Self

from waitress import wasyncore
from waitress.server import create_server

from profiles.adapters.dashboard.channel import CONNECTIONS, LIMITS, Channel
from profiles.domain.errors import UsageError

Application = Callable[..., Iterable[bytes]]
"""Any WSGI application; a `dash.Dash` is one."""

THREADS: Final = 8  # a browser opens six connections at once; fewer threads would queue them
_FINISH_S: Final = 1  # for requests under way when the server closes; others are cut
_STUCK_S: Final = 3600
_JOIN_S: Final = 0.5
_ROUND_S: Final = 1  # at most: anything that happens ends a round
_LAST_PORT: Final = 65_535
_REMEDIES: Final = {
    errno.EADDRINUSE: "another program listens there. Choose another port with --port (0: any)",
    errno.EACCES: "this needs rights you don't have. Choose a port from 1024 up with --port",
    errno.EADDRNOTAVAIL: "this machine has no such address. Use 127.0.0.1",
}


class PageServer:
    """The page at an address, from `start` to `close`; also a context manager.

    app: what to serve.
    host: a name or number of this machine; 127.0.0.1 is seen by this machine only.
    port: 0 takes any free one; `port` tells which, after `start`.
    """

    def __init__(self, app: Application, *, host: str = "127.0.0.1", port: int = 8050) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._server: Any = None  # waitress has no types
        self._connections: dict[int, Any] = {}
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    @property
    def port(self) -> int:
        """The port that is listened on; the one asked for, before `start`."""
        return self._port

    @property
    def url(self) -> str:
        """Where a browser finds the page."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def start(self) -> None:
        """Listen, and serve in the background; the page can be opened when this returns.

        Raises:
            UsageError: nothing can listen at this address; nothing was started.
        """
        listening = self._listen()
        self._port = listening.getsockname()[1]
        # Its warnings tell of queues and cut connections, which nobody has to act on.
        for name in ("waitress", "waitress.queue"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self._connections = {}
        self._server = create_server(
            self._app,
            map=self._connections,
            sockets=[listening],
            threads=THREADS,
            ident=None,
            log_socket_errors=False,
            **LIMITS,
        )
        self._server.channel_class = Channel
        self._closing.clear()
        # A daemon, so that a process that fails elsewhere does not hang on its page.
        self._thread = threading.Thread(target=self._watch, name="page", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Finish what is under way, within 2 s, and stop listening. A second call does nothing."""
        server, thread = self._server, self._thread
        self._server = self._thread = None
        if server is None or thread is None:
            return
        server.task_dispatcher.shutdown(timeout=_FINISH_S)
        self._closing.set()
        server.pull_trigger()
        thread.join(_JOIN_S)
        for connection in list(self._connections.values()):
            if isinstance(connection, Channel):
                connection.handle_close()  # unlike `close`, its buffers, too
        if server.task_dispatcher.threads:
            # A request is stuck, and will pull the trigger at its end. Until then its pipe stays
            # open, or that byte could go to whatever file has got the same descriptor by then.
            server.socket.close()
            threading.Thread(target=_close_later, args=(server,), name="page", daemon=True).start()
        else:
            server.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _watch(self) -> None:
        """Watch the connections, one round at a time: waitress's own loop has no end."""
        looked_at = 0.0
        while not self._closing.is_set():
            wasyncore.loop(timeout=_ROUND_S, use_poll=True, map=self._connections, count=1)
            now = time.time()
            if abs(now - looked_at) >= _ROUND_S:
                looked_at = now
                self._close_those_that_keep_waiting(now)

    def _close_those_that_keep_waiting(self, now: float) -> None:
        crowded = len(self._connections) >= CONNECTIONS
        for connection in list(self._connections.values()):
            if isinstance(connection, Channel) and connection.keeps_waiting(now, crowded=crowded):
                connection.handle_close()

    def _listen(self) -> socket.socket:
        happened = "a port is a number from 0 to 65535"
        if 0 <= self._port <= _LAST_PORT:
            try:
                family, _, _, _, address = socket.getaddrinfo(
                    self._host, self._port, type=socket.SOCK_STREAM
                )[0]
                return socket.create_server(address[:2], family=family)
            except (socket.gaierror, UnicodeError):
                happened = "no such host is known here. Use 127.0.0.1"
            except OSError as error:
                happened = _REMEDIES.get(error.errno or 0, "the system refused it")
        raise UsageError(
            f"The page can't be served at {self.url}: {happened}. Nothing was started."
        )


def _close_later(server: Any) -> None:  # noqa: ANN401 - waitress has no types
    server.task_dispatcher.shutdown(timeout=_STUCK_S)
    server.close()
