"""The daemon that forks Spark's Python workers on this machine, without Spark."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyspark
import pytest

pytestmark = pytest.mark.integration

ASKED = """
import json, os, sys
from profiles.entrypoints import spark_daemon
loaded = set(sys.modules)
from profiles.entrypoints.composition import ledgers, spark, stores
from profiles.adapters.retrying import PatientRetry
threads = len(os.listdir("/proc/self/task"))
print(json.dumps([sys.modules["pyspark"].__file__, threads, sorted(loaded)]))
"""
NEEDED = {
    "cassandra.cluster",
    "confluent_kafka",
    "msgspec",
    "profiles.adapters.retrying",
    "profiles.application.ingest.partition_task",
    "pymongo",
    "pyspark.worker",
}


def test_it_has_loaded_what_workers_need_and_can_be_forked() -> None:
    """Compiled, though Spark puts PySpark's source first; and before there is another thread."""
    sources = [str(path) for path in Path(pyspark.__file__).parent.glob("python/lib/*.zip")]
    path = os.pathsep.join([*sources, os.environ.get("PYTHONPATH", "")])

    asked = subprocess.run(
        [sys.executable, "-c", ASKED],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )

    compiled, threads, loaded = json.loads(asked.stdout)
    assert sources
    assert not any(source in compiled for source in sources)
    assert threads == 1
    assert set(loaded) >= NEEDED
