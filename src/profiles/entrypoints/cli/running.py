"""Running a command: what it logs, how its errors are told, and its exit code."""

from __future__ import annotations

import io
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Final

import click
from rich.logging import RichHandler

from profiles.domain.errors import ProfilesError, UsageError
from profiles.entrypoints.cli.exits import DONE, FAILURE, USAGE
from profiles.entrypoints.cli.group import cli
from profiles.entrypoints.cli.output import console
from profiles.entrypoints.log_output import log_to

_YES: Final = frozenset({"1", "true", "yes", "on"})


def run_command(arguments: Sequence[str] | None = None) -> int:
    """Run a command of the command line; return its exit code."""
    _write_utf_8()
    log_to(_log_handler())
    debug = _wants_debug(sys.argv[1:] if arguments is None else arguments)
    try:
        code = cli.main(arguments, prog_name="profiles", standalone_mode=False)
    except click.exceptions.Abort:
        return FAILURE
    except click.ClickException as error:
        error.show(sys.stderr)
        return USAGE
    except ProfilesError as error:
        sys.stderr.write(f"Error: {error}\n")
        _show_frames(error, debug=debug)
        return USAGE if isinstance(error, UsageError) else FAILURE
    except Exception as error:  # noqa: BLE001 - its text can hold a person, so nothing else may show it
        name = type(error).__qualname__
        sys.stderr.write(
            f"Error: profiles failed ({name}). What was accepted is kept. Please report it with"
            " what --debug shows; it holds no values.\n"
        )
        _show_frames(error, debug=debug)
        return FAILURE
    return code if isinstance(code, int) else DONE  # of `Context.exit`


def _show_frames(error: BaseException, *, debug: bool) -> None:
    if debug:
        sys.stderr.writelines(traceback.format_tb(error.__traceback__))
        sys.stderr.write(f"{type(error).__qualname__}\n")


def _log_handler() -> logging.Handler:
    """Write for people on a terminal; elsewhere each record is one line, however long it is."""
    terminal = console()
    if terminal.is_terminal:
        return RichHandler(console=terminal, show_path=False, markup=False, rich_tracebacks=False)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    return handler


def _write_utf_8() -> None:
    """Write UTF-8 whatever the locale or PYTHONIOENCODING says: JSON has no other encoding.

    What UTF-8 can't hold, such as a file's name of other bytes, is written as an escape that is
    one in JSON as well.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _wants_debug(arguments: Sequence[str]) -> bool:
    """Tell whether frames are to be shown, by the option or by `PROFILES_DEBUG`."""
    return "--debug" in arguments or os.environ.get("PROFILES_DEBUG", "").lower() in _YES
