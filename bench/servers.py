"""The servers of the bench: real ones, with their optimising compilers and room."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from usage import cpu_s_of

from tests.support.services.choice import address_variable
from tests.support.services.processes import Process
from tests.support.services.recipes import FAST, lacking
from tests.support.services.service import NAMES, Name, ServiceError


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Where they are.

    kafka, cassandra: HOST:PORT. mongo: URL without a database.
    pids: process ids of those that were started here.
    """

    kafka: str
    cassandra: str
    mongo: str
    pids: Mapping[str, int] = field(default_factory=dict)

    def cpu_s(self) -> dict[str, float]:
        """Return the processor seconds that each of those started here has taken so far."""
        return {name: cpu_s_of(pid) for name, pid in self.pids.items()}

    def mongo_url(self, database: str) -> str:
        """Return the URL of a database."""
        before, _, options = self.mongo.partition("?")
        return f"{before.rstrip('/')}/{database}?{options}"

    def cassandra_url(self, keyspace: str) -> str:
        """Return the URL of a keyspace."""
        return f"cassandra://{self.cassandra}/{keyspace}"


@contextmanager
def running() -> Generator[Servers]:
    """Give the servers that PROFILES_TEST_KAFKA and so on name; start the others here.

    Raises:
        SystemExit: one can't be started; the text says what to do.
    """
    given = {name: os.environ.get(address_variable(name), "") for name in NAMES}
    missing = [name for name in NAMES if not given[name]]
    for name in missing:
        if lack := lacking(name):
            message = f"The bench needs {name}: set {address_variable(name)}, or mend this: {lack}"
            raise SystemExit(message)
    with ExitStack() as stack, ThreadPoolExecutor(len(NAMES)) as threads:
        pids: dict[str, int] = {}

        def started(name: Name) -> str:
            server = Process(name, FAST)
            stack.callback(server.remove)
            server.start()
            pids[name] = server.pid
            return server.address

        try:
            given |= dict(zip(missing, threads.map(started, missing), strict=True))
        except ServiceError as error:
            raise SystemExit(str(error)) from None
        yield Servers(**given, pids=pids)
