"""Start Spark as `profiles spark` does while its Java process is killed: `before` or `after`.

Before it is there to be spoken with, or after that and before there is a session. A process of its
own, because PySpark keeps one Java for each.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from threading import Thread
from time import sleep

from pyspark import SparkContext

from profiles.adapters.spark import SessionSettings, spark_session
from profiles.domain.errors import ProfilesError
from tests.support.process_tree import command_of, descendants

_LOOK_S = 0.005


def _started() -> list[int]:
    return [pid for pid in descendants(os.getpid()) if "SparkSubmit" in command_of(pid)]


def _spoken_with() -> list[int]:
    gateway = SparkContext._gateway  # noqa: SLF001 - there is no public way to Spark's Java
    return [] if gateway is None else [gateway.proc.pid]


def _kill_the_first(find: Callable[[], list[int]]) -> None:
    while not (found := find()):
        sleep(_LOOK_S)
    os.kill(found[0], signal.SIGKILL)


def main(when: str) -> None:
    find = {"before": _started, "after": _spoken_with}[when]
    Thread(target=_kill_the_first, args=[find], daemon=True).start()
    try:
        with spark_session(SessionSettings(cores=1)) as spark:
            sys.stdout.write(f"counted {spark.range(3).count()}\n")
    except ProfilesError as failure:
        sys.stdout.write(f"{type(failure).__name__} {failure}\n")


if __name__ == "__main__":
    main(sys.argv[1])
