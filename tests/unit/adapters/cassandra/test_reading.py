from __future__ import annotations

import pytest
from cassandra import InvalidRequest, OperationTimedOut
from cassandra.cluster import NoHostAvailable
from cassandra.connection import ConnectionShutdown

from profiles.adapters.cassandra.reading import persistently
from profiles.adapters.cassandra.sending import PAUSES_S

CUT = NoHostAvailable("no node", {"a node": ConnectionShutdown("cut")})


class Server:
    """Fails as often as it has failures left, then answers."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.paused: list[float] = []

    def ask(self) -> str:
        if self.failures:
            raise self.failures.pop(0)
        return "a row"

    def asked(self) -> str:
        return persistently(self.ask, pause=self.paused.append)


@pytest.mark.parametrize("failure", [CUT, ConnectionShutdown("cut")])
def test_what_a_cut_connection_did_not_bring_is_asked_for_again(failure: Exception) -> None:
    server = Server(failure, failure)

    assert server.asked() == "a row"
    assert server.paused == [*PAUSES_S[:2]]


def test_a_few_times_only() -> None:
    server = Server(*[CUT] * 10)

    with pytest.raises(NoHostAvailable):
        server.asked()
    assert server.paused == [*PAUSES_S]


@pytest.mark.parametrize(
    "failure",
    [
        OperationTimedOut(),
        InvalidRequest("no"),
        NoHostAvailable("no node", {"a node": InvalidRequest("no")}),
    ],
)
def test_what_was_refused_or_took_too_long_is_not(failure: Exception) -> None:
    server = Server(failure)

    with pytest.raises(type(failure)):
        server.asked()
    assert server.paused == []
