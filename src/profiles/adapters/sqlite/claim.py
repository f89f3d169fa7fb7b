"""A claim: one process at a time works with a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl


class ClaimedError(Exception):
    """Somebody else has the claim."""


@contextmanager
def claimed(path: Path) -> Generator[None]:
    """Have a claim, for which there is an empty, locked file meanwhile.

    The lock ends with the process, however that ends; a file that a killed one has left claims
    nothing.

    Raises:
        ClaimedError: somebody else has it.
        OSError: the file can't be made or opened.
    """
    if sys.platform == "win32":  # it has no such locks, so nobody is refused there
        yield
        return
    file = _locked(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(file)


def _locked(path: Path) -> int:
    """Make or open a file, and lock it; return its descriptor."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as failure:
            os.close(file)
            if isinstance(failure, BlockingIOError):
                raise ClaimedError from None
            raise
        if _is_there(path, file):
            return file
        os.close(file)  # whoever had it has deleted it in between


def _is_there(path: Path, file: int) -> bool:
    """Tell whether an open file is still the one of that name."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False
