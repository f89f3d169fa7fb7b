"""A file that is given with a request, or standard input in its place."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from profiles.domain.errors import UsageError

_STANDARD_INPUT: Final = "-"


def standard_input_or(file: Path) -> str:
    """Return what a sentence calls a file."""
    return "Standard input" if str(file) == _STANDARD_INPUT else str(file)


def read_given(file: Path) -> bytes:
    """Return what a file holds, or, for `-`, what standard input gives.

    Raises:
        UsageError: it can't be read.
    """
    try:
        return sys.stdin.buffer.read() if str(file) == _STANDARD_INPUT else file.read_bytes()
    except OSError as failure:
        raise UsageError(
            f"{standard_input_or(file)} can't be read ({failure.strerror}); name another file."
        ) from None
