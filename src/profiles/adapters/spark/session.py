"""A Spark session: on this machine by default, or the one that `spark-submit` has prepared."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import pyspark
from py4j.protocol import Py4JError
from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession

from profiles.adapters.spark.failures import JavaProcessEndedError, java_has_ended
from profiles.adapters.spark.java import java_home
from profiles.domain.errors import UsageError

CONNECTOR: Final = f"org.apache.spark:spark-sql-kafka-0-10_2.13:{pyspark.__version__}"

_logger = logging.getLogger(__name__)

_SUBMITTED: Final = "PYSPARK_GATEWAY_PORT"
"""Set by `spark-submit` for the script that it runs."""

_WORKERS_PYTHON: Final = "PYSPARK_PYTHON"

_ATTEMPTS: Final = 4
"""Of a task: in local mode Spark ends the query at the first that is lost, unless it is told."""

_EVERYWHERE: Final = {
    "spark.sql.session.timeZone": "UTC",
    "spark.speculation": "false",  # a partition is worked on by one task at a time
}
_ON_THIS_MACHINE: Final = {
    "spark.driver.host": "127.0.0.1",  # no name of this machine has to be looked up
    "spark.driver.bindAddress": "127.0.0.1",
    # Java's second compiler takes more from two cores than it gives back: 11 s of the processor for
    # 200,000 messages without it, 15 to 19 with it (2026-11). On a cluster it is left alone.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "FATAL",  # what happens to the job is told by us, in one line
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSettings:
    """How Spark is started where `spark-submit` has not done it.

    cores: of this machine, or None for all of them. Not used with `master`.
    master: of a cluster, as Spark writes it; None for this machine.
    daemon: module of ours that forks the workers of this machine; None for PySpark's own.
    configuration: Spark's own settings; they win over ours.
    """

    cores: int | None = None
    master: str | None = None
    daemon: str | None = None
    configuration: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def spark_session(settings: SessionSettings) -> Generator[Any]:
    """Start Spark, or take the session that was submitted; stop it at the end.

    Raises:
        UsageError: there is no Java that fits, or Spark does not start.
        JavaProcessEndedError: its Java process ended while it started.
    """
    submitted = _SUBMITTED in os.environ
    wanted = dict(_EVERYWHERE)
    if not submitted:
        _prepare_machine()
        wanted |= {"spark.jars.packages": CONNECTOR}
        if settings.master is None:
            wanted |= _ON_THIS_MACHINE
            if settings.daemon is not None and os.environ[_WORKERS_PYTHON] == sys.executable:
                wanted["spark.python.daemon.module"] = settings.daemon
        wanted["spark.master"] = settings.master or _local_master(settings.cores)
    wanted |= settings.configuration
    builder = SparkSession.builder.appName("profiles")
    for name, value in wanted.items():
        builder = builder.config(name, value)
    try:
        spark = _started(builder)
    except Exception as failure:  # noqa: BLE001 - of many kinds; none of them knows a person
        if java_has_ended(failure):
            raise JavaProcessEndedError from None
        raise UsageError(
            f"Spark did not start ({type(failure).__qualname__}); the lines above say why. Nothing"
            " was read. Where its connector to Kafka could not be downloaded, name the folder of a"
            " copy with --conf spark.jars.ivy=… or its jars with --conf spark.jars=…."
        ) from None
    try:
        yield spark
    finally:
        with suppress(Py4JError, ConnectionError):  # its Java may be gone
            spark.stop()


def _started(builder: Any) -> Any:  # noqa: ANN401 - PySpark has no types
    """Start Spark, once more where its Java ended at once.

    PySpark tells one that was killed from one that did not like a setting by nothing. The second
    time will tell.
    """
    try:
        return builder.getOrCreate()
    except PySparkRuntimeError as failure:
        if failure.getCondition() != "JAVA_GATEWAY_EXITED":
            raise
    _logger.warning("Spark's Java process ended before Spark was there; it is started once more.")
    return builder.getOrCreate()


def _local_master(cores: int | None) -> str:
    return f"local[{cores or '*'},{_ATTEMPTS}]"


def _prepare_machine() -> None:
    """Make sure of Java, and that the workers have what this interpreter has."""
    home = java_home()
    if home is not None:
        os.environ["JAVA_HOME"] = str(home)
    for name in (_WORKERS_PYTHON, "PYSPARK_DRIVER_PYTHON"):
        os.environ.setdefault(name, sys.executable)
