"""The folder of a demonstration: gone when it ends, and, where it was killed, at the next start."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_PREFIX: Final = "profiles-demo-"
_NAME: Final = re.compile(rf"{_PREFIX}(\d+)-\w+")


@contextmanager
def temporary_folder(parent: Path | None = None) -> Generator[Path]:
    """Make a folder for persons whom nobody keeps; delete those that killed processes have left.

    A killed process can't clean up, and its log has full dates of birth. Its number is in the name
    of its folder, which tells who is still running.

    parent: where; None for the system's folder of temporary files.
    """
    where = Path(tempfile.gettempdir()) if parent is None else parent
    for left in _abandoned(where):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", dir=where) as made:
        yield Path(made)


def _abandoned(where: Path) -> Iterator[Path]:
    """Yield the folders of our own user whose process is gone."""
    for folder in where.glob(f"{_PREFIX}*"):
        named = _NAME.fullmatch(folder.name)
        if (
            named
            and not folder.is_symlink()
            and _is_ours(folder)
            and not _is_running(int(named[1]))
        ):
            yield folder


def _is_ours(folder: Path) -> bool:
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()


def _is_running(process: int) -> bool:
    if os.name == "nt":
        return True  # there is no asking there: the signal would be sent
    try:
        os.kill(process, 0)  # asks only
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # somebody else's
        return True
    return True
