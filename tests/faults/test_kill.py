"""A run that is killed at any moment and started again ends as one that was never disturbed."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from profiles.adapters.sqlite import SqliteDecidingStore
from profiles.application.errors import StoreError
from profiles.domain.errors import UsageError
from profiles.domain.statistics import Statistics
from profiles.domain.tally import Tally
from tests.support.embedded_jobs import (
    Job,
    State,
    delivered,
    ended,
    expected,
    reader,
    summed,
    write_population,
)
from tests.support.patience import PATIENCE_S

PERSONS = 20_000
"""Three deliveries, each a transaction."""
KILLS_EACH = 5
ATTEMPTS = 9
FAILURE = 1


class Population(NamedTuple):
    """A file, what a clean run of it leaves, and how long that takes, in seconds."""

    path: Path
    clean: State
    seconds: float


@pytest.fixture(scope="module")
def population(tmp_path_factory: pytest.TempPathFactory) -> Population:
    folder = tmp_path_factory.mktemp("clean")
    path = folder / "persons.jsonl"
    write_population(path, limit=PERSONS)
    job = Job(path, folder)
    began = time.monotonic()
    tally = job.finish()
    seconds = time.monotonic() - began
    clean = job.state()
    assert summed(tally) == clean.counts
    return Population(path, clean, seconds)


def wait_until(reached: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait, looking all the time, until something is reached or the process has ended."""
    deadline = time.monotonic() + PATIENCE_S
    while not reached() and process.poll() is None:
        assert time.monotonic() < deadline, "nothing has come of it"


class Killed(NamedTuple):
    """Whether a process was still running when it was killed, and whether it had its tally out."""

    running: bool
    told: bool


def kill(process: subprocess.Popen[bytes]) -> Killed:
    process.kill()
    output, _ = process.communicate()
    return Killed(process.returncode == -signal.SIGKILL, output.endswith(b"}\n"))


def died(process: subprocess.Popen[bytes]) -> None:
    """Wait until a process has killed itself."""
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == -signal.SIGKILL


def size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def growth(path: Path, times: int) -> Callable[[], bool]:
    """Tell whether a file has been seen to grow so many times."""
    last, seen = size(path), 0

    def grown() -> bool:
        nonlocal last, seen
        now = size(path)
        seen += now > last
        last = now
        return seen >= times

    return grown


def test_a_clean_run_leaves_what_the_domain_says(population: Population) -> None:
    assert population.clean == expected(delivered(population.path))
    assert population.clean.counts.read > PERSONS * 0.99
    assert population.clean.counts.withheld
    assert population.clean.counts.rejected


def assert_sound(job: Job) -> None:
    """What a killed process has left is whole: every count fits what is held."""
    state_of_store = SqliteDecidingStore.open(job.store)
    try:
        held = [profile for profile, _ in state_of_store.profiles()]
        assert state_of_store.statistics() == Statistics.recount(held)
        state_of_store.counts().check()
    finally:
        state_of_store.close()


def is_complete(job: Job, copy: Path) -> bool:
    """Tell whether a killed process had come to its end: the file counts as read to its end.

    It looks at a copy, so that the next process finds everything as the killed one left it.
    """
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(job.folder, copy)
    found = Job(job.source, copy)
    if not found.store.is_file() or not found.log.is_file():
        return False
    assert_sound(found)
    return found.is_through()


def moments(seed: int, seconds: float, job: Job) -> Iterator[Callable[[], bool]]:
    """Draw when to kill: sometimes after a time, sometimes when a file has just been written to."""
    draws = random.Random(seed)
    written = [job.store, job.log, job.folder / "profiles.db-wal", job.folder / "log.sqlite-wal"]
    while True:
        if draws.random() < 0.5:
            moment = time.monotonic() + draws.uniform(0.0, 1.2) * seconds
            yield partial(has_come, moment)
        else:
            yield growth(draws.choice(written), draws.randint(1, 6))


def has_come(moment: float) -> bool:
    return time.monotonic() >= moment


def kill_until_complete(job: Job, waits: Iterator[Callable[[], bool]], copy: Path) -> int:
    """Start a job and kill it, again and again, until it is through; return how many died."""
    kills = 0
    while True:
        wait = next(waits)
        process = job.start()
        wait_until(wait, process)
        killed = kill(process)
        if not killed.running:
            assert process.returncode == 0
            return kills
        kills += 1
        if is_complete(job, copy):
            assert killed.told, "A source counts as read only after the tally was printed."
            return kills


@pytest.mark.parametrize("seed", range(5))
def test_killed_at_many_moments_it_ends_as_a_clean_run(
    population: Population, tmp_path: Path, seed: int
) -> None:
    kills = 0
    for attempt in count():
        folder = tmp_path / str(attempt)
        folder.mkdir()
        job = Job(population.path, folder)
        waits = moments(1_000 * seed + attempt, population.seconds, job)
        kills += kill_until_complete(job, waits, tmp_path / "copy")

        assert job.state() == population.clean
        if kills >= KILLS_EACH:
            return


def started(population: Population, folder: Path) -> Iterator[tuple[Job, subprocess.Popen[bytes]]]:
    """Start a job and wait until it is in the middle; again where it was through too soon."""
    for attempt in range(ATTEMPTS):
        (folder / f"{attempt}").mkdir()
        job = Job(population.path, folder / f"{attempt}")
        process = job.start()
        wait_until(growth(job.folder / "log.sqlite-wal", 2), process)
        yield job, process


