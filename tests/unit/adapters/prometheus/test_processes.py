"""What a job of several processes takes of the machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection, Generator

import pytest

from profiles.adapters.prometheus.processes import ProcessesCollector

LOADED = 50 * 2**20


@pytest.fixture
def other() -> Generator[subprocess.Popen[bytes]]:
    """Start a process that has taken memory and the processor by the time a test gets it."""
    work = f"held = b'x' * {LOADED}; sum(range(3_000_000)); print('ready', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", work], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def taken(processes: Collection[int]) -> dict[str, float]:
    return {
        family.name: family.samples[0].value for family in ProcessesCollector(processes).collect()
    }


def test_memory_processor_and_files_of_all_processes_are_added_up(
    other: subprocess.Popen[bytes],
) -> None:
    alone = taken([])
    together = taken([other.pid])

    assert together["process_resident_memory_bytes"] > (
        alone["process_resident_memory_bytes"] + LOADED / 2
    )
    assert together["process_cpu_seconds"] > alone["process_cpu_seconds"]
    assert together["process_open_fds"] > alone["process_open_fds"]
    assert together["process_start_time_seconds"] == alone["process_start_time_seconds"]
    assert together["process_max_fds"] == alone["process_max_fds"]


def test_the_seconds_of_a_process_that_has_ended_stay(other: subprocess.Popen[bytes]) -> None:
    before = taken([other.pid])["process_cpu_seconds"]
    other.kill()
    other.wait()

    assert taken([])["process_cpu_seconds"] >= before - 0.02  # counted in ticks of 10 ms


def test_a_process_that_is_gone_takes_nothing() -> None:
    assert taken([2**22 + 1]).keys() == taken([]).keys()
