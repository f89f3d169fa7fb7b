"""A claim: one process at a time works with a file."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has no such locks, so nobody is refused there
    fcntl = None  # type: ignore[assignment]  # looked at below


class ClaimedError(Exception):
    """Somebody else has the claim."""


@contextmanager
def claimed(path: Path) -> Generator[None]:
    """Have the claim for which an empty file stands; it ends with the process, however that ends.

    Raises:
        ClaimedError: somebody else has it.
        OSError: the file can't be made or opened.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ClaimedError from None
        yield
    finally:
        os.close(file)
