"""Stores in memory that fail as a test says, and a retry that loses no time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import TypeVar

from profiles.adapters.memory import MemoryDecidingStore, MemoryFollowingStore
from profiles.application.errors import MAY_PASS, StoreError, StoreRefusedError
from profiles.application.log.deciding import Chunk
from profiles.application.log.records import LogPartition
from profiles.application.ports.clock import Clock
from profiles.application.ports.ledger import Ledger
from profiles.application.ports.stores import Applied, Following
from profiles.application.ports.unit_of_work import Transactions, UnitOfWork
from profiles.domain.corrections import Corrections
from profiles.domain.person import PersonId
from profiles.domain.profile import Profile

T = TypeVar("T")


def retry_at_once(attempt: Callable[[], T], /, *, given_up: Callable[[], bool]) -> T:
    while True:
        try:
            return attempt()
        except MAY_PASS:
            if given_up():
                raise


class FailingFollowingStore(MemoryFollowingStore):
    """Fails as `failures` says, one element a call; None is no failure."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock=clock)
        self.failures: Iterator[Exception | None] = iter(())

    def follow(self, following: Following) -> None:
        raise_next(self.failures)
        super().follow(following)


class FailingStore(MemoryDecidingStore):
    """Fails as the iterators say, one element a call; None is no failure.

    fails_after_the_ledger: whether the next chunk fails when the ledger is applied, once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.apply_failures: Iterator[Exception | None] = iter(())
        self.position_failures: Iterator[Exception | None] = iter(())
        self.sweep_failures: Iterator[Exception | None] = iter(())
        self.ledger_failures: Iterator[Exception | None] = iter(())
        self.fails_after_the_ledger = False
        self.sweeps = 0

    def apply(self, chunk: Chunk, ledger: Ledger, *, followed: bool = False) -> Applied:
        self._fail(ledger, followed=followed)
        return super().apply(chunk, ledger, followed=followed)

    def apply_together(
        self, chunks: Sequence[Chunk], ledger: Ledger, *, followed: bool = False
    ) -> Applied:
        self._fail(ledger, followed=followed)
        return super().apply_together(chunks, ledger, followed=followed)

    def _fail(self, ledger: Ledger, *, followed: bool) -> None:
        raise_next(self.apply_failures)
        if self.fails_after_the_ledger:
            self.fails_after_the_ledger = False
            self.apply_ledger(ledger, followed=followed)
            raise StoreError("The store", "it did not answer in time", "It is tried again.")

    def apply_ledger(self, ledger: Ledger, *, followed: bool = False) -> int:
        raise_next(self.ledger_failures)
        return super().apply_ledger(ledger, followed=followed)

    def position(self, partition: LogPartition) -> int | None:
        raise_next(self.position_failures)
        return super().position(partition)

    def sweep(self, *, read_on: date, quarantined_before: datetime, followed: bool = False) -> int:
        self.sweeps += 1
        raise_next(self.sweep_failures)
        return super().sweep(
            read_on=read_on, quarantined_before=quarantined_before, followed=followed
        )


def raise_next(failures: Iterator[Exception | None]) -> None:
    failure = next(failures, None)
    if failure is not None:
        raise failure


class RefusingStore(MemoryDecidingStore):
    """Refuses for good what `refuses` says of the profiles that a transaction writes."""

    def __init__(self, refuses: Callable[[Collection[Profile]], bool]) -> None:
        super().__init__()
        self.transactions = RefusingTransactions(self.transactions, refuses)


class KilledError(Exception):
    """The process was killed."""


class KilledBehind:
    """Runs some units of work; before the next one the process is killed."""

    def __init__(self, transactions: Transactions, left: int) -> None:
        self._transactions, self._left = transactions, left

    def run(self, work: Callable[[UnitOfWork], T]) -> T:
        if not self._left:
            raise KilledError
        self._left -= 1
        return self._transactions.run(work)


class RefusingTransactions:
    """Runs units of work, less those that write what is refused."""

    def __init__(
        self, transactions: Transactions, refuses: Callable[[Collection[Profile]], bool]
    ) -> None:
        self._transactions, self._refuses = transactions, refuses

    def run(self, work: Callable[[UnitOfWork], T]) -> T:
        def checked(unit: UnitOfWork) -> T:
            write = unit.write

            def write_if_accepted(
                *,
                upserts: Mapping[PersonId, tuple[Profile, int]],
                deletions: Collection[PersonId],
                corrections: Mapping[PersonId, Corrections] | None = None,
            ) -> None:
                if self._refuses([profile for profile, _ in upserts.values()]):
                    raise StoreRefusedError("The store", "it is too much", "Write less.")
                write(upserts=upserts, deletions=deletions, corrections=corrections)

            unit.write = write_if_accepted  # type: ignore[method-assign]  # of this one unit
            return work(unit)

        return self._transactions.run(checked)
