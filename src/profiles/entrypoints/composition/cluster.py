"""A cluster of Kafka, by what `--kafka` says, with the password of who logs in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profiles.domain.errors import UsageError
from profiles.entrypoints.addresses import read_kafka
from profiles.entrypoints.composition.extras import require
from profiles.entrypoints.secrets import KAFKA_PASSWORD, required_secret

if TYPE_CHECKING:
    from profiles.adapters.kafka import Cluster


def cluster(kafka: str) -> Cluster:
    """Return the cluster that `--kafka` names.

    Raises:
        UsageError: it has another form; the password is not set, or can't be read; the libraries
            are missing.
    """
    require("profiles.adapters.kafka", extra="kafka")
    from profiles.adapters.kafka import DEFAULT_MECHANISM, MECHANISMS, Cluster

    address = read_kafka(kafka)
    mechanism = address.mechanism or DEFAULT_MECHANISM
    if mechanism not in MECHANISMS:
        raise UsageError(f"--kafka takes a mechanism of {', '.join(MECHANISMS)}.")
    return Cluster(
        servers=address.servers,
        username=address.username,
        password=None
        if address.username is None
        else required_secret(KAFKA_PASSWORD, of="--kafka"),
        mechanism=mechanism,
        tls=address.tls,
        ca=address.ca,
    )
