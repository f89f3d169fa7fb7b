"""Every place that `profiles erase` works on, and those that it can't reach."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from threading import Event
from typing import Final, cast

from profiles.application.ledger.joining import checked_view
from profiles.application.ports.ledger import Ledger, LedgerWriter, RecordedLedger
from profiles.application.ports.recipients import Recipient
from profiles.application.rights.erasing import EmbeddedRecords, Eraser, TopicRecords
from profiles.application.rights.notifying import Notifier
from profiles.application.rights.places import Places, RawRecords
from profiles.application.rights.readmitting import Readmitter
from profiles.application.rights.receipts import Remainder
from profiles.application.rights.requesting import RequestLedger
from profiles.domain.errors import UsageError
from profiles.domain.policy import LOG_RETENTION
from profiles.entrypoints.addresses import CassandraAddress, MongoAddress
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.cluster import cluster
from profiles.entrypoints.composition.extras import require
from profiles.entrypoints.composition.installation import InstallationSettings, existing_ledger
from profiles.entrypoints.composition.stores import deciding_store, existing_log, following_store

_ANSWER_S: Final = 30.0
_SEGMENT: Final = timedelta(hours=1)
"""What a topic of ours keeps beyond its retention: a segment goes as a whole."""
_BROKERS_CHECKS: Final = timedelta(minutes=10)


@contextmanager
def erasing(
    settings: InstallationSettings, *, recipients: Sequence[Recipient], stop: Event
) -> Generator[Eraser]:
    """Open them all; none is made.

    recipients: who is told. stop: ends the waiting for the topic.

    Raises:
        UsageError, StoreError, LedgerError, LogError: one of them can't be used, or is not there.
    """
    following = settings.stores.following
    with ExitStack() as stack:
        store = stack.enter_context(deciding_store(settings.stores.deciding, create=False))
        followed = stack.enter_context(following_store(following, create=False))
        ledger = stack.enter_context(existing_ledger(settings)(store.ledger().head.number))
        checked_view(store.ledger(), ledger)
        writer = writer_of(settings, ledger)
        yield Eraser(
            places=Places(
                store=store,
                following=followed,
                records=_records(settings, stop, stack),
                name=settings.stores.deciding.name,
                following_name=None if following is None else following.name,
            ),
            ledger=ledger,
            writer=writer,
            keyring=settings.keyring,
            notifier=Notifier(recipients=recipients, writer=writer, clock=now),
            clock=now,
            remaining=lambda at: remainders(settings, at=at),
        )


@contextmanager
def readmitting(settings: InstallationSettings, *, stop: Event) -> Generator[Readmitter]:
    """Open the stores, the log and the ledger; none is made.

    stop: ends the waiting for the topic.

    Raises:
        UsageError, StoreError, LedgerError, LogError: one of them can't be used, or is not there.
    """
    with (
        ExitStack() as stack,
        deciding_store(settings.stores.deciding, create=False) as store,
        following_store(settings.stores.following, create=False) as following,
        existing_ledger(settings)(store.ledger().head.number) as ledger,
    ):
        checked_view(store.ledger(), ledger)
        yield Readmitter(
            store=store,
            following=following,
            records=_records(settings, stop, stack),
            ledger=ledger,
            writer=writer_of(settings, ledger),
            keyring=settings.keyring,
            clock=now,
        )


def request_ledger(
    settings: InstallationSettings, ledger: RecordedLedger, recipients: Sequence[Recipient]
) -> RequestLedger:
    """Return what enters requests into a ledger that is open, and tells recipients of them."""
    writer = writer_of(settings, ledger)
    return RequestLedger(
        ledger=ledger,
        writer=writer,
        keyring=settings.keyring,
        notifier=Notifier(recipients=recipients, writer=writer, clock=now),
        clock=now,
    )


def writer_of(settings: InstallationSettings, ledger: Ledger) -> LedgerWriter:
    """Return what writes the entries of a ledger that is open."""
    if settings.ledger_file is not None:
        return cast("LedgerWriter", ledger)  # a ledger in a file writes itself
    from profiles.adapters.kafka import KafkaLedger, KafkaLedgerWriter

    return KafkaLedgerWriter(cluster(settings.kafka or ""), cast("KafkaLedger", ledger))


def embedded_records(settings: InstallationSettings, stack: ExitStack) -> EmbeddedRecords | None:
    """Open the embedded engine's log, if it is there."""
    path = settings.log_file
    log = stack.enter_context(existing_log(path))
    return None if log is None else EmbeddedRecords(log, name=str(path))


def _records(settings: InstallationSettings, stop: Event, stack: ExitStack) -> RawRecords | None:
    if settings.kafka is None:
        return embedded_records(settings, stack)
    require("profiles.adapters.kafka", extra="kafka")
    from profiles.adapters.kafka import KafkaPublisher, Topics

    brokers = cluster(settings.kafka)
    if Topics(brokers).existing(settings.topic) is None:
        raise UsageError(
            f"There is no topic {settings.topic} at {brokers}; name the one that is read with"
            " --topic."
        )
    publisher = stack.enter_context(closing(KafkaPublisher(brokers, settings.topic, stop=stop)))
    return TopicRecords(publisher, name=f"topic {settings.topic}", within_s=_ANSWER_S)


def remainders(settings: InstallationSettings, *, at: datetime) -> Sequence[Remainder]:
    """Name what these settings leave of persons who were erased at a moment."""
    found: list[Remainder] = []
    if settings.kafka is not None:
        gone = at + LOG_RETENTION + _SEGMENT + _BROKERS_CHECKS
        found.append(
            Remainder(
                what=f"earlier records in topic {settings.topic}, where its retention is ours"
                " (`profiles doctor` checks it)",
                by=gone,
                of_log=True,
            )
        )
    elif (log := settings.log_file).is_file():
        found.append(
            Remainder(
                what=f"the id, and nothing else, as the key of emptied records in {log}, which a"
                " running job deletes with their time",
                by=at + LOG_RETENTION,
                of_log=True,
            )
        )
    if isinstance(settings.stores.deciding, MongoAddress):
        found.append(
            Remainder(
                what="MongoDB's oplog and journal, until they roll over",
                do="rs.printReplicationInfo() shows how far it reaches back",
            )
        )
    if isinstance(settings.stores.following, CassandraAddress):
        keyspace = settings.stores.following.keyspace
        found += [
            Remainder(
                what="Cassandra's files, until a compaction",
                do=f"nodetool compact {keyspace} users, on every node",
            ),
            Remainder(
                what="Cassandra's snapshots", do=f"nodetool clearsnapshot {keyspace}, on every node"
            ),
        ]
    found.append(
        Remainder(
            what="copies, backups and mirrored topics, and whoever profiles were disclosed to",
            do="delete them there; tell the recipients (GDPR Art. 19). The ledger keeps the person"
            " out when a copy is restored",
        )
    )
    return found
