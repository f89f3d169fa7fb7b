"""What a command takes: time, processor and memory, all its processes together (Linux)."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.support.services.leash import end_with_the_leash

SAMPLE_S = 0.2
ENDS_WITHIN_S = 60.0
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SESSION, _USER, _SYSTEM, _RESIDENT = 3, 11, 12, 21
"""Fields of /proc/PID/stat after the program's name (proc(5): 6, 14, 15 and 24)."""


def cpu_s_of(pid: int) -> float:
    """Return the processor seconds of a process that runs."""
    fields = _fields(f"/proc/{pid}")
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICK


def _fields(process: str) -> list[str]:
    text = Path(process, "stat").read_text("utf-8", "replace")
    return text[text.rindex(")") + 2 :].split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a command has taken.

    cpu_s: of all its processes, sampled: what one does in its last moment is missing.
    peak_mib: the most that was resident in all of them at once; what forked processes share is
        counted in each.
    """

    seconds: float
    cpu_s: float
    peak_mib: float
    out: str


@dataclass(slots=True)
class Sampler:
    """Adds up the processes of a session, also those whose parent is gone."""

    session: int
    peak_bytes: int = 0
    _ticks: dict[int, int] = field(default_factory=dict)

    @property
    def cpu_s(self) -> float:
        """Return the processor seconds seen so far."""
        return sum(self._ticks.values()) / _TICK

    def sample(self) -> None:
        """Look at all processes once."""
        resident = 0
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit():
                continue
            try:
                fields = _fields(entry.path)
            except OSError:
                continue  # it has ended
            if int(fields[_SESSION]) == self.session:
                self._ticks[int(entry.name)] = int(fields[_USER]) + int(fields[_SYSTEM])
                resident += int(fields[_RESIDENT]) * _PAGE
        self.peak_bytes = max(self.peak_bytes, resident)


@contextmanager
def started(
    command: Sequence[str],
    folder: str,
    out: IO[bytes],
    err: IO[bytes],
    *,
    env: Mapping[str, str] | None = None,
) -> Generator[subprocess.Popen[bytes]]:
    """Start a command in a session of its own; in the end it is asked to end, then made to.

    It does not outlive this process, however that ends.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        start_new_session=True,
        preexec_fn=end_with_the_leash,  # noqa: PLW1509 - no lock is held by another thread
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def run(command: Sequence[str], *, env: Mapping[str, str] | None = None) -> Usage:
    """Run a command to its end, and watch it.

    env: variables beside those of this process.

    Raises:
        RuntimeError: it failed; the end of what it said is in the text.
    """
    with tempfile.TemporaryDirectory(prefix="profiles-bench-") as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        begin = time.perf_counter()
        with (
            out.open("wb") as to_out,
            err.open("wb") as to_err,
            started(command, folder, to_out, to_err, env=env) as process,
        ):
            sampler = Sampler(process.pid)
            while process.poll() is None:
                sampler.sample()
                try:
                    process.wait(SAMPLE_S)
                except subprocess.TimeoutExpired:
                    continue
        seconds = time.perf_counter() - begin
        said = err.read_text("utf-8", "replace")
        if process.returncode:
            raise RuntimeError(f"{command[0]} … ended with {process.returncode}:\n{said[-4000:]}")
        return Usage(
            seconds=seconds,
            cpu_s=sampler.cpu_s,
            peak_mib=sampler.peak_bytes / 2**20,
            out=out.read_text("utf-8", "replace"),
        )
