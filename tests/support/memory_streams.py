"""A topic with many partitions in memory, and what is around it: the fakes of `process`.

They pass the suites of the real ones, in `tests/contracts/test_streams.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from profiles.application.errors import GapError, LogError
from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogPartition, LogRecord, Run
from profiles.application.ports.logs import Revoked

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass
class MemoryTopic:
    """What a broker keeps: records by partition, and the groups' offsets."""

    topic_id: str = "topic-1"
    logs: list[list[LogRecord]] = field(default_factory=lambda: [[], []])
    first: dict[int, int] = field(default_factory=dict)
    offsets: dict[tuple[str, int], int] = field(default_factory=dict)

    def append(self, number: int, value: bytes | None, key: bytes | None = None) -> int:
        log = self.logs[number]
        at = START + timedelta(milliseconds=len(log))
        log.append(LogRecord(offset=len(log), logged_at=at, key=key, value=value))
        return len(log) - 1

    def delete_before(self, number: int, offset: int) -> None:
        self.first[number] = offset


class MemoryPublisher:
    """Appends to one partition of a topic; refuses what `refused` says, and tells at the flush."""

    def __init__(self, topic: MemoryTopic, refused: Callable[[bytes], bool] | None = None) -> None:
        self._topic = topic
        self._refused = refused or (lambda _value: False)
        self.acknowledged = 0
        self.failed = 0
        self.last_place: tuple[int, int] | None = None

    def publish(self, key: bytes, value: bytes | None) -> None:
        if value is not None and self._refused(value):
            self.failed += 1
            return
        self.last_place = 0, self._topic.append(0, value, key)
        self.acknowledged += 1

    def flush(self, *, within_s: float) -> int:
        assert within_s >= 0
        return 0


class MemoryPartitionedLog:
    """A reader that gets the partitions of `share`, or all of them."""

    def __init__(
        self, topic: MemoryTopic, *, group: str = "a-group", share: Collection[int] | None = None
    ) -> None:
        self._topic = topic
        self._topic_id = topic.topic_id
        self._group = group
        self._share = set(range(len(topic.logs)) if share is None else share)
        self._assigned: set[int] = set()
        self._next: dict[int, int] = {}
        self._revoked: Revoked | None = None
        self.kept_alive = 0
        self.gather_s = 0.0
        self.on_keep_alive: Callable[[], None] = lambda: None
        self.on_read: Callable[[], None] = lambda: None

    def partitions(self) -> Sequence[LogPartition]:
        return [self._partition(number) for number in range(len(self._topic.logs))]

    def _partition(self, number: int) -> LogPartition:
        return LogPartition(self._topic_id, number, len(self._topic.logs))

    def bounds(self, partition: LogPartition) -> tuple[int, int]:
        number = partition.number
        return self._topic.first.get(number, 0), len(self._topic.logs[number])

    def committed(self, partition: LogPartition) -> int | None:
        return self._topic.offsets.get((self._group, partition.number))

    def subscribe(self, revoked: Revoked) -> None:
        self._revoked = revoked

    def rebalance(self, share: Collection[int], *, lost: bool = False) -> None:
        """Take all partitions away, and give those of `share`."""
        if self._revoked is not None and self._assigned:
            self._revoked(frozenset(self._assigned), lost)
        self._next.clear()
        self._assigned = self._share = set(share)

    def assigned(self) -> Collection[LogPartition]:
        return [self._partition(number) for number in sorted(self._assigned)]

    def waiting(self) -> Collection[LogPartition]:
        return [self._partition(number) for number in sorted(self._assigned - self._next.keys())]

    def begin(self, starts: Mapping[int, int]) -> None:
        self._next.update(starts)

    def read(self, *, limit: int, timeout_s: float, gather_s: float = 0.0) -> Sequence[Run]:
        assert timeout_s >= 0
        self.gather_s = gather_s
        self.on_read()
        if self._revoked is None:
            return []
        self._assigned = self._share
        if self._topic.topic_id != self._topic_id:
            raise LogError("The topic", "it was deleted and created again", "Begin again.")
        runs = []
        for number, start in self._next.items():
            first = self._topic.first.get(number, 0)
            if start < first:
                raise GapError(start, first)
            records = self._topic.logs[number][start : start + limit]
            limit -= len(records)
            if records:
                end = start + len(records)
                self._next[number] = end
                runs.append(
                    Run(
                        partition=self._partition(number),
                        records=[record for record in records if record.value != b"MARKER"],
                        start=start,
                        end=end,
                    )
                )
        return runs

    def keep_alive(self) -> None:
        self.kept_alive += 1
        self.on_keep_alive()

    def commit(self, ends: Mapping[int, int], *, wait: bool) -> None:
        assert wait in {True, False}
        for number, end in ends.items():
            self._topic.offsets[self._group, number] = end


@dataclass
class MemoryRejectedSink:
    """Keeps what is published."""

    told: list[Quarantined] = field(default_factory=list)

    def publish(self, rejected: Sequence[Quarantined]) -> None:
        self.told += rejected


class MemoryLogLookup:
    """Looks a topic up; `silent` answers are left out first."""

    def __init__(self, topic: MemoryTopic, *, silent: int = 0) -> None:
        self._topic = topic
        self.silent = silent

    def identity(self) -> str | None:
        if self.silent:
            self.silent -= 1
            return None
        return self._topic.topic_id

    def partitions(self) -> Sequence[LogPartition]:
        count = len(self._topic.logs)
        return [LogPartition(self._topic.topic_id, number, count) for number in range(count)]

    def bounds(self, partition: LogPartition) -> tuple[int, int]:
        return self.first(partition), len(self._topic.logs[partition.number])

    def records(self, partition: LogPartition, start: int, end: int) -> Generator[LogRecord]:
        if start < self.first(partition):
            raise LogError("The topic", "a record has left it", "Begin again.")
        for record in self._topic.logs[partition.number][start:end]:
            if record.value != b"MARKER":
                yield record
        if partition.topic_id != self._topic.topic_id:
            raise LogError("The topic", "it was deleted and created again", "Begin again.")

    def first(self, partition: LogPartition) -> int:
        return self._topic.first.get(partition.number, 0)

    def holds_records(self, partition: LogPartition, start: int, end: int) -> bool:
        first = max(start, self.first(partition))
        return any(first <= record.offset < end for record in self._topic.logs[partition.number])


class MemoryLogSearch:
    """Looks through a topic; a key is put into the partition of its length."""

    name = "topic of a test"

    def __init__(self, topic: MemoryTopic) -> None:
        self._topic = topic
        self.order: list[int] = []

    def bounds(self) -> Mapping[int, tuple[int, int]]:
        first = self._topic.first
        return {n: (first.get(n, 0), len(log)) for n, log in enumerate(self._topic.logs)}

    def place(self, key: bytes) -> int:
        return len(key) % len(self._topic.logs)

    def records(self, number: int, *, start: int, end: int) -> Iterator[LogRecord]:
        self.order.append(number)
        first = max(start, self._topic.first.get(number, 0))
        yield from (r for r in self._topic.logs[number] if first <= r.offset < end)
