"""The stores and logs in which `profiles export` looks for a person."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing, contextmanager

from profiles.adapters import codec
from profiles.application.ledger.joining import checked_view
from profiles.application.ports.ledger import AppliedLedger
from profiles.application.rights.access import LedgerToRead, Named, PersonExporter
from profiles.application.rights.log_records import TopicSearcher
from profiles.domain.policy import PrivacyPolicy
from profiles.entrypoints.addresses import SqliteAddress
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.cluster import cluster
from profiles.entrypoints.composition.extras import require
from profiles.entrypoints.composition.installation import InstallationSettings, existing_ledger
from profiles.entrypoints.composition.stores import deciding_store, existing_log, following_store


@contextmanager
def exporter(
    settings: InstallationSettings, *, progress: Callable[[int], None]
) -> Generator[PersonExporter]:
    """Open all that is there; nothing is made or changed.

    progress: is told how many records of the topic were looked at.

    Raises:
        UsageError, StoreError, LogError, LedgerError: a store, a log or the ledger can't be used,
            or is not there.
    """
    policy = settings.policy.read()
    deciding, following = settings.stores.deciding, settings.stores.following
    with (
        deciding_store(deciding, create=False) as store,
        following_store(following, create=False) as followed,
        existing_log(settings.log_file) as log,
        _topic(settings, policy, progress) as topic,
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
def _ledger(
    settings: InstallationSettings, applied: AppliedLedger
) -> Generator[LedgerToRead | None]:
    """Open the ledger; None where nothing says where it is, or there never was one."""
    file = settings.ledger_file
    named = settings.kafka is not None or settings.ledger.file is not None
    beside = isinstance(settings.stores.deciding, SqliteAddress) or settings.data is not None
    there = file is None or file.is_file()
    if not there and not (applied.head.number and (named or beside)):
        yield None
        return
    with existing_ledger(settings)(applied.head.number) as ledger:
        checked_view(applied, ledger)
        yield LedgerToRead(history=ledger, keyring=settings.keyring)


@contextmanager
def _topic(
    settings: InstallationSettings, policy: PrivacyPolicy, progress: Callable[[int], None]
) -> Generator[TopicSearcher | None]:
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
            progress=progress,
        )
