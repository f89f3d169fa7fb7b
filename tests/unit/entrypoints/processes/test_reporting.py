"""What a reader reports to its parent, and when it ends."""

from __future__ import annotations

import logging
from collections.abc import Generator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from threading import Event, Thread
from typing import Any, NamedTuple

import pytest

from profiles.application.errors import PolicyChangedError, StoreError
from profiles.application.ports.metrics import Observation, Service
from profiles.domain.errors import ProfilesError, UsageError
from profiles.domain.tally import Tally
from profiles.entrypoints.addresses import read_stores
from profiles.entrypoints.composition.streaming import KafkaSettings, ProcessSettings
from profiles.entrypoints.processes import messages
from profiles.entrypoints.processes.messages import (
    Assignment,
    Broken,
    Ended,
    Failed,
    Observed,
    Said,
    Stop,
    Took,
    Turned,
)
from profiles.entrypoints.processes.reporting import (
    TURNED_S,
    Job,
    Parent,
    ReportedMetrics,
    serve,
)
from tests.support.patience import PATIENCE_S

PLANTED = "Ada Byron"
SETTINGS = ProcessSettings(
    kafka=KafkaSettings(address="k:9092", topic="t"),
    stores=read_stores(["mongodb://m:27017/db?replicaSet=rs0"]),
    group="g",
)


class Serving(NamedTuple):
    """A reader in a thread, seen from its parent; `left` once it would have ended its process."""

    connection: Connection[Any, Any]
    thread: Thread
    left: Event

    def reports(self) -> list[messages.Report]:
        """Return all that it has told, once it has ended."""
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()
        told = []
        while self.connection.poll():
            told.append(self.connection.recv())
        return told


def serving(job: Job) -> Serving:
    ours, its = Pipe()
    left = Event()

    def run() -> None:
        serve(its, job, leave=left.set, orphaned_s=0.0)

    thread = Thread(target=run)
    ours.send(Assignment(number=2, settings=SETTINGS, once=True, observes=False))
    thread.start()
    return Serving(ours, thread, left)


@pytest.fixture(autouse=True)
def log_put_back() -> Generator[None]:
    root = logging.getLogger()
    before = root.handlers, root.level, logging.getLogger("profiles").level
    yield
    root.handlers, level, own = before
    root.setLevel(level)
    logging.getLogger("profiles").setLevel(own)


def test_it_gets_its_assignment_and_tells_how_it_ended() -> None:
    assigned = []

    def job(assignment: Assignment, _parent: Parent, _stop: Event) -> bool:
        assigned.append(assignment)
        return True

    assert serving(job).reports() == [Ended(finished=True)]
    assert [(each.number, each.once, each.observes) for each in assigned] == [(2, True, False)]
    assert assigned[0].settings.stores == SETTINGS.stores


def test_it_ends_when_it_is_told_to() -> None:
    reader = serving(lambda _assignment, _parent, stop: not stop.wait(PATIENCE_S))
    reader.connection.send(Stop())

    assert reader.reports() == [Ended(finished=False)]
    assert not reader.left.is_set()


def test_it_ends_by_itself_when_its_parent_is_gone() -> None:
    reader = serving(lambda _assignment, _parent, stop: stop.wait(PATIENCE_S))
    reader.connection.close()

    reader.thread.join(PATIENCE_S)
    assert not reader.thread.is_alive()


def test_it_begins_nothing_where_its_parent_is_gone_already() -> None:
    ours, its = Pipe()
    ours.close()
    begun = Event()

    def job(_assignment: Assignment, _parent: Parent, _stop: Event) -> bool:
        begun.set()
        return True

    serve(its, job)

    assert not begun.is_set()


def test_without_a_parent_it_does_not_wait_for_a_job_that_does_not_end() -> None:
    released = Event()
    reader = serving(lambda _assignment, _parent, _stop: released.wait(PATIENCE_S))
    reader.connection.close()

    assert reader.left.wait(PATIENCE_S)
    released.set()
    reader.thread.join(PATIENCE_S)


@pytest.mark.parametrize(
    "error", [PolicyChangedError(), UsageError("Wrong."), StoreError("MongoDB", "no", "Mend it.")]
)
def test_an_error_of_ours_is_told_whole(error: ProfilesError) -> None:
    def job(_assignment: Assignment, _parent: Parent, _stop: Event) -> bool:
        raise error

    (broken,) = serving(job).reports()

    assert isinstance(broken, Broken)
    assert type(broken.error) is type(error)
    assert str(broken.error) == str(error)
    assert "in job" in "".join(broken.frames)


class OddError(UsageError):
    """An error that pickle can't rebuild."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


def test_of_an_error_that_can_not_be_sent_the_sentence_and_the_exit_code_are() -> None:
    def job(_assignment: Assignment, _parent: Parent, _stop: Event) -> bool:
        raise OddError("Name", "another.")

    (broken,) = serving(job).reports()

    assert isinstance(broken, Broken)
    assert type(broken.error) is UsageError
    assert str(broken.error) == "Name another."


def test_of_an_error_of_somebody_else_only_its_type_and_place_are_told() -> None:
    def job(_assignment: Assignment, _parent: Parent, _stop: Event) -> bool:
        raise KeyError(PLANTED)

    (broken,) = serving(job).reports()

    assert isinstance(broken, Broken)
    assert str(broken.error).startswith("profiles failed (KeyError).")
    assert PLANTED not in f"{broken!r}{broken.error}"


def test_its_log_is_told_without_values_of_libraries() -> None:
    def job(_assignment: Assignment, _parent: Parent, _stop: Event) -> bool:
        logging.getLogger("profiles.test").warning("Waiting for %s.", "MongoDB")
        logging.getLogger("driver").warning("Lost %s", PLANTED)
        return True

    assert serving(job).reports() == [
        Said(logging.WARNING, "profiles.test", "Waiting for MongoDB."),
        Said(logging.WARNING, "driver", "driver: Lost %s"),
        Ended(finished=True),
    ]


def test_metrics_are_reported_and_turns_only_now_and_then() -> None:
    ours, its = Pipe()
    now = 100.0
    metrics = ReportedMetrics(Parent(its), clock=lambda: now)
    observation = Observation(reachable={Service.LOG: True})

    for _ in range(3):
        metrics.turned()
    now += TURNED_S
    metrics.turned()
    metrics.took(0.5)
    metrics.failed(Service.LEDGER)
    metrics.observed(observation)
    metrics.counted(Tally(read=1, stored=1))
    metrics.produced(fetched=1, acknowledged=1, failed=0, reasons={})

    told = []
    while ours.poll():
        told.append(ours.recv())
    assert told == [
        *(Turned(), Turned(), Took(0.5), Failed(Service.LEDGER), Observed(observation)),
    ]
