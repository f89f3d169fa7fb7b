"""What a parent makes of its readers, which are real processes here that do next to nothing."""

from __future__ import annotations

import copy
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any, cast

import pytest

from profiles.adapters.memory import MemoryMetrics
from profiles.application.errors import PolicyChangedError
from profiles.application.ports.metrics import Observation, Service
from profiles.domain.errors import ProfilesError
from profiles.domain.tally import Tally
from profiles.entrypoints.composition.streaming import ProcessSettings
from profiles.entrypoints.composition.waiting import StoppedError
from profiles.entrypoints.processes.count import ProcessCount
from profiles.entrypoints.processes.supervision import ReaderLostError, Readers
from profiles.entrypoints.unexpected import FramesElsewhereError
from tests.support.patience import PATIENCE_S
from tests.support.waiting import until

KILLS = 2
ONE = Tally(read=1, stored=1)

READER = """
import logging, os, signal, sys
from multiprocessing.connection import Connection
from pathlib import Path
from profiles.application.errors import PolicyChangedError
from profiles.application.ports.metrics import Observation, Service
from profiles.domain.tally import Tally
from profiles.entrypoints.processes.messages import *
from profiles.entrypoints.processes.reporting import serve

def note(assignment, what):
    with Path(assignment.settings).open("a") as file:
        file.write(f"{{what}} {{assignment.number}}\\n")

def lives(assignment, what):
    return Path(assignment.settings).read_text().count(f"{{what}} {{assignment.number}}\\n")

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def job(assignment, parent, stop):
    note(assignment, "started")
{job}

serve(Connection(int(sys.argv[1])), job)
"""
"""A reader; its settings are nothing but the name of a file into which all of them write."""


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return tmp_path / "notes"


@pytest.fixture
def readers(notes: Path) -> Callable[..., Readers]:
    def make(job: str, *, count: int = 2, **more: Any) -> Readers:  # noqa: ANN401 - what a test wants
        program = READER.format(job=textwrap.indent(textwrap.dedent(job), "    "))
        return Readers(
            settings=cast("ProcessSettings", str(notes)),
            count=ProcessCount(count),
            program=(sys.executable, "-c", program),
            first_pause_s=0.01,
            most_kills=KILLS,
            **more,
        )

    return make


def run(job: Readers, *, once: bool = False, stop: Event) -> bool:
    with job.opened(once=once, stop=stop) as opened:
        return opened.run(once=once, stop=stop)


def gone(pid: int) -> bool:
    """Tell whether a process has ended; one that nobody has waited for has, too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


COUNT_ONE = """
    parent.tell(Opened(2))
    parent.tell(Counted(Tally(read=1, stored=1)))
    return True
