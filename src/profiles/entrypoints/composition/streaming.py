"""Produce and process: a source into Kafka, and Kafka into the stores."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from threading import Event

from profiles.adapters import codec
from profiles.adapters.retrying import PatientRetry
from profiles.application.errors import AWAY
from profiles.application.ingest.consume import Consumer
from profiles.application.ingest.produce import Producer
from profiles.application.ledger.joining import join
from profiles.application.log.deciding import Rules
from profiles.application.policy.adopting import adopt
from profiles.domain.tally import Tally
from profiles.entrypoints.addresses import StoreAddresses
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.cluster import cluster
from profiles.entrypoints.composition.decoding import decoding
from profiles.entrypoints.composition.extras import require
from profiles.entrypoints.composition.ledgers import LedgerSettings, ledger
from profiles.entrypoints.composition.metrics import Observing
from profiles.entrypoints.composition.stores import deciding_store, following_store
from profiles.entrypoints.composition.waiting import Opening, StoppedError
from profiles.entrypoints.gc_tuning import infrequent_collection
from profiles.entrypoints.policy import DEFAULT, PolicySource


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSettings:
    """Which topic of which cluster.

    address: what `--kafka` says, so without a password.
    partitions, replication: of a topic that has to be made; -1 for the cluster's default.
    """

    address: str
    topic: str
    partitions: int = 4
    replication: int = -1


def _nobody_looks(_tally: Tally) -> None:
    """Take the tally of a chunk, where nobody wants to see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSettings:
    """What a consumer does; without progress and observing it can be pickled, and holds no secret.

    group: shares the partitions among its readers.
    envelope: what its messages are in, as `--envelope` says it.
    """

    kafka: KafkaSettings
    stores: StoreAddresses
    group: str
    ledger: LedgerSettings = field(default_factory=LedgerSettings)
    as_of: date | None = None
    envelope: str | None = None
    policy: PolicySource = DEFAULT
    progress: Callable[[Tally], None] = _nobody_looks
    observing: Observing = field(default_factory=Observing)


@contextmanager
def producing(  # noqa: PLR0913 - what a job depends on, named one by one
    kafka: KafkaSettings,
    *,
    stop: Event,
    once: bool = False,
    policy: PolicySource = DEFAULT,
    hurry: Event | None = None,
    observing: Observing | None = None,
) -> Generator[Producer]:
    """Make the topic if it is missing, and open it for writing.

    once: gives up where Kafka is away; else it is waited for until `stop` is set.
    hurry: once it is set, what Kafka has not acknowledged is given up.

    Raises:
        StoppedError: `stop` was set while Kafka was waited for.
        UsageError, LogError: Kafka can't be used.
    """
    require("profiles.adapters.kafka", extra="kafka")
    from profiles.adapters.kafka import KafkaLogLookup, KafkaPublisher, Topics, TopicSettings

    wanted = TopicSettings(
        name=kafka.topic, partitions=kafka.partitions, replication=kafka.replication
    )
    brokers, told = cluster(kafka.address), observing or Observing()
    opening = Opening(once=once, stop=stop)
    try:
        opening(lambda: Topics(brokers).ensure(wanted, stop=stop))
    except AWAY:
        if stop.is_set():
            raise StoppedError from None
        raise
    with (
        told.watch(log=lambda: closing(KafkaLogLookup(brokers, kafka.topic))),
        closing(KafkaPublisher(brokers, kafka.topic, stop=stop, hurry=hurry)) as publisher,
        infrequent_collection(),
    ):
        yield Producer(
            publisher=publisher,
            rules=Rules(policy=policy.read(), decode=codec.decode_for_deciding),
            encode=codec.encode,
            clock=now,
            progress=told.producing,
        )


@contextmanager
def consuming(settings: ProcessSettings, *, stop: Event, once: bool = False) -> Generator[Consumer]:
    """Open the stores and the ledger, make topics that are missing, and join the group.

    once: gives up where one of them is away; else it is waited for until `stop` is set.

    Raises:
        StoppedError: `stop` was set while one of them was waited for.
        UsageError, StoreError, LedgerError, LogError: one of them can't be used.
    """
    require("profiles.adapters.kafka", extra="kafka")
    from profiles.adapters.kafka import (
        KafkaLog,
        KafkaLogLookup,
        KafkaRejectedSink,
        Topics,
        TopicSettings,
        rejected_topic,
    )

    kafka, policy = settings.kafka, settings.policy.read()
    brokers = cluster(kafka.address)  # refuses an address before anything is made
    topics = Topics(brokers)
    with ExitStack() as stack:
        opening = Opening(once=once, stop=stop)
        store = opening(
            lambda: stack.enter_context(deciding_store(settings.stores.deciding, create=True))
        )
        opening(lambda: adopt(store, policy, accept=settings.policy.accept_change, now=now()))
        applied = opening(store.ledger)
        entries = opening(
            lambda: stack.enter_context(
                ledger(settings.ledger, kafka=brokers, applied=applied, stop=stop)
            )
        )
        opening(lambda: join(store, entries, accept=settings.ledger.accept_new))
        following = opening(lambda: stack.enter_context(following_store(settings.stores.following)))
        wanted = TopicSettings(
            name=kafka.topic, partitions=kafka.partitions, replication=kafka.replication
        )
        topic = opening(lambda: topics.ensure(wanted, stop=stop))
        of_rejected = rejected_topic(kafka.topic, replication=kafka.replication)
        opening(lambda: topics.ensure(of_rejected, stop=stop))
        rejected = stack.enter_context(closing(KafkaRejectedSink(brokers, kafka.topic)))
        log = stack.enter_context(closing(KafkaLog(brokers, topic, group=settings.group)))
        stack.enter_context(
            settings.observing.watch(
                log=lambda: closing(KafkaLogLookup(brokers, kafka.topic)),
                store=store,
                following=following,
            )
        )
        stack.enter_context(infrequent_collection())
        yield Consumer(
            log=log,
            store=store,
            ledger=entries,
            rejected=rejected,
            rules=Rules(policy=policy, decode=decoding(settings.envelope), as_of=settings.as_of),
            clock=now,
            retry=PatientRetry(),
            following=following,
            progress=settings.progress,
            metrics=settings.observing.metrics,
        )
