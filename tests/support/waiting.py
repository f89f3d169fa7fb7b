"""Waiting for what another thread, process or server does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from tests.support.patience import PATIENCE_S

LOOK_AGAIN_S: Final = 0.003


def until(
    reached: Callable[[], bool], *, said: Callable[[], str] = lambda: "nothing has come of it"
) -> None:
    """Wait, looking all the time, until something is reached; else fail with what is `said`."""
    deadline = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < deadline, said()
        time.sleep(LOOK_AGAIN_S)
