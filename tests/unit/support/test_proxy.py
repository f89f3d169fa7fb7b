"""A network that breaks as it is told to: what each end of a connection notices."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from threading import Event, Thread

import pytest

from tests.support.proxy import Cut, Proxy, Way
from tests.support.services.free_ports import free_port

PATIENCE_S = 60.0
SHORT_S = 0.2
"""So long is looked whether something comes that must not."""


class Server:
    """Answers each request with its letters in capitals, and keeps what it was asked."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked = b""
        self.heard = Event()
        self.ended = Event()
        self._thread = Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with closing(connection):
            try:
                while request := connection.recv(1_000):
                    self.asked += request
                    self.heard.set()
                    connection.sendall(request.upper())
            except ConnectionError:
                pass
        self.ended.set()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(PATIENCE_S)


@pytest.fixture
def server() -> Iterator[Server]:
    with closing(Server()) as made:
        yield made


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    with closing(Proxy(server.address)) as made:
        yield made


class Client:
    """A connection by way of a proxy."""

    def __init__(self, proxy: Proxy) -> None:
        host, _, port = proxy.address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), PATIENCE_S)

    def send(self, request: bytes) -> None:
        self._socket.sendall(request)

    def answer(self, *, within_s: float = PATIENCE_S) -> bytes:
        self._socket.settimeout(within_s)
        return self._socket.recv(1_000)

    def is_reset(self) -> bool:
        try:
            return self.answer() == b"something"
        except ConnectionResetError:
            return True

    def hears_nothing(self) -> bool:
        try:
            self.answer(within_s=SHORT_S)
        except TimeoutError:
            return True
        return False

    def asks(self, request: bytes) -> bytes:
        self.send(request)
        return self.answer()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def connected(proxy: Proxy) -> Iterator[Client]:
    with closing(Client(proxy)) as client:
        assert client.asks(b"hello") == b"HELLO"
        yield client


def test_requests_and_answers_are_passed(connected: Client) -> None:
    assert connected.asks(b"one") == b"ONE"
    assert connected.asks(b"two") == b"TWO"


def test_who_closes_one_end_has_the_other_closed(connected: Client, server: Server) -> None:
    connected.close()

    assert server.ended.wait(PATIENCE_S)


@pytest.mark.parametrize("cut", Cut)
def test_a_cut_ends_all_connections_at_both_ends_and_new_ones_are_made(
    proxy: Proxy, connected: Client, server: Server, cut: Cut
) -> None:
    proxy.cut(cut)

    assert connected.is_reset() if cut == Cut.RESET else connected.answer() == b""
    assert server.ended.wait(PATIENCE_S)
    with closing(Client(proxy)) as other:
        assert other.asks(b"again") == b"AGAIN"


def test_new_connections_are_refused_for_a_while_at_the_same_port(
    proxy: Proxy, connected: Client
) -> None:
    proxy.refuse()
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            Client(proxy)
    assert connected.asks(b"still") == b"STILL"

    proxy.accept()

    with closing(Client(proxy)) as other:
        assert other.asks(b"again") == b"AGAIN"


def test_who_connects_just_as_it_is_closed_to_others_is_not_forgotten_open(
    server: Server, recwarn: pytest.WarningsRecorder
) -> None:
    over = Event()

    def connect(proxy: Proxy) -> None:
        while not over.is_set():
            with suppress(OSError), closing(Client(proxy)) as client:
                client.asks(b"hello")

    with closing(Proxy(server.address)) as proxy:
        clients = [Thread(target=connect, args=(proxy,)) for _ in range(4)]
        for each in clients:
            each.start()
        for _ in range(30):
            proxy.refuse()
            proxy.cut()
            proxy.accept()
        over.set()
        for each in clients:
            each.join(PATIENCE_S)
    gc.collect()

    assert [str(each.message) for each in recwarn] == []


def test_what_is_held_on_its_way_is_passed_later_whichever_way_it_goes(
    proxy: Proxy, connected: Client, server: Server
) -> None:
    proxy.hold(Way.ANSWERS)
    server.heard.clear()
    connected.send(b"one")
    assert server.heard.wait(PATIENCE_S)
    assert connected.hears_nothing()
    proxy.release()
    assert connected.answer() == b"ONE"

    proxy.hold(Way.REQUESTS)
    server.heard.clear()
    connected.send(b"two")
    assert not server.heard.wait(SHORT_S)
    proxy.release()
    assert connected.answer() == b"TWO"


def test_who_connects_while_all_is_held_is_let_in_and_hears_nothing(proxy: Proxy) -> None:
    proxy.hold(*Way)
    with closing(Client(proxy)) as client:
        client.send(b"one")
        assert client.hears_nothing()

        proxy.release()

        assert client.answer() == b"ONE"


def test_what_was_held_is_lost_with_its_connection(
    proxy: Proxy, connected: Client, server: Server
) -> None:
    proxy.hold(Way.REQUESTS)
    connected.send(b"never")

    proxy.cut()
    proxy.release()

    assert connected.is_reset()
    assert server.ended.wait(PATIENCE_S)
    assert server.asked == b"hello"


def test_a_connection_that_is_forgotten_hears_nothing_any_more_and_others_work(
    proxy: Proxy, connected: Client
) -> None:
    proxy.forget()

    connected.send(b"one")
    proxy.release()
    assert connected.hears_nothing()
    with closing(Client(proxy)) as other:
        assert other.asks(b"two") == b"TWO"


def test_of_what_is_under_way_the_answer_is_lost_and_the_connection_with_it(
    proxy: Proxy, connected: Client, server: Server
) -> None:
    proxy.lose_answers()
    server.heard.clear()
    connected.send(b"done")

    assert connected.is_reset()
    assert server.heard.is_set()
    assert proxy.lost == 1
    with closing(Client(proxy)) as other:
        assert other.asks(b"done") == b"DONE"


def test_only_the_answers_to_certain_requests_are_lost_and_only_so_often(proxy: Proxy) -> None:
    proxy.lose_answers(to=lambda request: b"commit" in request, times=2)
    with ExitStack() as stack:
        clients = [stack.enter_context(closing(Client(proxy))) for _ in range(3)]
        assert [client.asks(b"insert") for client in clients] == [b"INSERT"] * 3

        for client in clients[:2]:
            client.send(b"commit")
            assert client.is_reset()

        assert clients[2].asks(b"commit") == b"COMMIT"
    assert proxy.lost == 2


def test_a_slow_network_passes_all_of_it(proxy: Proxy, connected: Client) -> None:
    proxy.delay(0.01)

    assert connected.asks(b"one") == b"ONE"


def test_where_no_server_listens_a_connection_is_reset() -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    with (
        closing(Proxy(nowhere)) as proxy,
        pytest.raises(ConnectionResetError),
        closing(Client(proxy)) as client,
    ):
        client.answer()
