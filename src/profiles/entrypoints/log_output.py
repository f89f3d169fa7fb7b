"""What is logged to standard error: our own lines, and of libraries only what can hold no value."""

from __future__ import annotations

import io
import logging
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from types import CodeType
from typing import Any, Final, TextIO

from pythonjsonlogger.json import JsonFormatter

OURS: Final = "profiles"

_AGAIN_S: Final = 30.0
_NOT_SHOWN: Final = "(its text is not shown: it may hold values of a person)"
_ABOUT_CONNECTIONS: Final = ("cassandra.cluster", "cassandra.connection", "cassandra.pool")
"""Loggers of what our own lines say once: that a server is away, and is tried again."""


FRAMES: Final = "frames"
"""What our own record of an error may have besides: where it came from."""
READER: Final = "reader"
"""What our own record may have besides: the number of the process that it is of, if of several."""


class LogFormat(Enum):
    """How standard error is written."""

    TEXT = "text"
    JSON = "json"
    """One object a line."""


class _OnlyOurFields(JsonFormatter):
    """Writes a record as an object of JSON, without what a library has added to it."""

    def add_fields(
        self,
        log_data: dict[str, Any],
        record: logging.LogRecord,
        message_dict: dict[str, Any],  # noqa: ARG002 - of a library that logs no text
    ) -> None:
        """Take of a record what can hold no value."""
        log_data["time"] = datetime.fromtimestamp(record.created, tz=UTC)
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        log_data["message"] = record.message
        if not _is_ours(record):
            return
        for name in (READER, FRAMES):
            if (value := getattr(record, name, None)) is not None:
                log_data[name] = value


def json_handler(stream: TextIO | None = None) -> logging.Handler:
    """Return a handler that writes one object of JSON a line.

    stream: standard error, unless it says otherwise.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_OnlyOurFields(json_ensure_ascii=False))
    return handler


def writes_json() -> bool:
    """Tell whether the log is written as JSON now."""
    return any(isinstance(h.formatter, _OnlyOurFields) for h in logging.getLogger().handlers)


class LoggedLines(io.TextIOBase):
    """A file whose lines are logged: for what is written to standard error beside the log."""

    def __init__(self, logger: logging.Logger) -> None:
        """Log to a logger, at the level of information."""
        super().__init__()
        self._logger = logger
        self._begun = ""

    def writable(self) -> bool:
        """Tell that it can be written to."""
        return True

    def write(self, text: str, /) -> int:
        """Log each line that is whole by now, and that says something."""
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            if line.strip():
                self._logger.info("%s", line.rstrip())
        return len(text)


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
        if _is_ours(record):
            return True
        text = record.msg if _is_constant(record) else _NOT_SHOWN
        now, key = self._clock(), (record.name, record.levelno, text)
        if now - self._shown_at.get(key, now - _AGAIN_S) < _AGAIN_S:
            return False
        self._shown_at[key] = now
        record.msg, record.args = f"{record.name}: {text}", ()
        return True


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name == OURS or record.name.startswith(f"{OURS}.")


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
