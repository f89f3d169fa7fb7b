"""Commands of `profiles` that a command starts, each as a process of its own with settings told.

Nothing is taken from a configuration file or a variable but secrets, so that none of them works
where it was not sent. What they write goes into files.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Final

from profiles.domain.errors import ProfilesError

_AGAIN_S: Final = 0.1
_GRACE_S: Final = 30.0
_SETTING: Final = re.compile(r"PROFILES_(?!\w*_PASSWORD(_FILE)?$)\w+")


class StoppedError(ProfilesError):
    """The command was asked to end before it had finished."""

    def __str__(self) -> str:
        """Say so."""
        return "Stopped before the end. What it had made was removed."


@dataclass(slots=True, kw_only=True)
class Subcommands:
    """Starts commands.

    folder: for what they write. stop: ends them.
    outputs: what each has written to, in the order of their start.
    """

    folder: Path
    stop: Event
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    outputs: list[tuple[str, Path]] = field(default_factory=list, init=False)

    def run(self, *arguments: str, ends_with: tuple[int, ...] = (0,)) -> None:
        """Run a command to its end.

        Raises:
            StoppedError: `stop` was set meanwhile.
            ProfilesError: it ended with another exit code.
        """
        with self.running(*arguments) as process:
            code = None
            while code is None:
                code = self._poll(process)
        if code not in ends_with:
            raise ProfilesError(self._failed(arguments[0], code))

    @contextmanager
    def running(self, *arguments: str) -> Generator[subprocess.Popen[bytes]]:
        """Start a command; it is ended on exit, where it has not by itself."""
        name = f"{len(self.outputs):02}-{arguments[0]}"
        nothing = self.folder / "no-settings.toml"
        nothing.touch()
        command = [sys.executable, "-m", "profiles", "--debug", "--config", str(nothing)]
        out, err = self.folder / f"{name}.out", self.folder / f"{name}.err"
        self.outputs += [(arguments[0], out), (arguments[0], err)]
        with out.open("wb") as to_out, err.open("wb") as to_err:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [*command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=to_out,
                stderr=to_err,
                env={k: v for k, v in self.environment.items() if not _SETTING.fullmatch(k)},
                start_new_session=True,  # Ctrl-C is ours: it ends what has to be ended, in order
            )
        try:
            yield process
        finally:
            _end(process)

    def wait_for(self, pattern: str, process: subprocess.Popen[bytes]) -> str:
        """Wait until the newest command has written something to standard error; return that.

        Raises:
            StoppedError: `stop` was set meanwhile.
            ProfilesError: the command has ended without.
        """
        name, err = self.outputs[-1]
        while True:
            code = self._poll(process)
            if found := re.search(pattern, err.read_text("utf-8", errors="replace")):
                return found[0]
            if code is not None:
                raise ProfilesError(self._failed(name, code))

    def _poll(self, process: subprocess.Popen[bytes]) -> int | None:
        """Return the exit code of a process, None after a while where it still runs."""
        try:
            return process.wait(_AGAIN_S)
        except subprocess.TimeoutExpired:
            if self.stop.is_set():
                raise StoppedError from None
            return None

    def _failed(self, name: str, code: int) -> str:
        said = self.outputs[-1][1].read_text("utf-8", errors="replace").splitlines()
        errors = [line.removeprefix("Error: ") for line in said if line.startswith("Error: ")]
        why = errors[-1] if errors else "It said nothing of an error."
        return f"`profiles {name}` ended with exit code {code}, so nothing is proved. {why}"


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
