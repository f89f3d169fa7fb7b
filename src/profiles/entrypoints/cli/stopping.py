"""Ctrl-C where a command does something for a request: it ends where nothing is half done."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from threading import Event
from typing import Final

from rich.console import Console

from profiles.entrypoints.interruption import stoppable

ENDS_SOON: Final = (
    "Stopping once what is at hand is done. The same command completes the rest; Ctrl-C once more"
    " ends it at once."
)


@contextmanager
def stoppable_request(shown: Console) -> Generator[Event]:
    """Yield an event that the first Ctrl-C or SIGTERM sets, and say then what happens.

    shown: where that is said.
    """
    stop = Event()
    with stoppable(stop, asked=partial(shown.print, ENDS_SOON)):
        yield stop
