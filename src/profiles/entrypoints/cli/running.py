"""Running a command: what it logs, how its errors are told, and its exit code."""

from __future__ import annotations

import errno
import io
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Final

import click

from profiles.domain.errors import ProfilesError, UsageError
from profiles.entrypoints.cli.exits import DONE, FAILURE, USAGE
from profiles.entrypoints.cli.group import cli
from profiles.entrypoints.cli.logging_options import begin_logging, format_asked_for
from profiles.entrypoints.log_output import FRAMES, OURS, writes_json
from profiles.entrypoints.unexpected import (
    FramesElsewhereError,
    InterruptedAtOnceError,
    NoRoomError,
    UnexpectedError,
)

_YES: Final = frozenset({"1", "true", "yes", "on"})


def run_command(arguments: Sequence[str] | None = None) -> int:
    """Run a command of the command line; return its exit code."""
    _write_utf_8()
    given = sys.argv[1:] if arguments is None else arguments
    begin_logging(format_asked_for(given))
    debug = _wants_debug(given)
    try:
        code = cli.main(arguments, prog_name="profiles", standalone_mode=False)
    except click.exceptions.Abort as error:
        _show_error(str(InterruptedAtOnceError()), error, debug=debug)
        return FAILURE
    except click.ClickException as error:
        _show_usage(error)
        return USAGE
    except ProfilesError as error:
        _show_error(str(error), error, debug=debug)
        return USAGE if isinstance(error, UsageError) else FAILURE
    except Exception as error:  # noqa: BLE001 - its text can hold a person, so nothing else may show it
        full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
        told = NoRoomError() if full else UnexpectedError(type(error).__qualname__)
        _show_error(str(told), error, debug=debug)
        return FAILURE
    return code if isinstance(code, int) else DONE  # of `Context.exit`


def _show_error(text: str, error: BaseException, *, debug: bool) -> None:
    """Say what went wrong, and with `debug` where, but never an error's own text."""
    cause = error.__cause__
    frames = [
        *(cause.frames if isinstance(cause, FramesElsewhereError) else ()),
        *traceback.format_tb(error.__traceback__),
        f"{type(error).__qualname__}\n",
    ]
    if writes_json():
        more = {FRAMES: [line.rstrip("\n") for line in frames]} if debug else {}
        logging.getLogger(OURS).error("%s", text, extra=more)
        return
    sys.stderr.write(f"Error: {text}\n")
    if debug:
        sys.stderr.writelines(frames)


def _show_usage(error: click.ClickException) -> None:
    if writes_json():
        logging.getLogger(OURS).error("%s", error.format_message())
    else:
        error.show(sys.stderr)


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
