"""What a test may do to a server, whatever runs it."""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections.abc import Callable
from time import monotonic
from typing import Literal, NamedTuple

from tests.support.services.free_ports import keep

Name = Literal["kafka", "cassandra", "mongo"]
NAMES: tuple[Name, ...] = ("kafka", "cassandra", "mongo")

START_WITHIN_S = 300.0
"""A cold start takes some 10 s on two idle cores; a busy machine gets its time."""


class ServiceError(Exception):
    """A server can't be had, or does not start; the text says what to do about it."""


class Door(NamedTuple):
    """Where a server is entered by a proxy that stands in front of it.

    address: HOST:PORT that the proxy connects to.
    proxy_port: where it has to listen on the loopback address, as the server names that port to
        those who come through it; None for any.
    """

    address: str
    proxy_port: int | None = None

    def keep(self) -> socket.socket | None:
        """Keep the proxy's port from everybody else, also while there is no proxy."""
        return None if self.proxy_port is None else keep(self.proxy_port)


class Service(ABC):
    """One server of the tests' own: always at the same address, always with the same data.

    Attributes:
        name: which of the servers it is.
        address: HOST:PORT; of MongoDB the whole URL.
        door: for a proxy; the same place as the address, or another one of the same server.
    """

    name: Name
    address: str
    door: Door

    @abstractmethod
    def start(self) -> None:
        """Start it, or leave it running; return when it is usable.

        Raises:
            ServiceError: it ended, or was not usable in time; holds the end of its log.
        """

    @abstractmethod
    def kill(self) -> None:
        """End it as a crash would (signal 9); return when it is gone. The data stay."""

    @abstractmethod
    def freeze(self) -> None:
        """Stop it in mid-work: it keeps its connections, and answers nothing (SIGSTOP).

        Returns when it has stopped.
        """

    @abstractmethod
    def thaw(self) -> None:
        """Let it go on."""

    @abstractmethod
    def stop(self) -> None:
        """Ask it to end, and kill it if it takes too long; return when it is gone."""

    @abstractmethod
    def remove(self) -> None:
        """End it and delete its data; it can't be started again."""


def wait_until_usable(
    name: Name, usable: Callable[[], bool], *, ended: Callable[[], bool], log: Callable[[], str]
) -> None:
    """Ask until the server is usable.

    Args:
        name: for the error's text.
        usable: one attempt; takes its time, but not more than some seconds.
        ended: whether it has ended by itself; waits a moment before it says no.
        log: the end of its log.

    Raises:
        ServiceError: it has ended, or the time is over.
    """
    deadline = monotonic() + START_WITHIN_S
    while not usable():
        if ended():
            raise ServiceError(f"{name} ended instead of starting. The end of its log:\n{log()}")
        if monotonic() > deadline:
            raise ServiceError(
                f"{name} was not usable within {START_WITHIN_S:g} s. The end of its log:\n{log()}"
            )
