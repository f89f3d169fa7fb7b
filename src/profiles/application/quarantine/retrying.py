"""Taking up what was rejected: read again from the log, and appended to it anew where it can be.

A record that was decided is never decided anew, for it lies below the store's position: what an
upgrade makes readable has to come as a new record. It must not take the place of a newer one of the
same person. So the log is read from the rejected record on to its end, and the version that the
store holds is asked for, before anything is appended.

What was appended leaves the quarantine afterwards. A crash in between appends it once more at the
next time, or finds the first copy as the newer record: the store ends up the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Final, TypeVar

from profiles.application.log.deciding import Rules
from profiles.application.log.epochs import Epoch, version_of
from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogPartition
from profiles.application.ports.clock import Clock
from profiles.application.ports.ledger import Ledger
from profiles.application.ports.logs import LogReader
from profiles.application.ports.stores import DecidingStore
from profiles.application.ports.unit_of_work import UnitOfWork
from profiles.application.quarantine.appending import Append
from profiles.application.quarantine.rejected_messages import RejectedMessage, rejected_messages
from profiles.application.quarantine.rereading import Rereading
from profiles.application.quarantine.retried import Retried
from profiles.application.transaction.commit import check_policy
from profiles.domain.errors import ProfilesError
from profiles.domain.ledger_view import LedgerView
from profiles.domain.outcome import Erased
from profiles.domain.person import Person, PersonId

T = TypeVar("T")

_ASKED_AT_ONCE: Final = 1_000
_WRITTEN_AT_ONCE: Final = 5_000
"""Entries in one transaction, those that are taken out included; of a message there may be more."""


class RetryStoppedError(ProfilesError):
    """The job was asked to end."""

    def __str__(self) -> str:
        return (
            "Stopped before the end of the quarantine. What was appended to the log stays there;"
            " the same command goes on with the rest."
        )


@dataclass(slots=True, kw_only=True)
class RejectedRetry:
    """Takes up what a store's quarantine has of a log, and appends to it what can be read now.

    log: whose records were rejected. append: appends to that log.
    rules: of today.
    retried: the counts so far, of what is settled; they add up.
    """

    store: DecidingStore
    ledger: Ledger
    log: LogReader
    append: Append
    rules: Rules
    clock: Clock
    retried: Retried = field(default_factory=Retried, init=False)

    def run(self, *, stopped: Callable[[], bool] = lambda: False) -> Retried:
        """Take up everything once.

        Returns the counts.

        Raises:
            RetryStoppedError: `stopped` said so; the reading at hand has changed nothing.
            PolicyChangedError: the store is written under another policy.
            LogError, StoreError, LedgerError: what was appended stays in the log, and what was not
                stays in the quarantine; the same again goes on.
        """
        self._epochs()
        partitions = {partition.writer: partition for partition in self.log.partitions()}
        for writer, messages in groupby(
            rejected_messages(self.store.rejections), key=lambda each: each.partition.writer
        ):
            queue = _Queue(messages)
            partition = partitions.get(writer)
            first = math.inf if partition is None else self.log.bounds(partition)[0]
            while queue.head is not None and queue.head.offset < first:
                persons = queue.pop().persons
                self.retried += Retried(read=persons, not_in_log=persons)
            while partition is not None and queue.head is not None:
                self._read_again(partition, queue, stopped, start=queue.head.offset)
        self.retried.check()
        return self.retried

    def _read_again(
        self, partition: LogPartition, queue: _Queue, stopped: Callable[[], bool], *, start: int
    ) -> None:
        """Read from a message on to the log's end, and settle what was taken up on the way.

        What is too many for one reading stays in the queue.
        """
        reading = Rereading(rules=self.rules, view=self._view(), read_at=self.clock())
        _, end = self.log.bounds(partition)
        with closing(self.log.records(partition, start, end)) as records:
            for record in records:
                if stopped():
                    raise RetryStoppedError
                reading.look_at(record, _taken_up(queue, record.offset, reading))
        _taken_up(queue, end, reading)
        self._settle(partition, reading)

    def _settle(self, partition: LogPartition, reading: Rereading) -> None:
        """Append who may be, and then change the quarantine."""
        persons, deleted = self._newest(partition, reading)
        if persons or deleted:
            self.append(persons, deleted)
        for some in _writable(reading.replaced):
            self.store.transactions.run(partial(_replace, replaced=some))
        self.retried += Retried(**reading.counts)

    def _newest(
        self, partition: LogPartition, reading: Rereading
    ) -> tuple[Sequence[Person], Sequence[PersonId]]:
        """Drop the candidates of whom a newer record is held, or whom the ledger names by now.

        Returns who is to be appended, and who is held and is not to be.
        """
        counts, view = reading.counts, self._view()
        epochs = self._epochs()
        persons: list[Person] = []
        deleted: list[PersonId] = []
        for some in _batches(list(reading.candidates.items()), size=_ASKED_AT_ONCE):
            held = self.store.held([person for person, _ in some])
            named = view.named(person for person, _ in some)
            for person, candidate in some:
                version = version_of(partition, candidate.offset, epochs) or 0
                if person in named.suppressed:
                    counts["suppressed"] += 1
                elif person in named.restricted:
                    counts["restricted"] += 1
                elif person in held and held[person][1] >= version:
                    counts["superseded"] += 1
                elif isinstance(candidate.outcome, Person):
                    counts["appended"] += 1
                    persons.append(candidate.outcome)
                else:
                    erased = isinstance(candidate.outcome, Erased)
                    counts["erased" if erased else "withheld"] += 1
                    if person in held:
                        deleted.append(person)
        counts["deleted"] += len(deleted)
        return persons, deleted

    def _epochs(self) -> Sequence[Epoch]:
        """Return the store's epochs; refuse to go on if it is written under another policy."""

        def asked(unit: UnitOfWork) -> Sequence[Epoch]:
            check_policy(unit, self.rules.fingerprint)
            return unit.epochs()

        return self.store.transactions.run(asked)

    def _view(self) -> LedgerView:
        return self.ledger.view(at_least=self.store.ledger().head)