def killed_in_the_middle(population: Population, folder: Path) -> Job:
    for job, process in started(population, folder):
        kill(process)
        if not is_complete(job, folder / "copy"):
            return job
    pytest.fail("It was through before it could be killed, every time.")


def stopped_in_the_middle(
    population: Population, folder: Path, number: signal.Signals
) -> tuple[Job, Tally]:
    for job, process in started(population, folder):
        process.send_signal(number)
        if process.wait(PATIENCE_S):
            return job, ended(process, code=FAILURE)
        process.communicate()
    pytest.fail("It was through before it could be stopped, every time.")


def test_of_two_runs_at_once_the_second_is_refused_until_the_first_is_gone(
    population: Population, tmp_path: Path
) -> None:
    growing = tmp_path / "growing.jsonl"
    lines = population.path.read_bytes().split(b"\n")[:100]
    growing.write_bytes(b"\n".join(lines) + b"\n")
    job = Job(growing, tmp_path)
    first = job.start(once=False)
    wait_until(lambda: job.store.is_file() and read_so_far(job) == 100, first)

    second = job.start()
    output, errors = second.communicate(timeout=PATIENCE_S)

    assert second.returncode == FAILURE
    assert Tally(**json.loads(output)) == Tally()
    assert errors.decode().splitlines()[-1] == (
        f"Error: {job.log}: another `profiles run`, `profiles demo`, `profiles rectify` or"
        " `profiles quarantine --retry` works with it. Wait until that has ended, or stop it; this"
        " one has changed nothing. Two sources at once need a log each: name another folder with"
        " --data."
    )
    kill(first)
    assert job.finish().read == 0
    assert job.state() == expected([lines])


AFTER_ONE_DELIVERY = """
from profiles.adapters.sqlite import SqliteDecidingStore
SqliteDecidingStore.apply = kill
"""


def test_a_file_rewritten_in_place_after_a_kill_loses_nobody(
    population: Population, tmp_path: Path
) -> None:
    path, others = tmp_path / "persons.jsonl", tmp_path / "others.jsonl"
    shutil.copyfile(population.path, path)
    write_population(others, limit=PERSONS, seed=4)
    job = Job(path, tmp_path)
    died(job.start(killed_at=AFTER_ONE_DELIVERY))
    path.write_bytes(others.read_bytes())

    process = job.start()
    _, errors = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0, errors.decode()
    told = [line for line in errors.decode().splitlines() if "is not the file any more" in line]
    assert len(told) == 1
    held = job.state().profiles
    anew = expected(delivered(others)).profiles
    assert {person: held[person][0] for person in anew} == {p: row for p, (row, _) in anew.items()}


BEFORE_THE_TALLY = """
from profiles.entrypoints.cli import output
output.print_tally = kill
"""
AFTER_THE_TALLY = """
from profiles.adapters.sqlite import SqliteLog
SqliteLog.finish = kill
"""
BEFORE_THE_COMMIT = """
from profiles.adapters.sqlite import SqliteLog
finish = SqliteLog.finish
def killed(log, source):
    log._connection.set_trace_callback(lambda statement: statement == "COMMIT" and kill())
    finish(log, source)
SqliteLog.finish = killed
"""


@pytest.mark.parametrize("point", [BEFORE_THE_TALLY, AFTER_THE_TALLY, BEFORE_THE_COMMIT])
def test_killed_when_all_of_a_file_is_in_the_store_it_is_not_counted_again(
    population: Population, tmp_path: Path, point: str
) -> None:
    job = Job(population.path, tmp_path)
    died(job.start(killed_at=point))
    assert not is_complete(job, tmp_path / "copy")

    rest = job.finish()

    assert rest.read == 0
    assert job.state() == population.clean


def test_killed_again_and_again_while_another_process_reads(
    population: Population, tmp_path: Path
) -> None:
    job = killed_in_the_middle(population, tmp_path)

    with reader(job.store) as reading:
        waits = moments(99, population.seconds, job)
        kill_until_complete(job, waits, tmp_path / "copy")
        output, errors = reading.communicate(timeout=PATIENCE_S)

    assert reading.returncode == 0, errors.decode()
    reads, total = map(int, output.split())
    assert reads > 0
    assert total == population.clean.statistics.total
    assert job.state() == population.clean


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_stopped_in_the_middle_of_a_file_it_says_so_and_goes_on_there(
    population: Population, tmp_path: Path, number: signal.Signals
) -> None:
    job, first = stopped_in_the_middle(population, tmp_path, number)
    rest = job.finish()

    assert 0 < first.read < population.clean.counts.read
    assert summed(first + rest) == population.clean.counts
    assert job.state() == population.clean


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_stopped_while_it_waits_for_more_it_ends_well_and_goes_on_with_what_comes(
    population: Population, tmp_path: Path, number: signal.Signals
) -> None:
    growing = tmp_path / "growing.jsonl"
    lines = population.path.read_bytes().split(b"\n")
    growing.write_bytes(b"\n".join(lines[:100]) + b"\n")
    job = Job(growing, tmp_path)

    process = job.start(once=False)
    wait_until(lambda: job.store.is_file() and read_so_far(job) == 100, process)
    process.send_signal(number)
    first = ended(process)
    with growing.open("ab") as file:
        file.write(b"\n".join(lines[100:150]) + b"\n")
    second = job.finish()

    assert (first.read, second.read) == (100, 50)
    assert job.state() == expected([lines[:100], lines[100:150]])


def read_so_far(job: Job) -> int:
    try:
        store = SqliteDecidingStore.open(job.store, create=False)
    except (UsageError, StoreError):  # it is just being made
        return 0
    with closing(store):
        return store.counts().read
