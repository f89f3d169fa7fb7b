"""Every place that `profiles erase` works on, and those that it can't reach."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from typing import Final, cast

from profiles.application.ports.ledger import Ledger, LedgerWriter
from profiles.application.rights.erasing import (
    EmbeddedRecords,
    Eraser,
    RawRecords,
    TopicRecords,
)
from profiles.domain.errors import UsageError
from profiles.domain.policy import LOG_RETENTION
from profiles.entrypoints.addresses import CassandraAddress, MongoAddress
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.cluster import cluster
from profiles.entrypoints.composition.doctor import ExaminedSettings, existing_ledger
from profiles.entrypoints.composition.extras import require
from profiles.entrypoints.composition.stores import deciding_store, existing_log, following_store

_ANSWER_S: Final = 30.0
_SEGMENT: Final = timedelta(hours=1)
"""What a topic of ours keeps beyond its retention: a segment goes as a whole."""
_BROKERS_CHECKS: Final = timedelta(minutes=10)


@contextmanager
def erasing(settings: ExaminedSettings, *, stop: Event) -> Generator[Eraser]:
    """Open them all; none is made.

    stop: ends the waiting for the topic.

    Raises:
        UsageError, StoreError, LedgerError, LogError: one of them can't be used, or is not there.
    """
    with ExitStack() as stack:
        store = stack.enter_context(deciding_store(settings.stores.deciding, create=False))
        following = stack.enter_context(following_store(settings.stores.following, create=False))
        ledger = stack.enter_context(existing_ledger(settings)(store.ledger_position()))
        yield Eraser(
            store=store,
            following=following,
            ledger=ledger,
            writer=_writer(settings, ledger, stack),
            records=_records(settings, stop, stack),
            clock=now,
            name=settings.stores.deciding.name,
            following_name=None
            if settings.stores.following is None
            else settings.stores.following.name,
        )


def _writer(settings: ExaminedSettings, ledger: Ledger, stack: ExitStack) -> LedgerWriter:
    if settings.ledger_file is not None:
        return cast("LedgerWriter", ledger)  # a ledger in a file writes itself
    from profiles.adapters.kafka import KafkaLedgerWriter

    brokers = cluster(settings.kafka or "")
    return stack.enter_context(closing(KafkaLedgerWriter(brokers, settings.ledger.topic)))


def _records(settings: ExaminedSettings, stop: Event, stack: ExitStack) -> RawRecords | None:
    if settings.kafka is None:
        path = settings.folder / "log.sqlite"
        log = stack.enter_context(existing_log(path))
        return None if log is None else EmbeddedRecords(log, name=str(path))
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Remainder:
    """What an erasure does not reach at once.

    by: when it is gone by itself (UTC), where that is known. do: how the operator can end it now.
    """

    what: str
    by: datetime | None = None
    do: str | None = None


def remainders(settings: ExaminedSettings, *, at: datetime) -> Sequence[Remainder]:
    """Name what these settings leave of persons who were erased at a moment."""
    found: list[Remainder] = []
    if settings.kafka is not None:
        gone = at + LOG_RETENTION + _SEGMENT + _BROKERS_CHECKS
        found.append(
            Remainder(
                what=f"earlier records in topic {settings.topic}, where its retention is ours"
                " (`profiles doctor` checks it)",
                by=gone,
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
