"""What values are written as, each worked out once: for stores whose rows share many values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


class Written(dict[Value, bytes]):
    """What the values of a column are written as. A dict, because nothing is looked up faster.

    Threads may share it.
    """

    def __init__(self, write: Callable[[Value], bytes], *, limit: int) -> None:
        """Begin empty.

        write: writes a value. limit: how many are kept; with more it begins anew.
        """
        super().__init__()
        self._write = write
        self._limit = limit

    def __missing__(self, value: Value) -> bytes:
        """Write a value for the first time."""
        if len(self) >= self._limit:
            self.clear()
        written = self[value] = self._write(value)
        return written

    def __repr__(self) -> str:
        """Show no value: a repr ends up in logs and tracebacks."""
        return f"Written({len(self)} values)"
