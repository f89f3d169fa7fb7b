"""The erasure ledger: a topic, or a file where one is named."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from profiles.adapters.sqlite import SqliteLedger
from profiles.application.ports.ledger import AppliedLedger, Keyring, KnownLedger
from profiles.entrypoints.composition.extras import require
from profiles.entrypoints.ledger_keys import KeyFile, NoKeyFile

if TYPE_CHECKING:
    from profiles.adapters.kafka import Cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSettings:
    """Where the ledger is of a pipeline on Kafka.

    topic: of the cluster, with one partition. replication: of a topic that has to be made.
    file: the ledger instead of the topic, or None.
    keys: the file of its keys; None for the one beside the ledger's file.
    accept_new: whether a store may be used with it that was used with another one, of which it has
        applied nothing.
    """

    topic: str = "user_ledger"
    replication: int = -1
    file: Path | None = None
    keys: Path | None = None
    accept_new: bool = False

    def for_others(self) -> LedgerSettings:
        """Return the same for processes that have another working directory."""
        return replace(
            self,
            file=None if self.file is None else self.file.absolute(),
            keys=None if self.keys is None else self.keys.absolute(),
            accept_new=False,
        )


@contextmanager
def ledger(
    settings: LedgerSettings, *, kafka: Cluster, applied: AppliedLedger, stop: Event
) -> Generator[KnownLedger]:
    """Open the ledger; it is made only where the store was used with none before.

    applied: how far the deciding store has applied it.

    Raises:
        UsageError, LedgerError, LogError: it can't be used.
    """
    number, known = applied.head.number, applied.joined is not None and not settings.accept_new
    if settings.file is not None:
        keys = keyring(settings.keys, settings.file)
        opened = SqliteLedger.open(settings.file, keys, applied=number, known=known)
        with closing(opened) as in_file:
            yield in_file
        return
    require("profiles.adapters.kafka", extra="kafka")
    from profiles.adapters.kafka import KafkaLedger, bring_ledger_forward, ledger_topic

    wanted = ledger_topic(settings.topic, replication=settings.replication)
    keys = keyring(settings.keys, None)
    made = KafkaLedger.open(kafka, wanted, keys, applied=number, known=known, stop=stop)
    with closing(made) as in_topic:
        bring_ledger_forward(kafka, in_topic)
        yield in_topic


def keyring(keys: Path | None, file: Path | None) -> Keyring:
    """Return where a ledger's keys lie.

    keys: the file that was named. file: the ledger's own, or None where it is a topic.
    """
    if keys is None and file is not None:
        beside = file.with_suffix(".keys")
        keys = file.with_name(f"{file.name}.keys") if beside == file else beside
    return NoKeyFile() if keys is None else KeyFile(keys)
