"""What is logged to standard error: our own lines, and of libraries only what can hold no value."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from types import CodeType
from typing import Final

OURS: Final = "profiles"

_AGAIN_S: Final = 30.0
_NOT_SHOWN: Final = "(its text is not shown: it may hold values of a person)"
_ABOUT_CONNECTIONS: Final = ("cassandra.cluster", "cassandra.connection", "cassandra.pool")
"""Loggers of what our own lines say once: that a server is away, and is tried again."""


def log_to(handler: logging.Handler) -> None:
    """Send our own log to a handler, and warnings of libraries as far as they can be shown."""
    handler.addFilter(OnlyTemplates())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(logging.INFO)
    for name in _ABOUT_CONNECTIONS:
        logging.getLogger(name).setLevel(logging.ERROR)


class OnlyTemplates(logging.Filter):
    """Shows of a library's log level, name and the text before any value is put into it.

    A driver's message can quote a row, and the error that it logs can print a document. What is
    shown is the text that stands as a constant in the library's own code; a text that was put
    together before it was logged is not shown. Each is shown once in a while.

    Our own lines are shown as they are, without the error that is logged with them.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing shown.

        clock: seconds from any start, never back.
        """
        super().__init__()
        self._clock = clock
        self._shown_at: dict[tuple[str, int, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is shown, and take out of it what is not."""
        record.exc_info = record.exc_text = record.stack_info = None
        if record.name == OURS or record.name.startswith(f"{OURS}."):
            return True
        text = record.msg if _is_constant(record) else _NOT_SHOWN
        now, key = self._clock(), (record.name, record.levelno, text)
        if now - self._shown_at.get(key, now - _AGAIN_S) < _AGAIN_S:
            return False
        self._shown_at[key] = now
        record.msg, record.args = f"{record.name}: {text}", ()
        return True


def _is_constant(record: logging.LogRecord) -> bool:
    """Tell whether a record's text stands as such in the code that has logged it."""
    frame = sys._getframe()  # noqa: SLF001 - the only way to the code that logs
    while frame is not None:
        if (frame.f_code.co_filename, frame.f_lineno) == (record.pathname, record.lineno):
            return _holds(frame.f_code, record.msg)
        frame = frame.f_back  # type: ignore[assignment]  # None ends the loop
    return False


def _holds(code: CodeType, text: object) -> bool:
    return isinstance(text, str) and any(
        text == constant for constant in code.co_consts if isinstance(constant, str)
    )
