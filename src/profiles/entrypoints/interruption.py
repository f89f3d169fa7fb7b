"""Ctrl-C and SIGTERM: the first asks the job to end after what it is at, the second at once.

A job that has to count what it gives up takes the second as an event, too: an interrupt in the
middle of a driver's work leaves the driver broken (confluent-kafka raises `SystemError` then).
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Event
from types import FrameType


@contextmanager
def stoppable(stop: Event, hurry: Event | None = None) -> Generator[Callable[[], None]]:
    """Set `stop` at the first signal, and `hurry`, if there is one, at the second.

    The next signal is left to what was there before.

    Yields a function that takes the signals back from a library that has taken them for itself
    meanwhile, unless all that can be asked for was.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    events = [stop] if hurry is None else [stop, hurry]

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def ask(_number: int, _frame: FrameType | None) -> None:
        events.pop(0).set()
        if not events:
            restore()

    def take() -> None:
        if events:
            for number in before:
                signal.signal(number, ask)

    take()
    try:
        yield take
    finally:
        restore()
