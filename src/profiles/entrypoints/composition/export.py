"""The stores and logs in which `profiles export` looks for a person."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from profiles.adapters import codec
from profiles.application.ledger.joining import checked_view
from profiles.application.ports.ledger import AppliedLedger
from profiles.application.rights.access import LedgerToRead, Named, PersonExporter
from profiles.application.rights.log_records import TopicSearcher
from profiles.domain.policy import PrivacyPolicy
from profiles.entrypoints.addresses import SqliteAddress, StoreAddresses
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.cluster import cluster
from profiles.entrypoints.composition.doctor import ExaminedSettings, existing_ledger
from profiles.entrypoints.composition.extras import require
from profiles.entrypoints.composition.ledgers import LedgerSettings
from profiles.entrypoints.composition.stores import deciding_store, existing_log, following_store
from profiles.entrypoints.policy import DEFAULT, PolicySource


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSettings:
    """Where a person's data may be.

    kafka: the cluster with the log, or None. topic: of the log.
    data: folder of the embedded engine's log; None for the store's own.
    ledger: where the erasure ledger is.
    progress: is told how many records of the topic were looked at.
    """

    stores: StoreAddresses
    kafka: str | None = None
    topic: str = "user_data_topic"
    data: Path | None = None
    policy: PolicySource = DEFAULT
    ledger: LedgerSettings = field(default_factory=LedgerSettings)
    progress: Callable[[int], None] = lambda _looked_at: None

    @property
    def log_path(self) -> Path:
        """The embedded engine's log."""
        deciding = self.stores.deciding
        beside = deciding.path.parent if isinstance(deciding, SqliteAddress) else Path()
        return (self.data or beside) / "log.sqlite"


@contextmanager
def exporter(settings: ExportSettings) -> Generator[PersonExporter]:
    """Open all that is there; nothing is made or changed.

    Raises:
        UsageError, StoreError, LogError, LedgerError: a store, a log or the ledger can't be used,
            or is not there.
    """
    policy = settings.policy.read()
    deciding, following = settings.stores.deciding, settings.stores.following
    with (
        deciding_store(deciding, create=False) as store,
        following_store(following, create=False) as followed,
        existing_log(settings.log_path) as log,
        _topic(settings, policy) as topic,
        _ledger(settings, store.ledger()) as ledger,
    ):
        yield PersonExporter(
            named=Named(
                deciding=f"SQLite file {deciding.name}"
                if isinstance(deciding, SqliteAddress)
                else deciding.name,
                following=None if following is None else following.name,
            ),
            store=store,
            following=followed,
            log=log,
            topic=topic,
            policy=policy,
            ledger=ledger,
        )


@contextmanager
def _ledger(settings: ExportSettings, applied: AppliedLedger) -> Generator[LedgerToRead | None]:
    """Open the ledger; None where nothing says where it is, or there never was one."""
    where = ExaminedSettings(
        stores=settings.stores, kafka=settings.kafka, ledger=settings.ledger, data=settings.data
    )
    file = where.ledger_file
    named = settings.kafka is not None or settings.ledger.file is not None
    beside = isinstance(settings.stores.deciding, SqliteAddress) or settings.data is not None
    there = file is None or file.is_file()
    if not there and not (applied.head.number and (named or beside)):
        yield None
        return
    with existing_ledger(where)(applied.head.number) as ledger:
        checked_view(applied, ledger)
        yield LedgerToRead(history=ledger, keyring=where.keyring)


@contextmanager
def _topic(settings: ExportSettings, policy: PrivacyPolicy) -> Generator[TopicSearcher | None]:
    if settings.kafka is None:
        yield None
        return
    require("profiles.adapters.kafka", extra="kafka")
    from profiles.adapters.kafka import KafkaSearch

    with closing(KafkaSearch(cluster(settings.kafka), settings.topic)) as search:
        yield TopicSearcher(
            topic=search,
            decode=codec.decode,
            policy=policy,
            read_at=now(),
            progress=settings.progress,
        )
