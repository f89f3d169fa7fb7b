"""What a command for a request says at the first Ctrl-C."""

from __future__ import annotations

import signal
from io import StringIO

from rich.console import Console

from profiles.entrypoints.cli.stopping import ENDS_SOON, stoppable_request


def test_the_first_signal_is_answered_with_one_sentence() -> None:
    written = StringIO()

    with stoppable_request(Console(file=written, soft_wrap=True)) as stop:
        assert not stop.is_set()
        signal.raise_signal(signal.SIGTERM)

    assert stop.is_set()
    assert written.getvalue() == f"{ENDS_SOON}\n"


def test_nothing_is_said_where_nobody_asks() -> None:
    written = StringIO()

    with stoppable_request(Console(file=written)) as stop:
        pass

    assert not stop.is_set()
    assert written.getvalue() == ""
