"""Sending many statements, a bounded number at a time, until the cluster has them all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from threading import Semaphore
from typing import Final

from cassandra.cluster import Session
from cassandra.query import Statement

from profiles.adapters.cassandra.failures import FAILURES, refused

PAUSES_S: Final = (0.1, 0.5, 2.0)
"""How long to wait before sending again what failed. Longer troubles are for the caller, who may
have a consumer to keep alive meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Sends statements that may be repeated.

    concurrency: how many are in flight at most.
    pause: waits for so many seconds.
    """

    session: Session
    concurrency: int
    pause: Callable[[float], None] = time.sleep

    def send(self, statements: Iterable[Statement]) -> Exception | None:
        """Send statements, and again those that fail, a few times.

        Returns None when the cluster has acknowledged all, else what went wrong last: then any
        part of them may be written.
        """
        rest, pauses = iter(statements), iter(PAUSES_S)
        while failed := self._send_until_one_fails(rest):
            errors = [error for _, error in failed]
            worst = next(filter(refused, errors), errors[-1])
            pause_s = next(pauses, None)
            if pause_s is None or refused(worst):
                return worst
            self.pause(pause_s)
            rest = chain([statement for statement, _ in failed], rest)
        return None

    def _send_until_one_fails(
        self, statements: Iterator[Statement]
    ) -> list[tuple[Statement, Exception]]:
        """Send statements until they end or one of them fails; wait for those in flight.

        Returns those that failed; what was not sent is left in the iterator. The next statement
        is encoded while the server works on those before.
        """
        failed: list[tuple[Statement, Exception]] = []
        slots = Semaphore(self.concurrency)

        def done(_rows: object) -> None:
            slots.release()

        def lost(error: Exception, statement: Statement) -> None:
            failed.append((statement, error))
            slots.release()

        while not failed and (statement := next(statements, None)) is not None:
            slots.acquire()
            try:
                future = self.session.execute_async(statement)
            except FAILURES as error:
                lost(error, statement)
            else:
                future.add_callbacks(done, lost, errback_args=(statement,))
        for _ in range(self.concurrency):  # each answers or times out
            slots.acquire()
        return failed
