"""Servers as containers, through testcontainers.

All three are plain containers: its modules drive only Confluent's Kafka, give Cassandra a token
that it does not start again with, and know no replica set. Host ports are fixed, or a container
that is started again would get others.
"""

from __future__ import annotations

import functools
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from docker.errors import APIError, DockerException, NotFound
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient, get_docker_host

from tests.support.services.free_ports import free_port
from tests.support.services.service import (
    Door,
    Name,
    Service,
    ServiceError,
    wait_until_usable,
)
from tests.support.services.usable import USABLE

DEFAULT_ENGINE = "npipe:" if sys.platform == "win32" else "unix:///var/run/docker.sock"
ANSWER_WITHIN_S = 1.0
STOP_WITHIN_S = 20
LOOK_AGAIN_S = 0.1
LINES_OF_LOG = 30
REMOVER = Path(__file__).with_name("remover.py")

# What Ryuk does for others the remover does here, and no further image is needed.
testcontainers_config.ryuk_disabled = True


@functools.cache
def engine_answers() -> bool:
    """Say whether there is a Docker engine where testcontainers looks for one."""
    # Docker's client leaves its socket open where nothing answers, and Python warns of that later.
    if not somebody_listens(urlsplit(get_docker_host() or DEFAULT_ENGINE)):
        return False
    try:
        client = DockerClient(timeout=ANSWER_WITHIN_S).client
    except (DockerException, OSError):
        return False
    try:
        return bool(client.ping())
    except (DockerException, OSError):
        return False
    finally:
        client.close()


def somebody_listens(engine: SplitResult) -> bool:
    """Say whether somebody does, or whether only Docker's client can tell."""
    try:
        if engine.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as trial:
                trial.settimeout(ANSWER_WITHIN_S)
                trial.connect(engine.path)
        elif engine.hostname and engine.port:
            socket.create_connection((engine.hostname, engine.port), ANSWER_WITHIN_S).close()
    except OSError:
        return False
    return True


def host_of_ports() -> str:
    """Say under which name the ports of containers are reached from here.

    Within a container testcontainers takes the gateway for it, which is right for a neighbour of
    the engine. Where the engine runs in here too, its bridge has an address of ours.
    """
    engine = DockerClient()
    host = engine.host()
    if not testcontainers_config.tc_host_override:
        for network in engine.client.networks.list(names=["bridge"]):
            for addresses in network.attrs["IPAM"]["Config"] or []:
                if is_ours(addresses.get("Gateway", "")):
                    host = "127.0.0.1"
    engine.client.close()
    return "127.0.0.1" if host == "localhost" else host


def is_ours(address: str) -> bool:
    """Say whether this machine has an address."""
    with socket.socket() as trial:
        try:
            trial.bind((address, 0))
        except OSError:
            return False
    return bool(address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """How a server is run as a container.

    Attributes:
        tag: of the official image.
        port: where it listens inside.
        address: what clients are told.
        door: for a proxy.
        door_port: where that is inside; that of the clients unless it is said.
        user: who runs the image's start script; empty for the image's own choice.
        environment: variables of the image.
        command: arguments of the image's own start script.
    """

    tag: str
    port: int
    address: str
    door: Door
    door_port: int | None = None
    user: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)


def kafka(host: str, port: int) -> Image:
    door, proxy = free_port(), free_port()
    return Image(
        tag="apache/kafka:4.1.0",
        port=9092,
        address=f"{host}:{port}",
        door=Door(f"{host}:{door}", proxy),
        door_port=9095,
        # The start script writes into copies of its files: root may, where they are read-only.
        user="root",
        environment={
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
            "KAFKA_LISTENERS": (
                "PLAINTEXT://:9092,CONTROLLER://:9093,INSIDE://:9094,PROXIED://:9095"
            ),
            "KAFKA_ADVERTISED_LISTENERS": (
                f"PLAINTEXT://{host}:{port},INSIDE://localhost:9094,PROXIED://127.0.0.1:{proxy}"
            ),
            "KAFKA_INTER_BROKER_LISTENER_NAME": "INSIDE",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": (
                "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,INSIDE:PLAINTEXT,PROXIED:PLAINTEXT"
            ),
            # As the local process: see configuration/kafka.properties.
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "4",
            "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS": "4",
            "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
            "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
            "KAFKA_BROKER_SESSION_TIMEOUT_MS": "2000",
            "KAFKA_BROKER_HEARTBEAT_INTERVAL_MS": "500",
        },
    )