"""


def test_what_all_readers_report_is_one_tally(readers: Callable[..., Readers]) -> None:
    shown: list[Tally] = []
    metrics = MemoryMetrics()
    job = readers(COUNT_ONE, progress=shown.append, metrics=metrics)

    assert run(job, once=True, stop=Event())

    assert job.tally == ONE + ONE
    assert shown == [ONE, ONE]
    assert metrics.tally == ONE + ONE


def test_the_others_start_when_the_first_has_opened_everything(
    readers: Callable[..., Readers], notes: Path
) -> None:
    job = readers(
        """
        note(assignment, "opened")
        parent.tell(Opened(4))
        return True
        """
    )

    run(job, once=True, stop=Event())

    assert notes.read_text().split("\n")[:3] == ["started 1", "opened 1", "started 2"]


def test_no_more_are_started_than_there_are_partitions(
    readers: Callable[..., Readers], notes: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job = readers(COUNT_ONE, count=9)

    run(job, once=True, stop=Event())

    assert notes.read_text().count("started") == 2
    assert caplog.messages == [
        "The topic has 2 partitions, and each is read by one process: 2 are started instead of 9."
    ]


def test_that_auto_finds_fewer_partitions_is_no_surprise(
    readers: Callable[..., Readers], notes: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job = readers(COUNT_ONE)
    job.count = ProcessCount(9, auto=True)

    run(job, once=True, stop=Event())

    assert notes.read_text().count("started") == 2
    assert caplog.messages == []


def test_a_killed_reader_is_started_again_and_what_it_reported_counts(
    readers: Callable[..., Readers], caplog: pytest.LogCaptureFixture
) -> None:
    job = readers(
        """
        parent.tell(Opened(4))
        parent.tell(Counted(Tally(read=1, stored=1)))
        if assignment.number == 2 and lives(assignment, "started") == 1:
            kill()
        return True
        """
    )

    assert run(job, once=True, stop=Event())

    assert job.tally == ONE + ONE + ONE
    (line,) = caplog.messages
    assert line == (
        "Reader 2 was killed (SIGKILL). It is started again in 0.01 s; what it was at is read"
        " again, and nothing is stored twice or left out."
    )


def test_one_that_ends_without_a_word_is_started_again_as_well(
    readers: Callable[..., Readers], caplog: pytest.LogCaptureFixture
) -> None:
    job = readers(
        """
        if lives(assignment, "started") == 1:
            os._exit(7)
        parent.tell(Opened(1))
        return True
        """
    )

    assert run(job, once=True, stop=Event())
    assert "Reader 1 ended with exit code 7 and did not say why." in caplog.text


def test_a_reader_that_is_killed_in_vain_again_and_again_ends_all_of_them(
    readers: Callable[..., Readers], notes: Path
) -> None:
    job = readers(
        """
        parent.tell(Opened(4))
        if assignment.number == 1:
            return not stop.wait(600)
        kill()
        """
    )

    with pytest.raises(ReaderLostError, match=r"Reader 2 was killed \(SIGKILL\), 2 times in a row"):
        run(job, stop=Event())

    assert notes.read_text().count("started 2") == KILLS
    assert job.processes == set()


def test_kills_between_which_it_takes_something_in_are_not_in_a_row(
    readers: Callable[..., Readers],
) -> None:
    job = readers(
        f"""
        parent.tell(Opened(1))
        parent.tell(Counted(Tally(read=1, stored=1)))
        if lives(assignment, "started") <= {KILLS}:
            kill()
        return True
        """
    )

    assert run(job, once=True, stop=Event())
    assert job.tally.read == KILLS + 1


def test_an_error_that_will_not_pass_ends_all_of_them_and_is_told_once(
    readers: Callable[..., Readers],
) -> None:
    job = readers(
        """
        parent.tell(Opened(4))
        if assignment.number == 1:
            stop.wait(600)
            parent.tell(Counted(Tally(read=1, stored=1)))
        raise PolicyChangedError
        """
    )

    with pytest.raises(PolicyChangedError) as ended:
        run(job, stop=Event())

    assert isinstance(ended.value.__cause__, FramesElsewhereError)
    assert "in job" in "".join(ended.value.__cause__.frames)
    assert job.tally == ONE


def test_an_error_before_everything_is_open_starts_no_others(
    readers: Callable[..., Readers], notes: Path
) -> None:
    job = readers("raise PolicyChangedError")

    with pytest.raises(PolicyChangedError):
        run(job, stop=Event())

    assert notes.read_text() == "started 1\n"


def test_told_to_end_all_of_them_finish_what_they_are_at(readers: Callable[..., Readers]) -> None:
    stop = Event()
    job = readers(
        """
        parent.tell(Opened(4))
        parent.tell(Counted(Tally(read=1, stored=1)))
        stop.wait(600)
        parent.tell(Counted(Tally(read=1, stored=1)))
        return False
        """
    )
    shown: list[Tally] = []

    def show(tally: Tally) -> None:
        shown.append(tally)
        if len(shown) == 2:
            stop.set()

    job.progress = show

    assert not run(job, stop=stop)
    assert len(shown) == 4


STOPPED = "from profiles.entrypoints.composition.waiting import StoppedError; raise StoppedError"


@pytest.mark.parametrize("ending", [STOPPED, "return False", "kill()"])
def test_told_to_end_while_the_first_waits_nothing_was_read(
    readers: Callable[..., Readers], caplog: pytest.LogCaptureFixture, ending: str
) -> None:
    stop = Event()
    job = readers(
        f"""
        parent.tell(Counted(Tally()))
        stop.wait(600)
        {ending}
        """,
        progress=lambda _tally: stop.set(),
    )

    with pytest.raises(StoppedError, match="Nothing was read"):
        run(job, stop=stop)
    assert caplog.messages == []


def test_told_to_end_before_it_begins_what_was_to_be_finished_is_not(
    readers: Callable[..., Readers],
) -> None:
    stop = Event()
    job = readers(
        """
        parent.tell(Counted(Tally()))
        stop.wait(600)
        kill()
        """,
        progress=lambda _tally: stop.set(),
    )

    assert not run(job, once=True, stop=stop)


def test_whoever_does_not_want_to_wait_leaves_no_reader_behind(
    readers: Callable[..., Readers],
) -> None:
    def interrupt(_tally: Tally) -> None:
        raise KeyboardInterrupt

    job = readers(
        """
        parent.tell(Opened(4))
        note(assignment, f"pid {os.getpid()} of")
        parent.tell(Counted(Tally(read=1, stored=1)))
        while True:
            stop.wait(600)
        """,
        progress=interrupt,
    )

    with pytest.raises(KeyboardInterrupt):
        run(job, stop=Event())

    pids = Path(str(job.settings)).read_text().split()
    assert gone(int(pids[pids.index("pid") + 1]))  # it was waited for
    assert job.processes == set()


def test_lines_say_which_reader_they_are_of_and_those_of_opening_come_once(
    readers: Callable[..., Readers], caplog: pytest.LogCaptureFixture
) -> None:
    job = readers(
        """
        logging.getLogger("profiles.kafka").warning("The topic keeps records for ever.")
        parent.tell(Opened(4))
        logging.getLogger("driver").warning("Lost the connection")
        return True
        """
    )

    run(job, once=True, stop=Event())

    assert sorted(caplog.messages) == [
        "Reader 1: The topic keeps records for ever.",
        "Reader 1: driver: Lost the connection",
        "Reader 2: driver: Lost the connection",
    ]
    assert {record.name for record in caplog.records} == {"profiles", "profiles.kafka"}
    assert {vars(record)["reader"] for record in caplog.records} == {1, 2}


def test_the_loop_goes_round_when_that_of_each_reader_does(
    readers: Callable[..., Readers],
) -> None:
    metrics = MemoryMetrics()
    job = readers(
        """
        parent.tell(Opened(4))
        if assignment.number == 1:
            stop.wait(600)
        else:
            for _ in range(3):
                parent.tell(Turned())
            parent.tell(Counted(Tally()))
            stop.wait(600)
        return False
        """,
        metrics=metrics,
    )
    stop = Event()
    job.progress = lambda _tally: stop.set()

    run(job, stop=stop)

    assert metrics.turns == 0


def test_what_readers_tell_of_chunks_and_services_is_told_on(
    readers: Callable[..., Readers],
) -> None:
    metrics = MemoryMetrics()
    job = readers(
        """
        parent.tell(Opened(1))
        parent.tell(Turned())
        parent.tell(Took(0.5))
        parent.tell(Failed(Service.DECIDING))
        parent.tell(Observed(Observation(reachable={Service.LOG: assignment.observes})))
        return True
        """,
        metrics=metrics,
        observed=True,
    )

    run(job, once=True, stop=Event())

    assert metrics.turns == 1
    assert metrics.seconds == [0.5]
    assert metrics.failures == {Service.DECIDING: 1}
    assert metrics.observation == Observation(reachable={Service.LOG: True})


ORPHAN = """
import os, signal, sys
from pathlib import Path
from threading import Event
from profiles.entrypoints.processes.count import ProcessCount
from profiles.entrypoints.processes.supervision import Readers

