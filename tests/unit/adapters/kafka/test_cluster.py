"""What each kind of client is told about how a cluster is reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from profiles.adapters.kafka import MECHANISMS, Cluster
from profiles.adapters.kafka.connection import client_settings
from profiles.domain.errors import UsageError
from profiles.entrypoints.composition.cluster import cluster
from profiles.entrypoints.composition.spark import fit_for_java

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


@pytest.mark.parametrize("address", ["h1:9092,h2:9092", OPEN])
def test_an_open_cluster_needs_no_more_than_its_servers(address: str | Cluster) -> None:
    settings = client_settings(address, name="somebody")

    assert settings["bootstrap.servers"] == "h1:9092,h2:9092"
    assert settings["security.protocol"] == "PLAINTEXT"
    assert not [name for name in settings if name.startswith(("sasl.", "ssl."))]


def test_our_clients_are_told_who_logs_in_and_whom_to_trust() -> None:
    settings = client_settings(GUARDED, name="somebody")

    assert settings["security.protocol"] == "SASL_SSL"
    assert settings["sasl.mechanism"] == "SCRAM-SHA-512"
    assert (settings["sasl.username"], settings["sasl.password"]) == ("writer", "Opensesame")
    assert settings["ssl.ca.location"] == "/etc/ca.pem"


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_clients_in_java_are_told_where_the_password_is_and_not_what(mechanism: str) -> None:
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


def test_an_open_cluster_asks_nothing_of_clients_in_java() -> None:
    assert OPEN.java_security(password_variable="THERE") == {"security.protocol": "PLAINTEXT"}


def test_an_unknown_mechanism_is_refused_with_those_that_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PROFILES_KAFKA_PASSWORD", "Opensesame")

    assert cluster("u@h:9092?mechanism=PLAIN").mechanism == "PLAIN"
    with pytest.raises(UsageError, match="SCRAM-SHA-512, SCRAM-SHA-256, PLAIN"):
        cluster("u@h:9092?mechanism=GSSAPI")


@pytest.mark.parametrize("password", ['a"b', "a\\b", "a\nb"])
def test_what_java_could_not_quote_is_refused_and_not_repeated(password: str) -> None:
    assert fit_for_java("Open, sesame! $1 {a}") == "Open, sesame! $1 {a}"

    with pytest.raises(UsageError, match="a quote, a backslash or a line break") as refused:
        fit_for_java(password)

    assert password not in str(refused.value)
