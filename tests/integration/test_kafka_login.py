"""Logging in to a real Kafka over TLS, with every client of ours, Spark's among them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from tests.support.guarded_servers import (
    KEYSTORE_PASSWORD,
    Certificates,
    certificates,
    local_server,
)
from tests.support.patience import PATIENCE_S
from tests.support.pipelines import PERSONS, Pipeline
from tests.support.services.free_ports import free_port

__all__ = ["certificates"]

pytestmark = pytest.mark.integration

USER, PASSWORD = "writer", "Open, sesame! $1 {a}"
VARIABLE = "PROFILES_KAFKA_PASSWORD"
SCRAM_LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule"
GUARDED = f"""
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={SCRAM_LOGIN} required;
ssl.keystore.type=PKCS12
ssl.keystore.location={{keystore}}
ssl.keystore.password={KEYSTORE_PASSWORD}
ssl.key.password={KEYSTORE_PASSWORD}
"""


@dataclass(frozen=True)
class GuardedBroker:
    """Where a broker asks who is there."""

    servers: str
    certificates: Certificates

    def at(self, user: str = f"{USER}@", ca: Path | None = None) -> str:
        """Write it as `--kafka` takes it."""
        return f"{user}{self.servers}?ca={ca or self.certificates.ca}"


@pytest.fixture(scope="module")
def broker(certificates: Certificates) -> Generator[GuardedBroker]:
    """A broker with a second listener, which knows one user."""
    broker = local_server("kafka")
    try:
        servers = f"127.0.0.1:{free_port()}"
        properties = broker.folder / "server.properties"
        lines = properties.read_text("utf-8").splitlines()
        properties.write_text(
            "\n".join(opened(line, servers) for line in lines)
            + GUARDED.format(keystore=certificates.keystore),
            "utf-8",
        )
        broker.start()
        admin = AdminClient({"bootstrap.servers": broker.address})
        known = UserScramCredentialUpsertion(
            USER, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), PASSWORD.encode()
        )
        for answer in admin.alter_user_scram_credentials([known]).values():
            answer.result(PATIENCE_S)
        yield GuardedBroker(servers, certificates)
    finally:
        broker.remove()


def opened(line: str, servers: str) -> str:
    """Add a listener to a line of the broker's configuration."""
    name, _, value = line.partition("=")
    if name in {"listeners", "advertised.listeners"}:
        return f"{name}={value},SASL_SSL://{servers}"
    if name == "listener.security.protocol.map":
        return f"{name}={value},SASL_SSL:SASL_SSL"
    return line


@pytest.fixture
def pipeline(broker: GuardedBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """A pipeline on the guarded broker; it goes with all that is in it."""
    monkeypatch.setenv(VARIABLE, PASSWORD)
    return Pipeline(kafka=broker.at(), folder=tmp_path)


def test_the_pipeline_works_for_who_logs_in(pipeline: Pipeline) -> None:
    pipeline.produce()
    done = pipeline.process()

    assert done.document["stored"] == PERSONS
    assert PASSWORD not in done.err
    examined = pipeline.run("doctor", *pipeline.into_stores, code=None)
    failing = [check["what"] for check in examined.document["checks"] if not check["ok"]]
    assert not [what for what in failing if what.startswith("Kafka at")]


def test_spark_works_for_who_logs_in(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.produce()
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n", "utf-8")
    path.chmod(0o600)
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv(f"{VARIABLE}_FILE", str(path))

    done = pipeline.run("spark", "--once", "--checkpoint", "checkpoint", *pipeline.into_stores)

    assert done.document["stored"] == PERSONS
    assert PASSWORD not in done.err
    kept = [each for each in (tmp_path / "checkpoint").rglob("*") if each.is_file()]
    assert kept
    assert not [each for each in kept if PASSWORD.encode() in each.read_bytes()]


def test_a_wrong_password_is_an_error(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "Opensesame")

    done = pipeline.run("process", "--once", *pipeline.into_stores, code=1)

    assert "it refused the login" in done.err
    assert "Opensesame" not in done.err
    assert "Traceback" not in done.err


def test_a_certificate_of_an_unknown_authority_is_an_error(
    broker: GuardedBroker, pipeline: Pipeline
) -> None:
    untrusting = Pipeline(
        kafka=broker.at(ca=broker.certificates.unknown_ca), folder=pipeline.folder
    )

    done = untrusting.run("produce", "--once", "--source", "simulator:limit=1", code=1)

    assert "certificate" in done.err
    assert "Traceback" not in done.err


def test_a_user_without_a_password_is_refused_with_where_to_put_one(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)

    done = pipeline.run("produce", "--once", "--source", "simulator:limit=1", code=2)

    assert f"--kafka names a user; put the password into the variable {VARIABLE}" in done.err