readers = Readers(
    settings=sys.argv[1], count=ProcessCount(2), program=(sys.executable, "-c", sys.argv[2])
)
def die(tally):
    print(*readers.processes, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
readers.progress = die
with readers.opened(stop=Event()) as opened:
    opened.run(stop=Event())
"""


def test_readers_of_a_killed_parent_end_by_themselves(notes: Path) -> None:
    job = textwrap.indent(
        "parent.tell(Opened(4))\n"
        "if assignment.number == 2: parent.tell(Counted(Tally(read=1, stored=1)))\n"
        "return not stop.wait(600)",
        "    ",
    )
    parent = subprocess.run(
        [sys.executable, "-c", ORPHAN, str(notes), READER.format(job=job)],
        capture_output=True,
        check=False,
        timeout=PATIENCE_S,
    )

    assert parent.returncode == -signal.SIGKILL
    pids = [int(pid) for pid in parent.stdout.split()]
    assert len(pids) == 2
    until(lambda: all(gone(pid) for pid in pids))
    assert parent.stderr == b""


def test_the_loss_of_a_reader_is_an_error_that_can_be_copied() -> None:
    lost = ReaderLostError(3, "was killed (SIGKILL)", 5)
    assert str(copy.copy(lost)) == str(lost)
    assert isinstance(lost, ProfilesError)


def test_readers_are_in_the_session_of_their_parent_but_not_in_its_process_group(
    readers: Callable[..., Readers],
) -> None:
    """Ctrl-C in a terminal reaches the group; whoever watches or ends a session finds all."""
    job = readers(
        """
        parent.tell(Opened(1))
        note(assignment, f"{os.getsid(0)} {os.getpgid(0) != os.getpgid(os.getppid())}")
        return True
        """
    )

    run(job, once=True, stop=Event())

    assert f"{os.getsid(0)} True" in Path(str(job.settings)).read_text()
