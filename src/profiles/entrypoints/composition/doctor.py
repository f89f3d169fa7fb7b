"""Everything that `profiles doctor` asks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from profiles.adapters.sqlite import SqliteLedger, SqliteLogProbe, SqliteProbe
from profiles.application.assurance.checks import FileFacts
from profiles.application.assurance.doctor import Doctor, LogToExamine
from profiles.application.errors import LedgerError
from profiles.application.ledger.missing import RESTORE_OR_NAME, missing_ledger
from profiles.application.ports.ledger import Keyring, RecordedLedger
from profiles.application.ports.probes import DecidingProbe, EmbeddedLogProbe, FollowingProbe
from profiles.entrypoints.addresses import (
    CassandraAddress,
    DecidingAddress,
    SqliteAddress,
    StoreAddresses,
)
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.cluster import cluster
from profiles.entrypoints.composition.decoding import decoding
from profiles.entrypoints.composition.extras import require
from profiles.entrypoints.composition.ledgers import LedgerSettings, keyring
from profiles.entrypoints.composition.stores import cassandra_settings, mongo_password
from profiles.entrypoints.policy import DEFAULT, PolicySource


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminedSettings:
    """What a job is joined to.

    kafka: of the cluster, or None for the embedded engine. topic: of the log.
    data: folder of the embedded engine's log and ledger; None for the store's own.
    k: of the page, or None.
    envelope: what the topic's messages are in, as `--envelope` says it.
    """

    stores: StoreAddresses
    kafka: str | None
    ledger: LedgerSettings
    topic: str = "user_data_topic"
    data: Path | None = None
    policy: PolicySource = DEFAULT
    k: int | None = None
    envelope: str | None = None

    @property
    def folder(self) -> Path:
        """The embedded engine's."""
        deciding = self.stores.deciding
        beside = deciding.path.parent if isinstance(deciding, SqliteAddress) else Path()
        return self.data or beside

    @property
    def ledger_file(self) -> Path | None:
        """The erasure ledger's file, or None where it is a topic."""
        if self.ledger.file is None and self.kafka is not None:
            return None
        return self.ledger.file or self.folder / "ledger.sqlite"

    @property
    def keyring(self) -> Keyring:
        """Where the keys of the ledger lie."""
        return keyring(self.ledger.keys, self.ledger_file)


def doctor(settings: ExaminedSettings) -> Doctor:
    """Join all that is to be asked.

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
        k=settings.k,
        urls=1 if following is None else 2,
        clock=now,
    )


def _keyring(settings: ExaminedSettings) -> Keyring | None:
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


def _log(settings: ExaminedSettings, kafka: str) -> LogToExamine:
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


def _embedded_log(settings: ExaminedSettings) -> EmbeddedLogProbe | None:
    path = settings.folder / "log.sqlite"
    return SqliteLogProbe(path) if settings.kafka is None and path.is_file() else None


def existing_ledger(
    settings: ExaminedSettings,
) -> Callable[[int], AbstractContextManager[RecordedLedger]]:
    """Return what opens the ledger where it is there, and never makes it.

    It is given the position that the store has applied.
    """

    @contextmanager
    def opened(applied: int) -> Generator[RecordedLedger]:
        path = settings.ledger_file
        if path is not None:
            if not path.is_file():
                raise _missing(str(path), applied)
            keys = settings.keyring
            with closing(SqliteLedger.open(path, keys, applied=applied, create=False)) as in_file:
                yield in_file
            return
        require("profiles.adapters.kafka", extra="kafka")
        from profiles.adapters.kafka import KafkaLedger, Topics

        brokers = cluster(settings.kafka or "")
        topic = Topics(brokers).existing(settings.ledger.topic)
        if topic is None:
            raise _missing(f"topic {settings.ledger.topic}", applied)
        with closing(KafkaLedger(brokers, topic, settings.keyring)) as in_topic:
            yield in_topic

    return opened


def _missing(ledger: str, applied: int) -> LedgerError:
    if applied:
        return LedgerError(ledger, missing_ledger(applied), RESTORE_OR_NAME)
    happened = "is missing, and the store has applied none of it"
    remedy = (
        "`profiles run` or `profiles process` makes it for a store that was never used with one;"
        " else restore it, or name it."
    )
    return LedgerError(ledger, happened, remedy)


def _files(settings: ExaminedSettings) -> Sequence[FileFacts]:
    """Look at the files that hold persons, those that SQLite puts beside them included."""
    names: list[Path] = []
    deciding = settings.stores.deciding
    if isinstance(deciding, SqliteAddress):
        names.append(deciding.path)
    if settings.kafka is None:
        names.append(settings.folder / "log.sqlite")
    if settings.ledger_file is not None:
        names.append(settings.ledger_file)
    files = [Path(f"{name}{suffix}") for name in names for suffix in ("", "-wal", "-shm")]
    return [FileFacts(path=path, mode=path.stat().st_mode) for path in files if path.is_file()]
