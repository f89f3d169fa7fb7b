"""What the records of processing are told of the configuration; nothing is opened or asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from profiles.application.policy.places import Facility, Kind, Processing
from profiles.entrypoints.addresses import (
    CassandraAddress,
    DecidingAddress,
    MongoAddress,
    SqliteAddress,
    StoreAddresses,
    read_kafka,
)
from profiles.entrypoints.composition.ledgers import LedgerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSettings:
    """What a pipeline is joined to, as far as it is told.

    stores: None where none is named.
    kafka: of the cluster, or None for the embedded engine. topic: of the log.
    data: folder of the embedded engine's log and ledger; None for the store's own.
    k: of the page.
    """

    stores: StoreAddresses | None
    kafka: str | None
    topic: str
    data: Path | None
    ledger: LedgerSettings
    k: int


def processing_of(settings: RecordedSettings) -> Processing:
    """Tell where data lies.

    Raises:
        UsageError: what `kafka` says has another form.
    """
    stores, kafka, ledger = settings.stores, settings.kafka, settings.ledger
    deciding = None if stores is None else stores.deciding
    following = None if stores is None else stores.following
    beside = deciding.path.parent if isinstance(deciding, SqliteAddress) else Path()
    folder = settings.data or beside
    log = _file(folder / "log.sqlite") if kafka is None else _cluster(kafka)
    in_file = ledger.file or (folder / "ledger.sqlite" if kafka is None else None)
    return Processing(
        deciding=None if deciding is None else _deciding(deciding),
        following=None if following is None else _server(Kind.CASSANDRA, following),
        log=log,
        topic=settings.topic,
        ledger=log if in_file is None else _file(in_file),
        ledger_topic=ledger.topic,
        k=settings.k,
    )


def _file(path: Path) -> Facility:
    return Facility(kind=Kind.FILE, name=str(path))


def _deciding(address: DecidingAddress) -> Facility:
    if isinstance(address, SqliteAddress):
        return _file(address.path)
    return _server(Kind.MONGODB, address)


def _server(kind: Kind, address: MongoAddress | CassandraAddress) -> Facility:
    login = address.username is not None
    return Facility(kind=kind, name=address.name, tls=address.tls, login=login)


def _cluster(kafka: str) -> Facility:
    address = read_kafka(kafka)
    return Facility(
        kind=Kind.KAFKA,
        name=f"Kafka at {address.servers}",
        tls=address.tls,
        login=address.username is not None,
    )
