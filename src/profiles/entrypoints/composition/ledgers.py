"""The erasure ledger: a topic, or a file where one is named."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from profiles.adapters.sqlite import SqliteLedger
from profiles.application.ports.ledger import Ledger
from profiles.entrypoints.composition.extras import require

if TYPE_CHECKING:
    from profiles.adapters.kafka import Cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSettings:
    """Where the ledger is of a pipeline on Kafka.

    topic: of the cluster, with one partition. replication: of a topic that has to be made.
    file: the ledger instead of the topic, or None.
    """

    topic: str = "user_ledger"
    replication: int = -1
    file: Path | None = None


@contextmanager
def ledger(
    settings: LedgerSettings, *, kafka: Cluster, applied: int, stop: Event
) -> Generator[Ledger]:
    """Open the ledger; it is made only where it is missing and no store has applied any of it.

    applied: the ledger position of the deciding store.

    Raises:
        UsageError, LedgerError, LogError: it can't be used.
    """
    if settings.file is not None:
        with closing(SqliteLedger.open(settings.file, applied=applied)) as in_file:
            yield in_file
        return
    require("profiles.adapters.kafka", extra="kafka")
    from profiles.adapters.kafka import KafkaLedger, ledger_topic

    wanted = ledger_topic(settings.topic, replication=settings.replication)
    with closing(KafkaLedger.open(kafka, wanted, applied=applied, stop=stop)) as in_topic:
        yield in_topic
