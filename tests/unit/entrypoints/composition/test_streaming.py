"""A stream of `produce` waits for a Kafka that is away, and a run that is to end does not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from profiles.adapters.kafka import Topics
from profiles.application.errors import LogError
from profiles.entrypoints.composition.streaming import KafkaSettings, producing
from profiles.entrypoints.composition.waiting import StoppedError
from tests.support.cluster_site import until

NOWHERE = KafkaSettings(address="127.0.0.1:1", topic="t", partitions=1)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two minutes be over at once."""
    for method, name in ((Topics.ensure, "within_s"), (Topics.__init__, "request_s")):
        defaults = method.__kwdefaults__
        assert defaults is not None
        monkeypatch.setitem(defaults, name, 0.1)


def start(*, once: bool, stop: Event) -> None:
    with producing(NOWHERE, once=once, stop=stop):
        raise AssertionError


@pytest.mark.usefixtures("impatient")
def test_a_stream_waits_until_it_is_stopped(caplog: pytest.LogCaptureFixture) -> None:
    stop = Event()
    with ThreadPoolExecutor(1) as threads:
        starting = threads.submit(start, once=False, stop=stop)
        until(lambda: caplog.text.count("The job waits to start") > 1 or starting.done())
        stop.set()

        assert isinstance(starting.exception(), StoppedError)


@pytest.mark.usefixtures("impatient")
def test_a_run_that_is_to_end_gives_up() -> None:
    with pytest.raises(LogError):
        start(once=True, stop=Event())


@pytest.mark.usefixtures("impatient")
def test_a_run_that_is_stopped_meanwhile_does_not_blame_kafka() -> None:
    stop = Event()
    stop.set()

    with pytest.raises(StoppedError):
        start(once=True, stop=stop)
