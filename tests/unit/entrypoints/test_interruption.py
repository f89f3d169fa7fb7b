"""Ctrl-C and SIGTERM: the first asks, the next has its effect."""

from __future__ import annotations

import signal
from collections.abc import Generator
from threading import Event

import pytest

from profiles.entrypoints.interruption import stoppable

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture(autouse=True)
def usual_effect() -> Generator[None]:
    """Let Ctrl-C interrupt, also where the tests run in the background, where it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_asks_the_job_to_end(number: signal.Signals) -> None:
    stop = Event()

    with stoppable(stop):
        signal.raise_signal(number)

    assert stop.is_set()


def test_whoever_waits_is_told_once_that_it_ends_soon() -> None:
    told: list[str] = []

    with stoppable(Event(), Event(), asked=lambda: told.append("soon")):
        assert told == []
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    assert told == ["soon"]


def test_the_second_signal_has_its_usual_effect() -> None:
    with stoppable(Event()):
        signal.raise_signal(signal.SIGTERM)

        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_job_that_has_to_count_hears_the_second_one_too(number: signal.Signals) -> None:
    stop, hurry = Event(), Event()

    with stoppable(stop, hurry):
        signal.raise_signal(number)
        assert (stop.is_set(), hurry.is_set()) == (True, False)
        signal.raise_signal(number)
        assert hurry.is_set()

        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_signals_that_a_library_has_taken_for_itself_are_taken_back() -> None:
    stop = Event()

    with stoppable(stop) as take_back:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        take_back()
        signal.raise_signal(signal.SIGINT)

        assert stop.is_set()


def test_what_was_asked_for_already_is_not_asked_for_again() -> None:
    with stoppable(Event()) as take_back:
        signal.raise_signal(signal.SIGTERM)
        take_back()

        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_afterwards_signals_are_what_they_were() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]

    with stoppable(Event(), Event()):
        pass

    assert [signal.getsignal(number) for number in SIGNALS] == before
