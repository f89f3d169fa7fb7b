from __future__ import annotations

from collections.abc import Callable, Iterable

from cassandra import (
    InvalidRequest,
    OperationTimedOut,
)
from cassandra.connection import ConnectionShutdown
from hypothesis import given
from hypothesis import strategies as st

from profiles.adapters.cassandra.sending import PAUSES_S, Sender


class FlakySession:
    """Takes or loses statements as told, for want of a server that fails on demand."""

    def __init__(self, answers: Iterable[Exception | None]) -> None:
        self._answers = iter(answers)
        self.taken: list[int] = []

    def execute_async(self, statement: int) -> FlakySession:
        self._now, self._answer = statement, next(self._answers, None)
        if isinstance(self._answer, ConnectionShutdown):
            raise self._answer
        return self

    def add_callbacks(
        self,
        callback: Callable[[object], None],
        errback: Callable[[Exception, int], None],
        errback_args: tuple[int],
    ) -> None:
        if self._answer is None:
            self.taken.append(self._now)
            callback([])
        else:
            errback(self._answer, *errback_args)


def sender(session: FlakySession, pauses: list[float]) -> Sender:
    return Sender(session=session, concurrency=3, pause=pauses.append)


@given(
    number=st.integers(0, 20),
    answers=st.lists(
        st.sampled_from([None, None, None, OperationTimedOut(), ConnectionShutdown("")]),
        max_size=30,
    ),
)
def test_every_statement_is_written_or_the_failure_raised(
    number: int, answers: list[Exception | None]
) -> None:
    session = FlakySession(answers)
    pauses: list[float] = []

    failure = sender(session, pauses).send(range(number))

    assert len(set(session.taken)) == len(session.taken)
    assert pauses == list(PAUSES_S)[: len(pauses)]
    if failure is None:
        assert sorted(session.taken) == list(range(number))
    else:
        assert len(pauses) == len(PAUSES_S)


def test_a_refused_statement_is_not_sent_again() -> None:
    refusal = InvalidRequest("no")
    pauses: list[float] = []

    assert sender(FlakySession([None, refusal]), pauses).send(range(9)) is refusal
    assert pauses == []
