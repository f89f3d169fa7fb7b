"""Everything that `profiles doctor` asks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from profiles.adapters.sqlite import SqliteLogProbe, SqliteProbe
from profiles.application.assurance.checks import FileFacts
from profiles.application.assurance.doctor import Doctor, LogToExamine
from profiles.application.ports.ledger import Keyring
from profiles.application.ports.probes import DecidingProbe, EmbeddedLogProbe, FollowingProbe
from profiles.entrypoints.addresses import (
    CassandraAddress,
    DecidingAddress,
    SqliteAddress,
)
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.cluster import cluster
from profiles.entrypoints.composition.decoding import decoding
from profiles.entrypoints.composition.extras import require
from profiles.entrypoints.composition.installation import InstallationSettings, existing_ledger
from profiles.entrypoints.composition.ledgers import keyring
from profiles.entrypoints.composition.stores import cassandra_settings, mongo_password


def doctor(settings: InstallationSettings, *, k: int | None) -> Doctor:
    """Join all that is to be asked; `k` is that of the page, or None.

    Raises:
        UsageError: the libraries of something named are missing.
    """
    following = settings.stores.following
    return Doctor(
        deciding=_deciding(settings.stores.deciding),
        following=None if following is None else _following(following),
        log=None if settings.kafka is None else _log(settings, settings.kafka),
        embedded_log=_embedded_log(settings),
        ledger=existing_ledger(settings),
        keyring=_keyring(settings),
        files=_files(settings),
        policy=settings.policy.read(),
        k=k,
        urls=1 if following is None else 2,
        clock=now,
    )


def _keyring(settings: InstallationSettings) -> Keyring | None:
    named = settings.ledger.keys is not None or settings.ledger_file is not None
    return keyring(settings.ledger.keys, settings.ledger_file) if named else None


def _deciding(address: DecidingAddress) -> DecidingProbe:
    if isinstance(address, SqliteAddress):
        return SqliteProbe(address.path, name=address.name)
    require("profiles.adapters.mongo", extra="mongo")
    from profiles.adapters.mongo import MongoProbe

    return MongoProbe(
        address.url,
        address.database,
        name=address.name,
        clock=now,
        password=mongo_password(address),
    )


def _following(address: CassandraAddress) -> FollowingProbe:
    require("profiles.adapters.cassandra", extra="cassandra")
    from profiles.adapters.cassandra import CassandraProbe

    return CassandraProbe(cassandra_settings(address), name=address.name, clock=now)


def _log(settings: InstallationSettings, kafka: str) -> LogToExamine:
    require("profiles.adapters.kafka", extra="kafka")
    from profiles.adapters.kafka import KafkaProbe, TopicSettings, ledger_topic, rejected_topic

    rejected = rejected_topic(settings.topic)
    in_topic = settings.ledger_file is None
    topics = [TopicSettings(name=settings.topic), rejected, ledger_topic(settings.ledger.topic)]
    return LogToExamine(
        probe=KafkaProbe(cluster(kafka), topics),
        topic=settings.topic,
        rejected=rejected.name,
        ledger=settings.ledger.topic if in_topic else None,
        decode=decoding(settings.envelope),
    )


def _embedded_log(settings: InstallationSettings) -> EmbeddedLogProbe | None:
    path = settings.log_file
    return SqliteLogProbe(path) if settings.kafka is None and path.is_file() else None


def _files(settings: InstallationSettings) -> Sequence[FileFacts]:
    """Look at the files that hold persons, those that SQLite puts beside them included."""
    names: list[Path] = []
    deciding = settings.stores.deciding
    if isinstance(deciding, SqliteAddress):
        names.append(deciding.path)
    if settings.kafka is None:
        names.append(settings.log_file)
    if settings.ledger_file is not None:
        names.append(settings.ledger_file)
    files = [Path(f"{name}{suffix}") for name in names for suffix in ("", "-wal", "-shm")]
    return [FileFacts(path=path, mode=path.stat().st_mode) for path in files if path.is_file()]
