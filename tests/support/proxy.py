"""A TCP proxy in front of a server, for a network that breaks while both ends live on."""

from __future__ import annotations

import asyncio
import socket
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from enum import Enum
from threading import Event, Thread
from typing import Any

from tests.support.services.free_ports import HOST, free_port, keep

CHUNK = 64 * 1024
ANSWER_S = 30.0
LINGER_NOT = struct.pack("ii", 1, 0)
"""Whoever closes a socket with this throws away what is unsent, and sends a reset."""


class Way(Enum):
    """In which direction bytes go.

    Attributes:
        REQUESTS: from the client to the server.
        ANSWERS: from the server to the client.
    """

    REQUESTS = 0
    ANSWERS = 1


class Cut(Enum):
    """How a connection ends.

    Attributes:
        RESET: as a firewall or a crashed host ends it (RST).
        CLOSE: as if the other end had closed it (FIN).
    """

    RESET = 0
    CLOSE = 1


class Proxy:
    """Passes bytes between clients and one server, until it is told otherwise.

    It has a thread of its own. Its port stays the same, also while it refuses connections.

    Attributes:
        address: HOST:PORT for the clients.
        lost: how many answers were thrown away.
    """

    def __init__(self, server: str, *, port: int | None = None) -> None:
        """Listen at a port, or at one that is free; `server` is HOST:PORT, and may be down."""
        host, _, number = server.rpartition(":")
        self._server = host, int(number)
        self.port = free_port() if port is None else port
        self.address = f"{HOST}:{self.port}"
        self.lost = 0
        self._delay_s = 0.0
        self._held: set[Way] = set()
        self._to: Callable[[bytes], bool] = _none
        self._times = 0
        self._links: set[_Link] = set()
        self._connecting: set[asyncio.Task[None]] = set()
        self._listening: socket.socket | None = None
        self._kept = keep(self.port)  # or somebody else could get the port while it is refused
        self._loop = asyncio.new_event_loop()
        begun = Event()
        self._thread = Thread(target=self._run, args=(begun,), daemon=True)
        self._thread.start()
        begun.wait(ANSWER_S)
        self.accept()

    def close(self) -> None:
        """Cut all connections and let go of the port."""
        self.refuse()
        self.cut()
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(ANSWER_S)
        self._loop.close()
        self._kept.close()

    # What can be done to the network

    def cut(self, how: Cut = Cut.RESET) -> None:
        """End all connections, at both ends; new ones can be made."""
        self._do(self._cut(how))

    def refuse(self) -> None:
        """Refuse new connections; those that there are stay."""
        self._do(self._refuse())

    def accept(self) -> None:
        """Take new connections again."""
        self._do(self._accept())

    def hold(self, *ways: Way) -> None:
        """Take all bytes, and pass none, whether a connection is old or new: nobody is told."""
        self._do(self._hold(ways))

    def release(self) -> None:
        """Pass what was held, and all that comes."""
        self._do(self._release())

    def forget(self) -> None:
        """Pass nothing any more on the connections that there are, until they are cut."""
        self._do(self._forget())

    def lose_answers(self, to: Callable[[bytes], bool] | None = None, *, times: int = 1) -> None:
        """Let requests reach the server, then throw away the answer and cut the connection.

        to: to which requests, told by bytes that arrived together. None: on each connection that
            there is, to what was asked last, or is asked next.
        times: to how many such requests.
        """
        self._do(self._lose_answers(to, times))

    def delay(self, seconds: float) -> None:
        """Pass bytes, in both directions, so much later, and no more than 64 KiB in that time."""
        self._delay_s = seconds

    def mend(self) -> None:
        """Be a whole and quick network from now on; what was forgotten or lost stays so."""
        self.accept()
        self.release()
        self.delay(0.0)
        self._do(self._lose_nothing())

    # In the proxy's own thread

    def _run(self, begun: Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.call_soon(begun.set)
        self._loop.run_forever()

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(ANSWER_S)

    async def _accept(self) -> None:
        # Not by asyncio's own server: one that is closed as somebody connects loses that socket.
        if self._listening is None:
            self._listening = keep(self.port)
            self._listening.listen()
            self._listening.settimeout(0.0)
            self._loop.add_reader(self._listening, self._take, self._listening)

    async def _refuse(self) -> None:
        if self._listening is not None:
            self._loop.remove_reader(self._listening)
            self._listening.close()
            self._listening = None

    def _take(self, listening: socket.socket) -> None:
        try:
            taken, _ = listening.accept()
        except OSError:
            return  # whoever came has gone
        connecting = self._loop.create_task(self._connected(taken))
        self._connecting.add(connecting)
        connecting.add_done_callback(self._connecting.discard)

    async def _cut(self, how: Cut) -> None:
        for link in list(self._links):
            link.cut(how)

    async def _hold(self, ways: tuple[Way, ...]) -> None:
        self._held.update(ways)
        for link in self._links:
            link.hold(ways)

    async def _release(self) -> None:
        self._held.clear()
        for link in self._links:
            link.release()

    async def _forget(self) -> None:
        for link in self._links:
            link.forgotten = True
            link.hold(Way)

    async def _lose_answers(self, to: Callable[[bytes], bool] | None, times: int) -> None:
        if to is None:
            for link in self._links:
                link.loses_next = True
        else:
            self._to, self._times = to, times

    async def _lose_nothing(self) -> None:
        self._times = 0
        for link in self._links:
            link.loses_next = False

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # what was aborted is closed in the next turn

    async def _connected(self, taken: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=taken)
        try:
            server = await asyncio.open_connection(*self._server)
        except BaseException as failure:
            _end(writer, Cut.RESET)
            if isinstance(failure, OSError):
                return  # the server is down
            raise
        link = _Link(writer, server[1])
        link.hold(self._held)
        self._links.add(link)
        ways = (Way.REQUESTS, reader, server[1]), (Way.ANSWERS, server[0], writer)
        link.passing = [asyncio.ensure_future(self._pass(link, *way)) for way in ways]
        await asyncio.gather(*link.passing, return_exceptions=True)
        self._links.discard(link)
        link.cut(Cut.CLOSE)

    async def _pass(
        self, link: _Link, way: Way, reader: StreamReader, writer: StreamWriter
    ) -> None:
        """Pass what comes until its source ends; where a connection breaks, break the other."""
        try:
            while chunk := await reader.read(CHUNK):
                await link.flows[way].wait()
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                if way == Way.REQUESTS:
                    self._look_at(link, chunk)
                elif link.loses_next:
                    self.lost += 1
                    link.cut(Cut.RESET)
                    return
                writer.write(chunk)
                await writer.drain()
            await link.flows[way].wait()
            writer.write_eof()
        except OSError:
            link.cut(Cut.RESET)

    def _look_at(self, link: _Link, request: bytes) -> None:
        """Note where its answer is one of those to be lost."""
        if self._times and self._to(request):
            self._times -= 1
            link.loses_next = True


class _Link:
    """A connection of a client, and the one that was made for it to the server."""

    def __init__(self, *writers: StreamWriter) -> None:
        self._writers = writers
        self.flows = {way: asyncio.Event() for way in Way}
        self.passing: list[asyncio.Future[None]] = []
        self.loses_next = False
        self.forgotten = False
        self.release()

    def hold(self, ways: Iterable[Way]) -> None:
        for way in ways:
            self.flows[way].clear()

    def release(self) -> None:
        if not self.forgotten:
            for flow in self.flows.values():
                flow.set()

    def cut(self, how: Cut) -> None:
        for each in self.passing:
            each.cancel()
        for writer in self._writers:
            _end(writer, how)


def _end(writer: StreamWriter, how: Cut) -> None:
    if how == Cut.RESET:
        with suppress(OSError):
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        writer.transport.abort()
    else:
        writer.close()


def _none(_request: bytes) -> bool:
    return False
