"""A deciding store in memory."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from itertools import islice
from threading import RLock

from profiles.adapters.memory.rejections import MemoryRejections
from profiles.adapters.memory.unit_of_work import MemoryTransactions, State
from profiles.application.log.deciding import Chunk
from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogPartition
from profiles.application.ports.ledger import AppliedLedger, Ledger
from profiles.application.ports.rejections import Rejections
from profiles.application.ports.stores import Applied, Overview, StoreProgress, StoreSnapshot
from profiles.application.ports.unit_of_work import Transactions
from profiles.application.transaction import enforcing, removal
from profiles.application.transaction.arrivals import recent
from profiles.application.transaction.commit import apply_chunk, apply_together
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile
from profiles.domain.statistics import Statistics, cohorts_of
from profiles.domain.tally import Tally


class MemoryDecidingStore:
    """A deciding store in memory; a lock makes each call a transaction."""

    def __init__(self) -> None:
        """Begin empty."""
        self._lock = RLock()
        self._state = State()
        self.rejections: Rejections = MemoryRejections(self._state, self._lock)
        self.transactions: Transactions = MemoryTransactions(self._state, self._lock)

    def position(self, partition: LogPartition) -> int | None:
        """Return the first offset of a partition not yet decided."""
        writer = partition.writer
        return self.transactions.run(lambda unit: unit.positions_of([writer])[writer])

    def ledger(self) -> AppliedLedger:
        """Return how far the erasure ledger is applied."""
        with self._lock:
            return self._state.ledger

    def progress(self) -> StoreProgress:
        """Return how far the store is."""
        with self._lock:
            return StoreProgress(
                ledger=self._state.ledger,
                topics=tuple((epoch.topic_id, epoch.partitions) for epoch in self._state.epochs),
                positions={
                    (writer.topic_id, writer.partition): state.position
                    for writer, state in self._state.writers.items()
                    if state.position is not None
                },
                policies=tuple(self._state.policies),
                outbox=len(self._state.outbox),
            )

    def apply(self, chunk: Chunk, ledger: Ledger, *, followed: bool = False) -> Applied:
        """Write what a chunk changes; see the port."""
        return apply_chunk(self.transactions, chunk, ledger, followed=followed)

    def apply_together(
        self, chunks: Sequence[Chunk], ledger: Ledger, *, followed: bool = False
    ) -> Applied:
        """Write what chunks of several partitions change, in one transaction; see the port."""
        return apply_together(self.transactions, chunks, ledger, followed=followed)

    def apply_ledger(self, ledger: Ledger, *, followed: bool = False) -> int:
        """Delete whom the ledger suppresses; see the port."""
        return enforcing.catch_up(self.transactions, ledger, followed=followed)

    def sweep(self, *, read_on: date, quarantined_before: datetime, followed: bool = False) -> int:
        """Delete what has expired."""
        return removal.sweep(
            self.transactions,
            read_on=read_on,
            quarantined_before=quarantined_before,
            followed=followed,
        )

    def outbox(self, *, limit: int) -> Mapping[PersonId, int]:
        """Return some deletions that the following store has still to make."""
        with self._lock:
            return dict(islice(self._state.outbox.items(), limit))

    def remove_from_outbox(self, deletions: Mapping[PersonId, int]) -> None:
        """Forget deletions that the following store has made."""
        with self._lock:
            for person, version in deletions.items():
                if self._state.outbox.get(person, version + 1) <= version:
                    del self._state.outbox[person]

    @contextmanager
    def snapshot(self) -> Generator[StoreSnapshot]:
        """Open a copy of the store as of this moment."""
        copy = MemoryDecidingStore()
        with self._lock:
            copy._state = self._state.copy()
        yield copy

    def profile(self, person: PersonId) -> tuple[Profile, int] | None:
        """Return what is held of a person."""
        with self._lock:
            return self._state.users.get(person)

    def held(self, persons: Collection[PersonId]) -> Mapping[PersonId, tuple[Profile, int]]:
        """Return what is held of some persons."""
        users = self._state.users
        with self._lock:
            return {person: users[person] for person in persons if person in users}

    def profiles(self) -> Iterator[tuple[Profile, int]]:
        """Yield all that is held, in the order of ids."""
        users = self._state.users
        with self._lock:
            return iter([users[person] for person in sorted(users)])

    def statistics(self) -> Statistics:
        """Return the sum over all writers."""
        with self._lock:
            return sum((w.statistics for w in self._state.writers.values()), Statistics())

    def overview(self) -> Overview:
        """Return all that the page is made of, as of one moment."""
        with self._lock:
            statistics = self.statistics()
            return Overview(
                cohorts=cohorts_of(statistics.cells),
                email_domains=statistics.email_domains,
                arrivals=self.arrivals(),
                counts=self.counts(),
                policies=tuple(self._state.policies),
            )

    def counts(self) -> Tally:
        """Return the sum of all tallies."""
        with self._lock:
            return sum((writer.tally for writer in self._state.writers.values()), Tally())

    def arrivals(self) -> dict[datetime, int]:
        """Return newly held persons by minute of log time."""
        total: dict[datetime, int] = {}
        with self._lock:
            for writer in self._state.writers.values():
                for minute, count in writer.arrivals.items():
                    total[minute] = total.get(minute, 0) + count
        return recent(total)

    def quarantine(self) -> Sequence[Quarantined]:
        """Return the rejected records, oldest first."""
        kept = self._state.quarantine
        with self._lock:
            return [kept[key] for key in sorted(kept, key=lambda key: (kept[key].logged_at, key))]
