"""The embedded engine: log, store and ledger in SQLite."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

from profiles.adapters import codec
from profiles.adapters.sqlite import SqliteDecidingStore, SqliteLedger, SqliteLog
from profiles.application.ingest.embedded import EmbeddedEngine
from profiles.application.ledger.joining import join
from profiles.application.log.deciding import Rules
from profiles.application.policy.adopting import adopt
from profiles.application.quarantine.embedded_log import EmbeddedLogReader
from profiles.domain.errors import UsageError
from profiles.domain.tally import Tally
from profiles.entrypoints.composition.clock import now
from profiles.entrypoints.composition.ledgers import keyring
from profiles.entrypoints.composition.metrics import Observing
from profiles.entrypoints.gc_tuning import infrequent_collection
from profiles.entrypoints.policy import DEFAULT, PolicySource


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Where the embedded engine keeps what it has.

    store: the file of the deciding store.
    data: the folder of the log and the ledger; None for the store's own.
    ledger: the file of the erasure ledger; None for the one in `data`.
    ledger_keys: the file of its keys; None for the one beside the ledger.
    accept_new_ledger: see `LedgerSettings`.
    """

    store: Path
    data: Path | None = None
    ledger: Path | None = None
    ledger_keys: Path | None = None
    accept_new_ledger: bool = False
    as_of: date | None = None
    policy: PolicySource = DEFAULT
    progress: Callable[[Tally], None] = field(default=lambda _tally: None)
    observing: Observing = field(default_factory=Observing)

    @property
    def log_path(self) -> Path:
        """The log's file."""
        return (self.data or self.store.parent) / "log.sqlite"

    @property
    def ledger_path(self) -> Path:
        """The erasure ledger's file."""
        return self.ledger or (self.data or self.store.parent) / "ledger.sqlite"


@contextmanager
def embedded_engine(settings: EngineSettings) -> Generator[EmbeddedEngine]:
    """Open log, store and ledger in SQLite, and join them.

    Raises:
        UsageError, StoreError, LogError, LedgerError: one of them can't be used.
    """
    if settings.data is not None:
        _make_folder(settings.data)
    if settings.store.name in {"log.sqlite", "ledger.sqlite"}:
        raise UsageError(
            f"{settings.store.name} is the name of the engine's own file; call the store another."
        )
    with ExitStack() as stack:
        policy = settings.policy.read()
        store = stack.enter_context(closing(SqliteDecidingStore.open(settings.store)))
        adopt(store, policy, accept=settings.policy.accept_change, now=now())
        applied = store.ledger()
        ledger = stack.enter_context(
            closing(
                SqliteLedger.open(
                    settings.ledger_path,
                    keyring(settings.ledger_keys, settings.ledger_path),
                    applied=applied.head.number,
                    known=applied.joined is not None and not settings.accept_new_ledger,
                )
            )
        )
        join(store, ledger, accept=settings.accept_new_ledger)
        log = stack.enter_context(closing(SqliteLog.open(settings.log_path, encode=codec.encode)))
        reading = partial(_reading, settings.log_path)
        stack.enter_context(settings.observing.watch(log=reading, store=store))
        stack.enter_context(infrequent_collection())
        yield EmbeddedEngine(
            log=log,
            store=store,
            ledger=ledger,
            rules=Rules(policy=policy, decode=codec.decode_for_deciding, as_of=settings.as_of),
            clock=now,
            progress=settings.progress,
            metrics=settings.observing.metrics,
        )


@contextmanager
def _reading(path: Path) -> Generator[EmbeddedLogReader]:
    """Open the log once more, for reading beside the engine."""
    with closing(SqliteLog.open(path, encode=codec.encode, create=False)) as log:
        yield EmbeddedLogReader(log)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        message = f"The folder {path} can't be made ({failure.strerror}); name another with --data."
        raise UsageError(message) from None
