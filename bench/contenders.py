"""The jobs that are compared: each takes a topic into both stores, as a command of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from figures import skipped
from targets import Target
from usage import started

from tests.support.services.jars import cache_folder
from tests.support.services.java import find_java, network_options

USUAL_PYTHON = "PROFILES_BENCH_USUAL_PYTHON"
"""The variable that names the Python of the usual job's environment; the session sets it."""

_TABLE = (
    "CREATE TABLE {}.users (id uuid PRIMARY KEY, username text, gender text, title text,"
    " full_name text, full_address text, city text, country text, nationality text, email text,"
    " age int, registered_on date)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A job.

    command: makes its command line from a target, a topic and an empty folder of its own.
    prepare: what is made in the stores before.
    times_itself: prints `seconds` and `cpu_s` of its work as JSON.
    starts_as: jobs with the same take the same time to start.
    begins_as: the one of these after whose start this job begins to work: several processes begin
        with the first of them. It has to run before.
    check: examines what it has printed, where it writes to no store; None where the stores are
        counted.
    """

    what: str
    command: Callable[[Target, str, Path], list[str]]
    env: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Target], object] = lambda _target: None
    times_itself: bool = False
    starts_as: str = ""
    begins_as: str = ""
    check: Callable[[str], None] | None = None


def usual(master: str = "local[*]") -> Contender | None:
    """Return the usual job; say so and return None where its environment is missing."""
    python = os.environ.get(USUAL_PYTHON)
    java = find_java()
    if not python or java is None:
        skipped("usual job", "the session `bench` makes its environment")
        return None
    script = Path(__file__).with_name("usual_job.py")
    trust = cache_folder() / "usual-job"
    trust.mkdir(parents=True, exist_ok=True)

    def command(target: Target, topic: str, folder: Path) -> list[str]:
        return [
            *(python, str(script), "--master", master, "--name", target.name, "--topic", topic),
            *("--kafka", target.servers.kafka, "--cassandra", target.servers.cassandra),
            *("--mongo", target.servers.mongo, "--checkpoint", str(folder / "checkpoint")),
            *("--ivy", str(trust / "ivy")),
        ]

    return Contender(
        what="usual job",
        starts_as="usual job",
        command=command,
        env={
            "JAVA_HOME": str(Path(java.command).resolve().parent.parent),
            "SPARK_SUBMIT_OPTS": " ".join(network_options(trust)),
            "PYSPARK_PYTHON": python,
            "PYTHONPATH": "",
        },
        prepare=_make_table,
    )


def _make_table(target: Target) -> None:
    target.session.execute(
        f"CREATE KEYSPACE {target.name} WITH replication ="
        " {'class': 'SimpleStrategy', 'replication_factor': 1}"
    )
    target.session.execute(_TABLE.format(target.name))


def consumer(*, once: bool = True, processes: int | None = None) -> Contender:
    """Return `profiles process`.

    once: to the topic's end, or as a stream. processes: that share it; None for its default.
    """
    given = [] if processes is None else ["--processes", str(processes)]
    named = "" if processes is None else f", processes: {processes}"
    return Contender(
        what=f"profiles process{named}",
        starts_as="process" if processes in (None, 1) else f"process{named}",
        begins_as="process",
        command=lambda target, topic, _folder: [
            *(sys.executable, "-m", "profiles", "process", "--group", uuid.uuid4().hex, *given),
            *_where(target, topic, once=once),
        ],
    )


def spark(cores: int | None = None, *, once: bool = True) -> Contender | None:
    """Return `profiles spark`, or say so and return None where there is no such command.

    cores: for its workers; None for its default. once: to the topic's end, or as a stream.
    """
    if not _has_command("spark"):
        skipped("profiles spark", "there is no such command")
        return None
    cores_given = [] if cores is None else ["--cores", str(cores)]
    return Contender(
        what="profiles spark" if cores is None else f"profiles spark, cores: {cores}",
        starts_as="spark",
        command=lambda target, topic, folder: [
            *(sys.executable, "-m", "profiles", "spark", *cores_given),
            *("--checkpoint", str(folder / "checkpoint")),
            *_where(target, topic, once=once),
        ],
    )


def _has_command(name: str) -> bool:
    asked = subprocess.run(
        [sys.executable, "-m", "profiles", name, "--help"], capture_output=True, check=False
    )
    return asked.returncode == 0


def drivers_alone() -> Contender:
    """Return the two drivers, writing ready-made rows; see `rows_alone`."""
    script = Path(__file__).with_name("rows_alone.py")
    return Contender(
        what="two drivers alone",
        times_itself=True,
        command=lambda target, topic, _folder: [
            *(sys.executable, str(script), "--topic", topic, "--name", target.name),
            *("--kafka", target.servers.kafka, "--cassandra", target.servers.cassandra),
            *("--mongo", target.servers.mongo),
        ],
    )


def _where(target: Target, topic: str, *, once: bool) -> list[str]:
    servers = target.servers
    return [
        *(["--once"] if once else []),
        *("--kafka", servers.kafka, "--topic", topic),
        *("--store", servers.mongo_url(target.name)),
        *("--store", servers.cassandra_url(target.name)),
        *("--ledger-topic", f"{target.name}_ledger"),
    ]


@contextmanager
def streaming(job: Contender, place: Target, topic: str) -> Generator[int]:
    """Run a job that goes on; give its process, whose session is its own."""
    with own_folder() as folder, tempfile.TemporaryFile() as said:
        command = job.command(place, topic, Path(folder))
        with started(command, folder, said, said, env=job.env) as process:
            yield process.pid
            assert process.poll() is None, f"{job.what} has ended by itself"


def own_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for one run of a job."""
    return tempfile.TemporaryDirectory(prefix="profiles-bench-")