def cassandra(host: str, port: int) -> Image:
    return Image(
        tag="cassandra:5.0",
        port=9042,
        address=f"{host}:{port}",
        door=Door(f"{host}:{port}"),
        environment={
            "CASSANDRA_ENDPOINT_SNITCH": "SimpleSnitch",
            "CASSANDRA_NUM_TOKENS": "1",  # as many as are named below, or it starts only once
            "MAX_HEAP_SIZE": "768M",
            "HEAP_NEWSIZE": "128M",
            "JVM_OPTS": (
                "-Dcassandra.skip_wait_for_gossip_to_settle=0 -Dcassandra.ring_delay_ms=1"
                " -Dcassandra.initial_token=0"
                # As the local process: see configuration/cassandra.yaml.
                " -Dcassandra.config.allow_system_properties=true"
                " -Dcassandra.settings.commitlog_sync=batch"
                " -Dcassandra.settings.commitlog_sync_period=0ms"
            ),
        },
    )


def mongo(host: str, port: int) -> Image:
    # The same port inside and outside: the set's only member has one name for both.
    return Image(
        tag="mongo:6.0",
        port=port,
        address=f"mongodb://{host}:{port}/?replicaSet=rs0",
        door=Door(f"{host}:{port}"),
        command=[
            *("--replSet", "rs0", "--bind_ip_all", "--port", str(port)),
            *("--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "256"),
        ],
    )


IMAGES: dict[Name, Callable[[str, int], Image]] = {
    "kafka": kafka,
    "cassandra": cassandra,
    "mongo": mongo,
}


class Container(Service):
    """A server in a container that ends, with its volumes, when the tests do."""

    def __init__(self, name: Name) -> None:
        self.name = name
        image = IMAGES[name](host_of_ports(), port := free_port())
        self.address, self.door = image.address, image.door
        self._kept = self.door.keep()
        called = f"profiles-tests-{name}-{uuid.uuid4().hex[:12]}"
        self._container = (
            DockerContainer(image.tag, name=called, env=image.environment, user=image.user)
            .with_bind_ports(image.port, port)
            .with_command(image.command)
        )
        if image.door_port is not None:
            door = int(image.door.address.rpartition(":")[2])
            self._container.with_bind_ports(image.door_port, door)
        # Before there is a container: none is left behind, wherever the tests end.
        self._remover = subprocess.Popen(
            [sys.executable, str(REMOVER), called], stdin=subprocess.PIPE, start_new_session=True
        )
        self._made = False

    def start(self) -> None:
        try:
            if not self._made:
                self._container.start()
                self._made = True
            elif self._ended():
                self._container.get_wrapped_container().start()
        except DockerException as error:
            raise ServiceError(
                f"Docker could not run {self._container.image}: {error}."
                " PROFILES_TEST_SERVERS=native does without Docker."
            ) from None
        wait_until_usable(
            self.name, lambda: USABLE[self.name](self.address), ended=self._ended, log=self._log
        )

    def kill(self) -> None:
        if not self._made:
            return
        try:
            self._container.get_wrapped_container().kill()
        except APIError:
            if not self._ended():
                raise
        self._container.wait()

    def freeze(self) -> None:
        self._container.get_wrapped_container().pause()

    def thaw(self) -> None:
        self._container.get_wrapped_container().unpause()

    def stop(self) -> None:
        if self._made:
            self._container.get_wrapped_container().stop(timeout=STOP_WITHIN_S)

    def remove(self) -> None:
        if self._kept is not None:
            self._kept.close()
        self._remover.communicate()
        self._container.get_docker_client().client.close()

    def _ended(self) -> bool:
        time.sleep(LOOK_AGAIN_S)
        try:
            self._container.reload()
        except NotFound:
            return True
        return self._container.status in {"exited", "dead"}

    def _log(self) -> str:
        log: bytes = self._container.get_wrapped_container().logs(tail=LINES_OF_LOG)
        return log.decode("utf-8", "replace")
