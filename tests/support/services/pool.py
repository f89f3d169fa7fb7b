"""The servers of one test session: each is started once, several at a time."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from importlib.util import find_spec
from types import TracebackType
from typing import Self

from tests.support.services.choice import Machine, Way, address_variable, choose
from tests.support.services.recipes import lacking
from tests.support.services.service import NAMES, Name, Service


def docker_answers() -> bool:
    """Say whether a Docker engine answers, and what drives it is installed."""
    if find_spec("testcontainers") is None:
        return False
    from tests.support.services.containers import engine_answers

    return engine_answers()


def this_machine() -> Machine:
    return Machine(environ=os.environ, docker_answers=docker_answers, lacking=lacking)


def made(name: Name, way: Way) -> Service:
    """Make a server that is not started yet."""
    if way == Way.DOCKER:
        from tests.support.services.containers import Container

        return Container(name)
    from tests.support.services.processes import Process

    return Process(name)


class Pool:
    """Hands out servers, and removes those that it has started."""

    def __init__(self, machine: Machine, *, to_be_killed: bool = False) -> None:
        self._machine = machine
        self._to_be_killed = to_be_killed
        self._threads = ThreadPoolExecutor(len(NAMES), thread_name_prefix="services")
        self._starting: dict[Name, Future[Service]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove all servers; those that are still starting first get there."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        with ExitStack() as all_of_them:
            for starting in self._starting.values():
                if not starting.cancelled() and starting.exception() is None:
                    all_of_them.callback(starting.result().remove)

    def begin(self, name: Name) -> None:
        """Start a server without waiting for it; one at a given address runs already.

        Raises:
            ServiceError: no way to it works here.
        """
        way = self._way(name)
        if name not in self._starting and way != Way.ADDRESSES:
            self._starting[name] = self._threads.submit(started, name, way)

    def service(self, name: Name) -> Service:
        """Return a server once it is usable.

        Raises:
            ServiceError: no way to it works here, or it does not start.
        """
        self.begin(name)
        return self._starting[name].result()

    def address(self, name: Name) -> str:
        """Return the address of a server that is usable, or of the one that was given.

        Raises:
            ServiceError: no way to it works here, or it does not start.
        """
        if self._way(name) == Way.ADDRESSES:
            return self._machine.environ[address_variable(name)]
        return self.service(name).address

    def _way(self, name: Name) -> Way:
        return choose(name, self._machine, to_be_killed=self._to_be_killed)


def started(name: Name, way: Way) -> Service:
    service = made(name, way)
    try:
        service.start()
    except BaseException:
        service.remove()
        raise
    return service
