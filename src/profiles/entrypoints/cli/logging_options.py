"""How standard error is written: as the option, its variable or the configuration file says."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from rich.logging import RichHandler

from profiles.domain.errors import UsageError
from profiles.entrypoints.cli.output import console
from profiles.entrypoints.log_output import LogFormat, json_handler, log_to

SETTING: Final = "log_format"
"""The name of the setting in the configuration file."""
_OPTION: Final = "--log-format"
_VARIABLE: Final = "PROFILES_LOG_FORMAT"


def format_asked_for(
    arguments: Sequence[str], environment: Mapping[str, str] = os.environ
) -> LogFormat:
    """Find out what is asked for, before anything is parsed: an error of usage is written so, too.

    A word that is no format is reported by whoever parses it.
    """
    begin = f"{_OPTION}="
    words = [word.removeprefix(begin) for word in arguments if word.startswith(begin)]
    words += [after for before, after in pairwise(arguments) if before == _OPTION]
    asked = words[0] if words else environment.get(_VARIABLE, "")
    return LogFormat.JSON if asked == LogFormat.JSON.value else LogFormat.TEXT


def configured_format(value: object) -> LogFormat:
    """Read what a configuration file says.

    Raises:
        UsageError: it is no format.
    """
    try:
        return LogFormat(value)
    except ValueError:
        known = " or ".join(f'"{each.value}"' for each in LogFormat)
        raise UsageError(f"log-format of the configuration file is {known}.") from None


def begin_logging(log_format: LogFormat) -> None:
    """Write standard error in a format from now on."""
    log_to(json_handler() if log_format is LogFormat.JSON else _text_handler())


def _text_handler() -> logging.Handler:
    """Write for people on a terminal; elsewhere each record is one line, however long it is."""
    logging.getLogger().handlers = []  # the terminal is asked for as it is, and not as it was
    terminal = console()
    if terminal.is_terminal:
        return RichHandler(console=terminal, show_path=False, markup=False, rich_tracebacks=False)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    return handler
