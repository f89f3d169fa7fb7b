"""Ctrl-C and SIGTERM: the first asks the job to end after what it is at, the second at once.

A job that has to count what it gives up takes the second as an event, too: an interrupt in the
middle of a driver's work leaves the driver broken (confluent-kafka raises `SystemError` then).
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Event, Thread
from types import FrameType


@contextmanager
def stoppable(
    stop: Event, hurry: Event | None = None, *, asked: Callable[[], None] | None = None
) -> Generator[Callable[[], None]]:
    """Set `stop` at the first signal, and `hurry`, if there is one, at the second.

    The next signal is left to what was there before.

    asked: is called once after the first, in a thread of its own: a signal can come in the middle
        of a write to a stream, which does not bear another one inside it.

    Yields a function that takes the signals back from a library that has taken them for itself
    meanwhile, unless all that can be asked for was.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    events = [stop] if hurry is None else [stop, hurry]
    telling: list[Thread] = []

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def ask(_number: int, _frame: FrameType | None) -> None:
        event = events.pop(0)
        event.set()
        if not events:
            restore()
        if event is stop and asked is not None:
            telling.append(Thread(target=asked))
            telling[0].start()

    def take() -> None:
        if events:
            for number in before:
                signal.signal(number, ask)

    take()
    try:
        yield take
    finally:
        restore()
        for thread in telling:
            thread.join()
