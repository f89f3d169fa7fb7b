"""How each kind of client gets the address and the login of a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from profiles.adapters.kafka import MECHANISMS, Cluster

OPEN = Cluster(servers="h1:9092,h2:9092")
GUARDED = Cluster(
    servers="h:9093", username="writer", password="Opensesame", tls=True, ca=Path("/etc/ca.pem")
)


def test_a_cluster_shows_no_password() -> None:
    assert "Opensesame" not in repr(GUARDED)
    assert str(GUARDED) == "h:9093"


@pytest.mark.parametrize(
    ("username", "tls", "protocol"),
    [
        (None, False, "PLAINTEXT"),
        (None, True, "SSL"),
        ("writer", False, "SASL_PLAINTEXT"),
        ("writer", True, "SASL_SSL"),
    ],
)
def test_kafka_has_a_name_for_each_way(username: str | None, protocol: str, *, tls: bool) -> None:
    assert Cluster(servers="h:9092", username=username, tls=tls).protocol == protocol


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_settings_for_java_refer_to_the_password_and_do_not_hold_it(mechanism: str) -> None:
    guarded = Cluster(
        servers="h:9093",
        username='the "writer"',
        password="Opensesame",
        mechanism=mechanism,
        ca=Path("/etc/ca.pem"),
        tls=True,
    )

    settings = guarded.java_security(password_variable="THERE")

    module = "plain.PlainLoginModule" if mechanism == "PLAIN" else "scram.ScramLoginModule"
    assert settings["sasl.mechanism"] == mechanism
    assert settings["sasl.jaas.config"] == (
        f"org.apache.kafka.common.security.{module} required"
        r' username="the \"writer\"" password="${env:THERE}";'
    )
    assert settings["ssl.truststore.location"] == "/etc/ca.pem"
    assert "Opensesame" not in str(settings)


def test_settings_for_java_of_an_open_cluster_name_the_protocol_only() -> None:
    assert OPEN.java_security(password_variable="THERE") == {"security.protocol": "PLAINTEXT"}