class _Queue:
    """The rejected messages of a partition, of which the first can be seen before it is taken."""

    def __init__(self, messages: Iterator[RejectedMessage]) -> None:
        self._messages = messages
        self.head = next(messages, None)

    def pop(self) -> RejectedMessage:
        head, self.head = self.head, next(self._messages, None)
        assert head is not None  # noqa: S101 - whoever pops has looked
        return head


def _taken_up(queue: _Queue, offset: int, reading: Rereading) -> RejectedMessage | None:
    """Take the message at an offset, unless the reading is full; those before it are not there."""
    while queue.head is not None and queue.head.offset <= offset and not reading.full:
        message = queue.pop()
        if message.offset == offset:
            return message
        reading.leave(message, "not_in_log")
    return None


def _batches(items: Sequence[T], *, size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


Replaced = tuple[RejectedMessage, Sequence[Quarantined]]


def _writable(replaced: Sequence[Replaced]) -> Iterator[Sequence[Replaced]]:
    """Cut what is to be written so that a transaction can take it."""
    some: list[Replaced] = []
    size = 0
    for message, left in replaced:
        added = len(message.entries) + len(left)
        if some and size + added > _WRITTEN_AT_ONCE:
            yield some
            some, size = [], 0
        some.append((message, left))
        size += added
    if some:
        yield some


def _replace(unit: UnitOfWork, *, replaced: Sequence[Replaced]) -> None:
    """Keep of each message what is still rejected."""
    unit.remove_quarantined([(m.partition.writer, m.offset) for m, _ in replaced])
    if left := [entry for _, entries in replaced for entry in entries]:
        unit.quarantine(left)
