"""A standalone Spark cluster of local processes: a master and workers, each with its executor.

Nothing of `profiles` is on its nodes but the libraries: the package travels with the job.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.metadata import distribution
from pathlib import Path

import pyspark

from profiles.adapters.spark.java import java_home
from profiles.adapters.spark.session import CONNECTOR
from tests.support.cluster_site import Running
from tests.support.patience import PATIENCE_S
from tests.support.process_tree import descendants

SPARK = Path(pyspark.__file__).parent
MASTER = "org.apache.spark.deploy.master.Master"
WORKER = "org.apache.spark.deploy.worker.Worker"
LOOK_AGAIN_S = 0.1


@dataclass
class Cluster:
    """See the module. `stack` ends what was started, however the test ends."""

    folder: Path
    stack: ExitStack
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    url: str = ""

    def start(self, *, workers: int) -> None:
        self.python = node_python(self.folder / "node")
        here = ["--host", "127.0.0.1", "--port", "0", "--webui-port", "0"]
        self._daemon("master", [MASTER, *here])
        self.url = self._said("master", r"Starting Spark master at (spark://\S+)")
        for number in range(workers):
            name = f"worker-{number}"
            work = ["--cores", "1", "--memory", "1g", "--work-dir", str(self.folder / name)]
            self.workers.append(self._daemon(name, [WORKER, *here, *work, self.url]))
        for number in range(workers):
            self._said(f"worker-{number}", r"(Successfully registered with master)")

    def submit(self, arguments: Iterable[str]) -> Running:
        """Run the script as docs/deployment.md says, in client mode."""
        package = shipped_package(self.folder)
        script = self.folder / "profiles" / "entrypoints" / "spark_job.py"
        command = [
            str(SPARK / "bin" / "spark-submit"),
            *("--master", self.url, "--packages", CONNECTOR, "--py-files", str(package)),
            *("--executor-memory", "512m", "--driver-memory", "512m"),
            *("--conf", "spark.driver.host=127.0.0.1", "--conf", "spark.log.level=ERROR"),
            *(str(script), *arguments),
        ]
        return Running(command, self.folder, program=(), environment=self._environment)

    def kill_a_worker(self) -> None:
        """Kill a worker with all that it has started, as the end of its machine would."""
        worker = self.workers.pop(0)
        for pid in [worker.pid, *descendants(worker.pid)]:
            os.kill(pid, signal.SIGKILL)
        worker.wait(PATIENCE_S)

    @property
    def _environment(self) -> Mapping[str, str]:
        inherited = {n: v for n, v in os.environ.items() if n not in {"PYTHONPATH", "SPARK_HOME"}}
        home = java_home()
        java = {} if home is None else {"JAVA_HOME": str(home)}
        python = {"PYSPARK_PYTHON": str(self.python), "PYSPARK_DRIVER_PYTHON": str(self.python)}
        return {
            **inherited,
            **java,
            **python,
            "SPARK_HOME": str(SPARK),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _daemon(self, name: str, command: Iterable[str]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [str(SPARK / "bin" / "spark-class"), *command],
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self._environment) | {"SPARK_DAEMON_MEMORY": "256m"},
            )
        self.stack.callback(end, process)
        return process

    def _said(self, name: str, what: str) -> str:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            log = (self.folder / f"{name}.log").read_text("utf-8", "replace")
            if found := re.search(what, log):
                return found[1]
            assert time.monotonic() < deadline, log
            time.sleep(LOOK_AGAIN_S)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a daemon with all that it has started."""
    for pid in [*descendants(process.pid), process.pid]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait(PATIENCE_S)


def node_python(folder: Path) -> Path:
    """Make an environment that has what this one has, but for `profiles`."""
    venv.create(folder, symlinks=True)
    packages = folder / "libraries"
    packages.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith(("profiles", "__editable__", "_profiles")):
            (packages / entry.name).symlink_to(entry)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    path_file = folder / "lib" / version / "site-packages" / "libraries.pth"
    path_file.write_text(f"{packages}\n", "utf-8")
    return folder / "bin" / "python"


def shipped_package(folder: Path) -> Path:
    """Pack the installed package as a zip, and unpack its script beside it."""
    files = [file for file in distribution("profiles").files or [] if file.suffix == ".py"]
    assert files, "the wheel is not installed"
    for file in files:
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(file.locate()), target)
    return Path(shutil.make_archive(str(folder / "shipped"), "zip", folder, "profiles"))
