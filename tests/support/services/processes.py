"""Servers as local processes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.patience import PATIENCE_S
from tests.support.services.recipes import RECIPES, SMALL, Size
from tests.support.services.service import Name, Service, ServiceError, wait_until_usable
from tests.support.services.usable import USABLE
from tests.support.waiting import until

LEASH = Path(__file__).with_name("leash.py")
STOP_WITHIN_S = 20.0
"""How long a server has to end by itself before it is killed."""
LOOK_AGAIN_S = 0.1
LINES_OF_LOG = 30


class Process(Service):
    """A server that this process started, on a leash.

    Attributes:
        folder: its configuration, data and log; goes with it.
        pid: its process id, 0 while it is down.
    """

    def __init__(self, name: Name, size: Size = SMALL) -> None:
        self.name = name
        self.folder = Path(tempfile.mkdtemp(prefix=f"profiles-tests-{name}-"))
        self.pid = 0
        self._leash: subprocess.Popen[bytes] | None = None
        try:
            recipe = RECIPES[name](self.folder, size)
        except BaseException:
            shutil.rmtree(self.folder)
            raise
        self.address, self.door, self._command = recipe.address, recipe.door, recipe.command
        self._kept = self.door.keep()

    def start(self) -> None:
        if not self._ended(0):
            return
        self._close_leash()
        self._leash = subprocess.Popen(
            [sys.executable, "-I", "-S", str(LEASH), str(self.folder), *self._command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,  # Ctrl-C is for the tests, which then end it
        )
        first_line = self._leash.stdout.readline() if self._leash.stdout else b""
        if not first_line:
            raise ServiceError(f"{self.name} could not be run: {self._command[0]}")
        self.pid = int(first_line)
        wait_until_usable(
            self.name,
            lambda: USABLE[self.name](self.address),
            ended=lambda: self._ended(LOOK_AGAIN_S),
            log=self._end_of_log,
        )

    def kill(self) -> None:
        self._tell(b"K")
        self._wait(PATIENCE_S)

    def freeze(self) -> None:
        self._tell(b"S")
        until(self._is_frozen)

    def thaw(self) -> None:
        self._tell(b"C")

    def stop(self) -> None:
        self._tell(b"T")
        if not self._ended(STOP_WITHIN_S):
            self._tell(b"K")
        self._wait(PATIENCE_S)

    def remove(self) -> None:
        self.kill()
        if self._kept is not None:
            self._kept.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_frozen(self) -> bool:
        """Tell whether all threads stand still; a process that has ended does so, too."""
        try:
            threads = [*Path(f"/proc/{self.pid}/task").iterdir()]
            states = {(each / "stat").read_text().rpartition(")")[2].split()[0] for each in threads}
        except OSError:  # a thread has just ended, or all of it
            return self._ended(0)
        return states == {"T"}

    def _tell(self, word: bytes) -> None:
        if self._leash is not None and self._leash.stdin is not None:
            try:
                self._leash.stdin.write(word)
            except BrokenPipeError:
                return  # it has ended already

    def _ended(self, within_s: float) -> bool:
        if self._leash is None:
            return True
        try:
            self._leash.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _wait(self, within_s: float) -> None:
        if not self._ended(within_s):
            raise ServiceError(f"{self.name}, process {self.pid}, does not end.")
        self._close_leash()

    def _close_leash(self) -> None:
        if self._leash is not None:
            for pipe in (self._leash.stdin, self._leash.stdout):
                if pipe is not None:
                    pipe.close()
        self._leash, self.pid = None, 0

    def _end_of_log(self) -> str:
        log = (self.folder / "log").read_text("utf-8", "replace")
        return "\n".join(log.splitlines()[-LINES_OF_LOG:])
