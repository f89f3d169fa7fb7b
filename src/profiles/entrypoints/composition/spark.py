"""Kafka into the stores, on Spark: the job in the driver, and its tasks in the workers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any, Final

from profiles.adapters.retrying import PatientRetry
from profiles.application.following.outbox import Outbox
from profiles.application.ingest.erasing import LedgerWatch
from profiles.application.ingest.partition_task import PartitionTask
from profiles.application.ingest.retention import RetentionSweeper
from profiles.application.ledger.joining import join
from profiles.application.log.deciding import Rules
from profiles.application.log.records import LogPartition
from profiles.application.policy.adopting import adopt
from profiles.domain.errors import UsageError
from profiles.domain.tally import Tally
from profiles.entrypoints.addresses import SqliteAddress, StoreAddresses
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.cluster import cluster
from profiles.entrypoints.composition.decoding import decoding
from profiles.entrypoints.composition.extras import require
from profiles.entrypoints.composition.ledgers import LedgerSettings, ledger
from profiles.entrypoints.composition.metrics import Observing
from profiles.entrypoints.composition.stores import deciding_store, following_store
from profiles.entrypoints.composition.streaming import KafkaSettings
from profiles.entrypoints.composition.waiting import Opening
from profiles.entrypoints.gc_tuning import infrequent_collection
from profiles.entrypoints.log_output import json_handler, log_to, writes_json
from profiles.entrypoints.policy import DEFAULT, PolicySource
from profiles.entrypoints.secrets import KAFKA_PASSWORD, lend_secret

if TYPE_CHECKING:
    from profiles.adapters.spark import BatchProgress, SessionSettings, SparkStream


OpenSession = Callable[["SessionSettings"], AbstractContextManager[Any]]

_DAEMON: Final = "profiles.entrypoints.spark_daemon"

_KEPT: Final[list[ExitStack]] = []
"""What a worker has opened: as long as its process lives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SparkSettings:
    """What a Spark job does, and where.

    checkpoint: a folder on any filesystem that Spark knows.
    envelope: what the topic's messages are in, as `--envelope` says it.
    master, cores: of a cluster, or of this machine; not used by `spark-submit`.
    configuration: Spark's own settings.
    batch_records, trigger_s: see `StreamSettings`.
    """

    kafka: KafkaSettings
    stores: StoreAddresses
    checkpoint: str
    ledger: LedgerSettings = field(default_factory=LedgerSettings)
    as_of: date | None = None
    envelope: str | None = None
    policy: PolicySource = DEFAULT
    master: str | None = None
    cores: int | None = None
    configuration: tuple[tuple[str, str], ...] = ()
    batch_records: int = 200_000
    trigger_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareSettings:
    """What a worker opens; calling it opens it for good, for a worker has no end that is told.

    It is pickled into the job, so it holds no secret.

    json_log: whether its log is written as JSON, as the driver's is.
    """

    kafka: KafkaSettings
    stores: StoreAddresses
    ledger: LedgerSettings
    as_of: date | None
    envelope: str | None
    policy: PolicySource = DEFAULT
    json_log: bool = False

    def __call__(self) -> PartitionTask:
        """Open stores, ledger and log; wait for those that are away.

        Raises:
            UsageError, LedgerError: one of them can't be used.
        """
        # A worker is a process of its own.
        log_to(json_handler() if self.json_log else logging.StreamHandler())
        return PatientRetry()(self._opened, given_up=lambda: False)

    def _opened(self) -> PartitionTask:
        from profiles.adapters.kafka import KafkaLogLookup, KafkaRejectedSink

        kafka, brokers = self.kafka, cluster(self.kafka.address)
        with ExitStack() as stack:
            store = stack.enter_context(deciding_store(self.stores.deciding, create=False))
            entries = stack.enter_context(
                ledger(
                    self.ledger,
                    kafka=brokers,
                    applied=store.ledger(),
                    stop=Event(),
                )
            )
            join(store, entries)
            following = stack.enter_context(following_store(self.stores.following))
            stack.enter_context(infrequent_collection())
            task = PartitionTask(
                store=store,
                ledger=entries,
                rejected=KafkaRejectedSink(brokers, kafka.topic),
                lookup=KafkaLogLookup(brokers, kafka.topic),
                open_reader=partial(KafkaLogLookup, brokers, kafka.topic),
                rules=Rules(
                    policy=self.policy.read(), decode=decoding(self.envelope), as_of=self.as_of
                ),
                clock=now,
                retry=PatientRetry(),
                following=following,
            )
            _KEPT.append(stack.pop_all())  # or all would be closed when nothing refers to it
        return task


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """Who is told how the job goes."""

    tally: Callable[[Tally], None] = field(default=lambda _tally: None)
    progress: Callable[[BatchProgress], None] = field(default=lambda _progress: None)
    observing: Observing = field(default_factory=Observing)

    def batch(self, tally: Tally) -> None:
        """Tell of what a task has done with its part of a batch."""
        self.tally(tally)
        self.observing.metrics.counted(tally)

    def ended(self, progress: BatchProgress) -> None:
        """Tell how a batch went."""
        self.progress(progress)
        self.observing.metrics.took(progress.seconds)


