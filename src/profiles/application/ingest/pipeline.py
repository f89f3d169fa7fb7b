"""From decided chunks into the stores: the deciding store, then what follows, in two threads.

While one chunk is being followed the next is applied, and the caller decides the one after that.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from types import TracebackType
from typing import NamedTuple, Self, TypeVar

from profiles.application.errors import MAY_PASS, LedgerAwayError, LogError, StoreError
from profiles.application.following.contents import as_of_now, following_of, without_rows_of
from profiles.application.following.outbox import Outbox
from profiles.application.log.deciding import Chunk
from profiles.application.log.quarantine import quarantined_of
from profiles.application.ports.ledger import Ledger
from profiles.application.ports.logs import RejectedSink
from profiles.application.ports.metrics import Metrics, NoMetrics, Service
from profiles.application.ports.retrying import Retry
from profiles.application.ports.stores import Applied, DecidingStore, Following, FollowingStore
from profiles.domain.errors import ProfilesError
from profiles.domain.person import PersonId
from profiles.domain.tally import Tally

T = TypeVar("T")


class _AbandonedError(ProfilesError):
    """A chunk is not worked on any more; somebody else begins with it again."""


@dataclass(slots=True)
class Lease:
    """The right to work on a partition, until another reader gets it."""

    active: bool = True


class Leased(NamedTuple):
    """A chunk, and the right to work on its partition."""

    chunk: Chunk
    lease: Lease


class Done(NamedTuple):
    """Chunks that all stores have, and the seconds since they were submitted until then."""

    chunks: Sequence[Chunk]
    tally: Tally
    seconds: float


@dataclass(slots=True, kw_only=True)
class _Task:
    """Chunks on their way together.

    parts: as they were submitted. chunks: those of them that were taken into the deciding store.
    """

    parts: Sequence[Leased]
    chunks: Sequence[Chunk] = ()
    applied: Future[Applied] = field(init=False)
    done: Future[Done] = field(init=False)
    submitted: float = field(default_factory=time.monotonic)
    failures: int = 0
    following: Following = field(default=Following(held={}, absent={}), repr=False)
    restricted: Collection[PersonId] = field(default=frozenset(), repr=False)


@dataclass(slots=True, kw_only=True)
class Pipeline:
    """Works on chunks in the order in which they are submitted, until both stores have each.

    A store that is away is asked again and again, until `stop` is set or the partition goes to
    another reader. A chunk abandoned then may be in the deciding store and not in what follows:
    it has to be read and submitted again, and nothing of it is decided anew.

    What has waited for the following store is no longer what was read for it: before it is sent,
    the ledger is applied, and the deciding store is asked again what is held.
    """

    store: DecidingStore
    ledger: Ledger
    rejected: RejectedSink
    following: FollowingStore | None
    retry: Retry
    stop: Event
    metrics: Metrics = field(default_factory=NoMetrics)
    _broken: bool = field(default=False, init=False)
    _failure: BaseException | None = field(default=None, init=False)
    _outbox: Outbox = field(init=False)
    _failures: int = field(default=0, init=False)
    _tasks: deque[_Task] = field(default_factory=deque, init=False)
    _deciding: ThreadPoolExecutor = field(
        default_factory=partial(ThreadPoolExecutor, 1, thread_name_prefix="deciding-store"),
        init=False,
    )
    _after: ThreadPoolExecutor = field(
        default_factory=partial(ThreadPoolExecutor, 1, thread_name_prefix="following-store"),
        init=False,
    )

    def __post_init__(self) -> None:
        self._outbox = Outbox(store=self.store, following=self.following)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        frames: TracebackType | None,
    ) -> None:
        """End the threads after what they are at."""
        self._broken = self._broken or kind is not None
        self._deciding.shutdown()
        self._after.shutdown()

    @property
    def persons(self) -> int:
        """Count the persons of the chunks that are not done."""
        return sum(part.chunk.read for task in self._tasks for part in task.parts)

    @property
    def chunks(self) -> int:
        """Count the chunks that are not done."""
        return sum(len(task.parts) for task in self._tasks)

    def submit(self, parts: Sequence[Leased]) -> None:
        """Take a chunk, or several of other partitions that go together into each store."""
        task = _Task(parts=parts)
        task.applied = self._deciding.submit(self._apply, task)
        task.done = self._after.submit(self._follow, task, task.applied)
        self._tasks.append(task)

    def ask(self, question: Callable[[], T]) -> Future[T]:
        """Put a question to the deciding store, from the thread that it is used in."""
        return self._deciding.submit(question)

    def completed(self) -> Sequence[Done]:
        """Return what has been done since the last call, in order.

        Raises:
            ProfilesError: what no retrying mends; nothing more is done. It is raised again by
                every later call: the first may be inside a driver that loses it.
        """
        if self._failure is not None:
            raise self._failure
        done = []
        while self._tasks and self._tasks[0].done.done():
            task = self._tasks.popleft()
            try:
                done.append(task.done.result())
            except _AbandonedError:
                continue
            except BaseException as failure:
                self._failure = failure
                raise
        return done

    def wait(self, lease: Lease | None = None, *, timeout_s: float) -> bool:
        """Wait for the oldest chunk, or for all those of a lease; tell whether they are done."""
        tasks = [
            task
            for task in self._tasks
            if lease is None or any(part.lease is lease for part in task.parts)
        ]
        awaited = [task.done for task in (tasks if lease else tasks[:1])]
        return not wait(awaited, timeout=timeout_s).not_done

    def wait_until_decided(self, *, timeout_s: float) -> None:
        """Wait until the deciding store has all chunks, or for so long."""
        if self._tasks:
            wait([self._tasks[-1].applied], timeout=timeout_s)

    def _apply(self, task: _Task) -> Applied:
        deciding = Service.DECIDING
        applied = self._persist(task, lambda: self._decide(task), of=deciding)
        if self.following is not None:
            task.failures = self._failures
            task.restricted = applied.restricted
            task.following = self._persist(
                task, lambda: following_of(self.store, applied), of=deciding
            )
        return applied

    def _decide(self, task: _Task) -> Applied:
        leased = [part.chunk for part in task.parts if part.lease.active]
        task.chunks = leased or [part.chunk for part in task.parts]  # just now, the last of them
        try:
            applied = self._applied(task.chunks)
        except ProfilesError:
            self._outbox.expect()  # the ledger may have been applied before
            raise
        if applied.owed:
            self._outbox.expect()
        return applied

    def _applied(self, chunks: Sequence[Chunk]) -> Applied:
        followed = self._outbox.followed
        if len(chunks) == 1:
            return self.store.apply(chunks[0], self.ledger, followed=followed)
        return self.store.apply_together(chunks, self.ledger, followed=followed)

    def _follow(self, task: _Task, applying: Future[Applied]) -> Done:
        applied = applying.result()
        if self.following is not None:
            store = self.following
            self._persist(task, lambda: self._send(task, store), of=Service.FOLLOWING)
            if self._outbox.falls_due():
                self._persist(task, self._outbox.deliver, of=Service.FOLLOWING)
        rejections = [each for chunk in task.chunks for each in quarantined_of(chunk)]
        rejections += applied.refused
        if rejections:
            self._persist(task, lambda: self.rejected.publish(rejections), of=Service.LOG)
        return Done(task.chunks, applied.tally, time.monotonic() - task.submitted)

    def _send(self, task: _Task, store: FollowingStore) -> None:
        """Have the following store take a chunk: as it is now, where something has failed since."""
        if task.failures != self._failures:
            if self.store.apply_ledger(self.ledger, followed=True):
                self._outbox.expect()
            task.following = as_of_now(self.store, task.following)
            task.failures = self._failures
        try:
            if task.restricted:
                task.following = without_rows_of(
                    task.restricted, task.following, store=self.store, rows_of=store
                )
            store.follow(task.following)
        except StoreError:
            self._failures += 1
            raise

    def _persist(self, task: _Task, attempt: Callable[[], T], *, of: Service) -> T:
        """Try until it is done; a chunk after an abandoned one is not begun.

        of: what has to do it, where the failure itself does not say.
        """
        if self._broken or not _is_leased(task):
            raise _AbandonedError
        try:
            return self.retry(
                lambda: self._counted(attempt, of), given_up=lambda: self._given_up(task)
            )
        except BaseException as failure:
            if isinstance(failure, MAY_PASS) and self._given_up(task):
                for part in task.parts:
                    part.lease.active = False
                raise _AbandonedError from None
            self._broken = True
            raise

    def _counted(self, attempt: Callable[[], T], service: Service) -> T:
        """Make an attempt; count it if it fails."""
        try:
            return attempt()
        except MAY_PASS as failure:
            self.metrics.failed(service_of(failure, otherwise=service))
            raise

    def _given_up(self, task: _Task) -> bool:
        return self._broken or self.stop.is_set() or not _is_leased(task)


def _is_leased(task: _Task) -> bool:
    """Tell whether any of its partitions is still worked on; the others have their next reader."""
    return any(part.lease.active for part in task.parts)


def service_of(failure: ProfilesError, *, otherwise: Service) -> Service:
    """Say what a failure is of; that of a store does not tell which one it is."""
    if isinstance(failure, LedgerAwayError):
        return Service.LEDGER
    return Service.LOG if isinstance(failure, LogError) else otherwise
