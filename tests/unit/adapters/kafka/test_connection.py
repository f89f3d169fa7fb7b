from __future__ import annotations

from pathlib import Path

import pytest

from profiles.adapters.kafka import Cluster
from profiles.adapters.kafka.connection import client_settings
from profiles.adapters.kafka.settings import GROUP_READER, LEDGER_WRITER

OPEN = Cluster(servers="h1:9092,h2:9092")
GUARDED = Cluster(
    servers="h:9093", username="writer", password="Opensesame", tls=True, ca=Path("/etc/ca.pem")
)


@pytest.mark.parametrize("address", ["h1:9092,h2:9092", OPEN])
def test_an_open_cluster_needs_no_more_than_its_servers(address: str | Cluster) -> None:
    settings = client_settings(address, name="somebody")

    assert settings["bootstrap.servers"] == "h1:9092,h2:9092"
    assert settings["security.protocol"] == "PLAINTEXT"
    assert not [name for name in settings if name.startswith(("sasl.", "ssl."))]


def test_our_clients_get_user_password_and_certificate_authority() -> None:
    settings = client_settings(GUARDED, name="somebody")

    assert settings["security.protocol"] == "SASL_SSL"
    assert settings["sasl.mechanism"] == "SCRAM-SHA-512"
    assert (settings["sasl.username"], settings["sasl.password"]) == ("writer", "Opensesame")
    assert settings["ssl.ca.location"] == "/etc/ca.pem"


def test_a_broker_that_is_silent_is_given_up_after_longer_than_its_restart_takes() -> None:
    silent_ms = client_settings(OPEN, name="somebody")["socket.timeout.ms"]

    assert GROUP_READER["session.timeout.ms"] < silent_ms
    assert silent_ms < LEDGER_WRITER["transaction.timeout.ms"]
