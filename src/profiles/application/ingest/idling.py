"""What is done now and then while a source is waited for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from threading import Event, Lock, Thread

from profiles.application.errors import MAY_PASS
from profiles.domain.errors import ProfilesError

_logger = logging.getLogger(__name__)


@contextmanager
def meanwhile(
    act: Callable[[], None], *, every_s: float
) -> Generator[AbstractContextManager[object]]:
    """Act now and then in a thread of its own, but never while the lock that is given is held.

    A failure that may pass is said, and it goes on. After any other nothing is done any more: what
    comes next from the source meets the same failure.
    """
    ended, working = Event(), Lock()

    def run() -> None:
        while not ended.wait(every_s):
            with working:
                try:
                    act()
                except MAY_PASS as failure:
                    _logger.warning("%s It is tried again.", failure)
                except ProfilesError as failure:
                    _logger.error("%s", failure)  # noqa: TRY400 - a traceback tells nobody more
                    return

    thread = Thread(target=run, name="while a source is waited for")
    thread.start()
    try:
        yield working
    finally:
        ended.set()
        thread.join()
