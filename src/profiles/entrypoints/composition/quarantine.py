"""The store, the ledger and the log of what was rejected and is taken up again."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from threading import Event

from profiles.adapters import codec
from profiles.application.ledger.joining import checked_view
from profiles.application.log.deciding import Rules
from profiles.application.ports.logs import LogReader
from profiles.application.quarantine.appending import Append, appending_to, publishing
from profiles.application.quarantine.embedded_log import EmbeddedLogReader
from profiles.application.quarantine.retrying import RejectedRetry
from profiles.domain.errors import UsageError
from profiles.entrypoints.addresses import SqliteAddress
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.cluster import cluster
from profiles.entrypoints.composition.decoding import decoding
from profiles.entrypoints.composition.extras import require
from profiles.entrypoints.composition.installation import InstallationSettings, existing_ledger
from profiles.entrypoints.composition.stores import deciding_store, existing_log


@contextmanager
def retrying(settings: InstallationSettings, *, stop: Event) -> Generator[RejectedRetry]:
    """Open all of them; none is made.

    stop: ends the waiting for the log.

    Raises:
        UsageError, StoreError, LedgerError, LogError: one of them can't be used, or is not there.
    """
    with ExitStack() as stack:
        if settings.kafka is None:
            _check_embedded(settings)
        store = stack.enter_context(deciding_store(settings.stores.deciding, create=False))
        ledger = stack.enter_context(existing_ledger(settings)(store.ledger().head.number))
        checked_view(store.ledger(), ledger)
        log, append = (
            _embedded_log(settings, stack)
            if settings.kafka is None
            else _topic(settings, settings.kafka, stop, stack)
        )
        yield RejectedRetry(
            store=store,
            ledger=ledger,
            log=log,
            append=append,
            rules=Rules(policy=settings.policy.read(), decode=decoding(settings.envelope)),
            clock=now,
        )


def _check_embedded(settings: InstallationSettings) -> None:
    if not isinstance(settings.stores.deciding, SqliteAddress):
        raise UsageError(
            "The rejected records of this store are in Kafka; name the cluster with --kafka"
            " HOST:PORT, and the topic with --topic if it is not user_data_topic."
        )


def _embedded_log(settings: InstallationSettings, stack: ExitStack) -> tuple[LogReader, Append]:
    path = settings.log_file
    log = stack.enter_context(existing_log(path))
    if log is None:
        raise UsageError(
            f"There is no log at {path}; name its folder with --data, or the cluster with --kafka"
            " if the records come from there."
        )
    stack.enter_context(log.claim())
    return EmbeddedLogReader(log), appending_to(log, now)


def _topic(
    settings: InstallationSettings, kafka: str, stop: Event, stack: ExitStack
) -> tuple[LogReader, Append]:
    require("profiles.adapters.kafka", extra="kafka")
    from profiles.adapters.kafka import KafkaLogLookup, KafkaPublisher, Topics

    brokers = cluster(kafka)
    if Topics(brokers).existing(settings.topic) is None:
        raise UsageError(
            f"There is no topic {settings.topic} at {brokers}; name the one that was read with"
            " --topic."
        )
    reader = stack.enter_context(closing(KafkaLogLookup(brokers, settings.topic)))
    publisher = stack.enter_context(closing(KafkaPublisher(brokers, settings.topic, stop=stop)))
    return reader, publishing(publisher, codec.encode)
