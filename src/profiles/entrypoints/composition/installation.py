"""An installation as commands find it: where everything is, and its ledger if it is there."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from profiles.adapters.sqlite import SqliteLedger
from profiles.application.errors import LedgerError
from profiles.application.ledger.missing import RESTORE_OR_NAME, missing_ledger
from profiles.application.ports.ledger import Keyring, RecordedLedger
from profiles.entrypoints.addresses import SqliteAddress, StoreAddresses
from profiles.entrypoints.composition.cluster import cluster
from profiles.entrypoints.composition.extras import require
from profiles.entrypoints.composition.ledgers import LedgerSettings, keyring
from profiles.entrypoints.policy import DEFAULT, PolicySource

DEFAULT_TOPIC: Final = "user_data_topic"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationSettings:
    """Where everything is that a command looks into.

    kafka: of the cluster, or None for the embedded engine. topic: of the log.
    data: folder of the embedded engine's log and ledger; None for the store's own.
    envelope: what the topic's messages are in, as `--envelope` says it.
    """

    stores: StoreAddresses
    kafka: str | None
    ledger: LedgerSettings
    topic: str = DEFAULT_TOPIC
    data: Path | None = None
    policy: PolicySource = DEFAULT
    envelope: str | None = None

    @property
    def folder(self) -> Path:
        """The embedded engine's."""
        deciding = self.stores.deciding
        beside = deciding.path.parent if isinstance(deciding, SqliteAddress) else Path()
        return self.data or beside

    @property
    def log_file(self) -> Path:
        """The embedded engine's log."""
        return self.folder / "log.sqlite"

    @property
    def ledger_file(self) -> Path | None:
        """The erasure ledger's file, or None where it is a topic."""
        if self.ledger.file is None and self.kafka is not None:
            return None
        return self.ledger.file or self.folder / "ledger.sqlite"

    @property
    def keyring(self) -> Keyring:
        """Where the keys of the ledger lie."""
        return keyring(self.ledger.keys, self.ledger_file)


def existing_ledger(
    settings: InstallationSettings,
) -> Callable[[int], AbstractContextManager[RecordedLedger]]:
    """Return what opens the ledger where it is there, and never makes it.

    It is given the position that the store has applied.
    """

    @contextmanager
    def opened(applied: int) -> Generator[RecordedLedger]:
        path = settings.ledger_file
        if path is not None:
            if not path.is_file():
                raise _missing(str(path), applied)
            keys = settings.keyring
            with closing(SqliteLedger.open(path, keys, applied=applied, create=False)) as in_file:
                yield in_file
            return
        require("profiles.adapters.kafka", extra="kafka")
        from profiles.adapters.kafka import KafkaLedger, Topics

        brokers = cluster(settings.kafka or "")
        topic = Topics(brokers).existing(settings.ledger.topic)
        if topic is None:
            raise _missing(f"topic {settings.ledger.topic}", applied)
        with closing(KafkaLedger(brokers, topic, settings.keyring)) as in_topic:
            yield in_topic

    return opened


def _missing(ledger: str, applied: int) -> LedgerError:
    if applied:
        return LedgerError(ledger, missing_ledger(applied), RESTORE_OR_NAME)
    happened = "is missing, and the store has applied none of it"
    remedy = (
        "`profiles run` or `profiles process` makes it for a store that was never used with one;"
        " else restore it, or name it."
    )
    return LedgerError(ledger, happened, remedy)
