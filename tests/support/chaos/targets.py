"""The processes that faults come to: commands of `profiles`, and servers."""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from collections.abc import Callable

from tests.support.chaos.plan import Kind
from tests.support.cluster_site import Running
from tests.support.proxy import Proxy, Way
from tests.support.services import Service

END_OF_WHAT_IT_SAID = 2_000


class Target(ABC):
    """A process that faults come to, and that ends because of a fault only.

    Attributes:
        name: what the plan calls it.
    """

    name: str

    @abstractmethod
    def check(self) -> None:
        """Fail if it has ended by itself."""

    @abstractmethod
    def start(self) -> None:
        """Start it, where it does not run."""

    @abstractmethod
    def kill(self) -> None:
        """Kill it (signal 9)."""

    @abstractmethod
    def freeze(self) -> None:
        """Stop it in mid-work (SIGSTOP)."""

    @abstractmethod
    def thaw(self) -> None:
        """Let it go on (SIGCONT)."""

    @abstractmethod
    def stop(self) -> None:
        """Ask it to end (SIGTERM), and see that it ends well."""


class Server(Target):
    """A server; it keeps its port and its data."""

    def __init__(self, service: Service) -> None:
        """Take a server that is running."""
        self._service = service
        self.name = service.name

    def check(self) -> None:
        """Leave it to the commands: they say what does not answer."""

    def start(self) -> None:
        self._service.start()

    def kill(self) -> None:
        self._service.kill()

    def freeze(self) -> None:
        self._service.freeze()

    def thaw(self) -> None:
        self._service.thaw()

    def stop(self) -> None:
        self._service.stop()


class Network:
    """The way to a server, which breaks while both ends live on.

    Attributes:
        name: what the plan calls it.
    """

    def __init__(self, server: str, proxy: Proxy) -> None:
        """Take a whole network."""
        self.name = f"network of {server}"
        self._proxy = proxy

    def begin(self, kind: Kind) -> None:
        """Break it."""
        if kind == Kind.CUT:
            self._proxy.refuse()
            self._proxy.cut()
        elif kind == Kind.SILENCE:
            self._proxy.hold(*Way)
        else:
            self._proxy.hold(Way.ANSWERS)

    def end(self, kind: Kind) -> None:
        """Have it whole again."""
        if kind == Kind.LOSS:
            self._proxy.cut()
        self._proxy.mend()


class Job(Target):
    """A command that runs until it is asked to end.

    Attributes:
        running: the process; each start makes another one.
    """

    def __init__(
        self, name: str, begin: Callable[[], Running], ended_well: Callable[[Running], object]
    ) -> None:
        """Start a command.

        ended_well: waits for a process that was asked to end, and checks what it printed.
        """
        self.name = name
        self._begin = begin
        self._ended_well = ended_well
        self.running = begin()

    def check(self) -> None:
        assert self.running.is_running(), (
            f"{self.name} has ended by itself, with exit code {self.running.process.returncode}:"
            f"\n{self.running.said[-END_OF_WHAT_IT_SAID:]}"
        )

    def start(self) -> None:
        self.running = self._begin()

    def kill(self) -> None:
        assert self.running.kill()

    def freeze(self) -> None:
        self.running.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.running.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self.running.ask_to_stop(signal.SIGTERM)
        self._ended_well(self.running)
