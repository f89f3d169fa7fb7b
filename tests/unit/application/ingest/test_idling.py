"""What is done while a source is waited for."""

from __future__ import annotations

from threading import Event

import pytest

from profiles.application.errors import LedgerError, StoreError
from profiles.application.ingest.idling import meanwhile
from tests.support.patience import PATIENCE_S


def test_it_is_done_again_and_again_until_the_end() -> None:
    done: list[int] = []
    often = Event()

    def act() -> None:
        done.append(1)
        if len(done) > 2:
            often.set()

    with meanwhile(act, every_s=0.0):
        assert often.wait(PATIENCE_S)
    at_the_end = len(done)

    assert len(done) == at_the_end


def test_it_is_not_done_while_there_is_something_else_to_do() -> None:
    begun = Event()
    order: list[str] = []

    def act() -> None:
        order.append("idle")
        begun.set()

    with meanwhile(act, every_s=0.0) as working:
        with working:
            order.append("working")
            begun.clear()
            order.append("done")
        assert begun.wait(PATIENCE_S)

    place = order.index("working")
    assert order[place : place + 2] == ["working", "done"]


def test_a_failure_that_may_pass_is_told_and_it_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    again = Event()
    failures = iter([StoreError("The store", "it is locked", "Wait.")])

    def act() -> None:
        for failure in failures:
            raise failure
        again.set()

    with meanwhile(act, every_s=0.0):
        assert again.wait(PATIENCE_S)

    assert caplog.messages == ["The store: it is locked. Wait. It is tried again."]


def test_after_a_failure_that_does_not_pass_nothing_is_done_any_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failed = Event()
    calls: list[int] = []

    def act() -> None:
        calls.append(1)
        failed.set()
        raise LedgerError("ledger", "is missing", "Restore it.")

    with meanwhile(act, every_s=0.0):
        assert failed.wait(PATIENCE_S)

    assert calls == [1]
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("The erasure ledger ledger is missing.")