@contextmanager
def spark_stream(
    settings: SparkSettings,
    *,
    stop: Event,
    once: bool = False,
    watching: Watching | None = None,
    open_session: OpenSession | None = None,
) -> Generator[SparkStream]:
    """Make stores and topics that are missing, start Spark, and join them.

    once: gives up where one of them is away; else it is waited for.
    open_session: gives the Spark session, for those who have one already.

    Raises:
        UsageError, StoreError, LedgerError, LogError: one of them can't be used.
    """
    require("profiles.adapters.kafka", extra="kafka")
    require("profiles.adapters.spark", extra="spark")
    from profiles.adapters.kafka import KafkaLogLookup, Topics, TopicSettings, rejected_topic
    from profiles.adapters.spark import SessionSettings, SparkStream, StreamSettings, spark_session

    kafka, policy, observer = settings.kafka, settings.policy.read(), watching or Watching()
    _check_reach(settings)
    brokers = cluster(kafka.address)  # refuses an address before anything is made
    topics = Topics(brokers)
    with ExitStack() as stack:
        opening = Opening(once=once, stop=stop)
        store = opening(
            lambda: stack.enter_context(deciding_store(settings.stores.deciding, create=True))
        )
        opening(lambda: adopt(store, policy, accept=settings.policy.accept_change, now=now()))
        applied = opening(store.ledger)
        # Better said here than by four attempts of a task that one of them does not fit.
        entries = opening(
            lambda: stack.enter_context(
                ledger(settings.ledger, kafka=brokers, applied=applied, stop=stop)
            )
        )
        opening(lambda: join(store, entries, accept=settings.ledger.accept_new))
        following = opening(lambda: stack.enter_context(following_store(settings.stores.following)))
        opening(Outbox(store=store, following=following).deliver)
        sweep = RetentionSweeper(store=store, clock=now, followed=following is not None)
        watch = LedgerWatch(store=store, ledger=entries, following=following)

        def housekeeping() -> None:
            observer.observing.metrics.turned()
            sweep()
            watch()

        wanted = TopicSettings(
            name=kafka.topic, partitions=kafka.partitions, replication=kafka.replication
        )
        topic = opening(lambda: topics.ensure(wanted, stop=stop))
        if brokers.password is not None:
            lend_secret(KAFKA_PASSWORD, fit_for_java(brokers.password))
        topics.ensure(rejected_topic(kafka.topic, replication=kafka.replication), stop=stop)
        stack.enter_context(
            observer.observing.watch(
                log=lambda: closing(KafkaLogLookup(brokers, kafka.topic)),
                store=store,
                following=following,
            )
        )
        starts = None
        if settings.stores.following is None:
            positions = {n: store.position(topic.partition(n)) for n in range(topic.partitions)}
            starts = {n: -2 if p is None else p for n, p in positions.items()}
        session = stack.enter_context(
            (open_session or spark_session)(
                SessionSettings(
                    cores=settings.cores,
                    master=settings.master,
                    daemon=_DAEMON,
                    configuration=dict(settings.configuration),
                )
            )
        )

        def partitions() -> list[LogPartition]:
            found = topics.describe(kafka.topic)
            return [found.partition(number) for number in range(found.partitions)]

        yield SparkStream(
            spark=session,
            settings=StreamSettings(
                kafka=brokers.servers,
                security=brokers.java_security(password_variable=KAFKA_PASSWORD),
                topic=kafka.topic,
                checkpoint=settings.checkpoint,
                starts=starts,
                batch_records=settings.batch_records,
                trigger_s=settings.trigger_s,
            ),
            open_task=ShareSettings(
                kafka=kafka,
                stores=settings.stores,
                ledger=settings.ledger.for_others(),
                as_of=settings.as_of,
                envelope=settings.envelope,
                policy=settings.policy,
                json_log=writes_json(),
            ),
            describe=partitions,
            housekeeping=housekeeping,
            finish=watch.apply,
            on_tally=observer.batch,
            on_progress=observer.ended,
        )


def fit_for_java(password: str) -> str:
    """Refuse a password that Java's form of a login could not quote."""
    if set(password) & set('"\\\n'):
        raise UsageError(
            "Spark can't log in to Kafka with a password that has a quote, a backslash or a line"
            " break; give the user another."
        )
    return password


def _check_reach(settings: SparkSettings) -> None:
    """Refuse files that the workers of a cluster would not find.

    Raises:
        UsageError: a store or the ledger is a file, and the workers are on other machines.
    """
    in_files = isinstance(settings.stores.deciding, SqliteAddress) or settings.ledger.file
    if in_files and settings.master is not None and not settings.master.startswith("local"):
        raise UsageError(
            "The workers of a cluster can't reach a store or ledger in a file of this machine. Use"
            " MongoDB as the deciding store, and the ledger's topic."
        )
