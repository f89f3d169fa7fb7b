"""The stores, the ledger and the log of `profiles rectify`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from threading import Event
from typing import Final

from profiles.adapters.retrying import PatientRetry
from profiles.application.ingest.embedded import EmbeddedEngine
from profiles.application.ingest.partition_task import PartitionTask
from profiles.application.ledger.joining import checked_view
from profiles.application.log.deciding import Rules
from profiles.application.ports.ledger import Ledger
from profiles.application.ports.recipients import Recipient
from profiles.application.ports.stores import DecidingStore, FollowingStore
from profiles.application.rights.correction_logs import EmbeddedCorrections, TopicCorrections
from profiles.application.rights.rectifying import CorrectionLog, Rectifier
from profiles.domain.errors import UsageError
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.cluster import cluster
from profiles.entrypoints.composition.decoding import decoding
from profiles.entrypoints.composition.erasing import request_ledger
from profiles.entrypoints.composition.extras import require
from profiles.entrypoints.composition.installation import InstallationSettings, existing_ledger
from profiles.entrypoints.composition.stores import deciding_store, existing_log, following_store

_ANSWER_S: Final = 30.0


@contextmanager
def rectifying(
    settings: InstallationSettings,
    *,
    recipients: Sequence[Recipient],
    stop: Event,
    told: Callable[[str], None],
) -> Generator[Rectifier]:
    """Open them all; none is made.

    recipients: who is told of the correction. stop: ends the waiting.
    told: is told in a sentence what is waited for or done.

    Raises:
        UsageError, StoreError, LedgerError, LogError: one of them can't be used, or is not there.
    """
    following_at = settings.stores.following
    rules = Rules(policy=settings.policy.read(), decode=decoding(settings.envelope))
    with ExitStack() as stack:
        store = stack.enter_context(deciding_store(settings.stores.deciding, create=False))
        following = stack.enter_context(following_store(following_at, create=False))
        ledger = stack.enter_context(existing_ledger(settings)(store.ledger().head.number))
        checked_view(store.ledger(), ledger)
        yield Rectifier(
            store=store,
            following=following,
            ledger=ledger,
            requests=request_ledger(settings, ledger, recipients),
            log=_embedded(settings, store, ledger, rules, stack)
            if settings.kafka is None
            else _topic(settings, settings.kafka, store, following, ledger, rules, stop, stack),
            rules=rules,
            clock=now,
            pause=stop.wait,
            told=told,
            name=settings.stores.deciding.name,
            following_name=None if following_at is None else following_at.name,
        )


def _embedded(
    settings: InstallationSettings,
    store: DecidingStore,
    ledger: Ledger,
    rules: Rules,
    stack: ExitStack,
) -> CorrectionLog:
    path = settings.log_file
    log = stack.enter_context(existing_log(path))
    if log is None or settings.stores.following is not None:
        raise UsageError(
            f"There is no log at {path} that these stores are made from; name its folder with"
            " --data, or the cluster with --kafka if the records come from there."
        )
    engine = EmbeddedEngine(log=log, store=store, ledger=ledger, rules=rules, clock=now)
    return EmbeddedCorrections(log=log, catch_up=engine.catch_up, clock=now, name=str(path))


def _topic(  # noqa: PLR0913, PLR0917 - all that a task of a partition is joined to
    settings: InstallationSettings,
    kafka: str,
    store: DecidingStore,
    following: FollowingStore | None,
    ledger: Ledger,
    rules: Rules,
    stop: Event,
    stack: ExitStack,
) -> CorrectionLog:
    require("profiles.adapters.kafka", extra="kafka")
    from profiles.adapters.kafka import (
        KafkaLogLookup,
        KafkaPublisher,
        KafkaRejectedSink,
        Topics,
    )

    brokers = cluster(kafka)
    topic = Topics(brokers).existing(settings.topic)
    if topic is None:
        raise UsageError(
            f"There is no topic {settings.topic} at {brokers}; name the one that is read with"
            " --topic."
        )
    publisher = stack.enter_context(closing(KafkaPublisher(brokers, topic.name, stop=stop)))
    rejected = stack.enter_context(closing(KafkaRejectedSink(brokers, topic.name)))
    lookup = stack.enter_context(closing(KafkaLogLookup(brokers, topic.name)))
    task = PartitionTask(
        store=store,
        ledger=ledger,
        rejected=rejected,
        lookup=lookup,
        open_reader=partial(KafkaLogLookup, brokers, topic.name),
        rules=rules,
        clock=now,
        retry=PatientRetry(),
        following=following,
        stop=stop,
    )
    return TopicCorrections(
        publisher=publisher,
        partition=topic.partition,
        store=store,
        process=task.process_range,
        name=f"topic {topic.name}",
        within_s=_ANSWER_S,
    )
