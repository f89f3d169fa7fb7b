"""What one task of a cluster does with its records of a batch: of one partition, or of several."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from threading import Event
from typing import Final, NamedTuple, TypeVar

from profiles.application.errors import GapError, LogAwayError, LogError
from profiles.application.ingest.chunking import TOGETHER_PERSONS, WAITING_PERSONS, decide_run
from profiles.application.ingest.pipeline import Lease, Leased, Pipeline
from profiles.application.log.deciding import Rules
from profiles.application.log.records import LogPartition, LogRecord, Run
from profiles.application.ports.clock import Clock
from profiles.application.ports.ledger import Ledger
from profiles.application.ports.logs import LogLookup, LogReader, RejectedSink
from profiles.application.ports.retrying import Retry
from profiles.application.ports.stores import DecidingStore, FollowingStore
from profiles.domain.tally import Tally

T = TypeVar("T")

_PIECE_RECORDS: Final = 2_000
_PIECE_BYTES: Final = 16 * 2**20
_WAIT_S: Final = 5.0
_AGAIN_S: Final = 0.5


class OffsetRange(NamedTuple):
    """Which records of a partition a task is to process.

    start: None for the partition's beginning. end: the offset after the last one.
    """

    partition: LogPartition
    start: int | None
    end: int


@dataclass(slots=True, kw_only=True)
class PartitionTask:
    """Takes ranges of a log into the deciding store, and what that holds into the following.

    Somebody else (a checkpoint) says where a batch begins, and may be wrong: so a range is
    compared with the deciding store's position and with the log itself first. What has been
    processed before, whole or in part, is not decided again; the following store is sent once
    more what is held.

    lookup: the log that the records are said to come from.
    open_reader: opens the same log for reading by position.
    stop: ends the waiting for a store that is away.
    """

    store: DecidingStore
    ledger: Ledger
    rejected: RejectedSink
    lookup: LogLookup
    open_reader: Callable[[], LogReader]
    rules: Rules
    clock: Clock
    retry: Retry
    following: FollowingStore | None = None
    stop: Event = field(default_factory=Event)
    _reader: LogReader | None = field(default=None, init=False)

    def process_range(self, partition: LogPartition, start: int | None, end: int) -> Tally:
        """Process what a partition holds between two offsets; see `process_ranges`."""
        return self.process_ranges([OffsetRange(partition, start, end)])

    def process_ranges(self, ranges: Iterable[OffsetRange]) -> Tally:
        """Process ranges of several partitions, read from the log itself; see `process_all`.

        Where the log is away in the middle, it is waited for.
        """
        with ExitStack() as reading:
            return self.process_all(
                [
                    (each.partition, reading.enter_context(closing(self._pieces(each))))
                    for each in ranges
                ]
            )

    def _pieces(self, wanted: OffsetRange) -> Generator[Sequence[LogRecord]]:
        """Read a range in pieces; go on after the last of them when the log is back."""
        if self._reader is None:
            self._reader = self.open_reader()
        reader, partition, end = self._reader, wanted.partition, wanted.end
        first, _ = self._asked(lambda: reader.bounds(partition))
        # What is gone by now is a gap only if no store has seen it, which `process` says.
        start = first if wanted.start is None else max(wanted.start, first)
        while True:
            try:
                with closing(reader.records(partition, start, end)) as records:
                    for piece in pieces_of(records):
                        yield piece
                        start = piece[-1].offset + 1
            except LogAwayError:
                if self.stop.wait(_AGAIN_S):
                    raise
                self._asked(lambda: reader.bounds(partition))
            else:
                return

    def process(self, partition: LogPartition, pieces: Iterable[Sequence[LogRecord]]) -> Tally:
        """Process consecutive pieces of a partition; see `process_all`."""
        return self.process_all([(partition, pieces)])

    def process_all(
        self, parts: Iterable[tuple[LogPartition, Iterable[Sequence[LogRecord]]]]
    ) -> Tally:
        """Process consecutive pieces of partitions; return when every store has all of them.

        Each partition is as the topic was before anything was fetched. Partitions with few records
        go together into the stores.

        Returns the tally of all pieces.

        Raises:
            LogError: the topic was created again meanwhile, or the pieces of a partition begin
                beyond what the stores have; nothing after that was written.
            GapError: the log has lost records that the stores have not seen.
            StoreError, LedgerError: what every store has stays.
        """
        tally = Tally()
        with (
            ThreadPoolExecutor(1, thread_name_prefix="topic-id") as asking,
            Pipeline(
                store=self.store,
                ledger=self.ledger,
                rejected=self.rejected,
                following=self.following,
                retry=self.retry,
                stop=self.stop,
            ) as pipeline,
        ):
            asked: Future[str | None] | None = None
            together: list[Leased] = []
            for run, lease in self._runs(parts):
                # Whatever was fetched before it was asked for is of the topic that has this id.
                asked = asking.submit(self.lookup.identity)
                for chunk in decide_run(run, rules=self.rules, clock=self.clock):
                    together.append(Leased(chunk, lease))
                    if sum(part.chunk.read for part in together) >= TOGETHER_PERSONS:
                        self._check_identity(run.partition, asked)
                        pipeline.submit(together)
                        together = []
                        tally += self._collected(pipeline, room_for=WAITING_PERSONS)
            if together:
                self._check_identity(together[-1].chunk.partition, asked)
                pipeline.submit(together)
            tally += self._collected(pipeline, room_for=1)
        return tally

    def _runs(
        self, parts: Iterable[tuple[LogPartition, Iterable[Sequence[LogRecord]]]]
    ) -> Iterator[tuple[Run, Lease]]:
        """Make runs of pieces, each from where the one before it ends, or from the position."""
        for partition, pieces in parts:
            lease = Lease()
            end: int | None = None
            for records in filter(None, pieces):
                start = self._start(partition, records[0].offset) if end is None else end
                end = records[-1].offset + 1
                yield Run(partition=partition, records=records, start=start, end=end), lease

    def _collected(self, pipeline: Pipeline, *, room_for: int) -> Tally:
        """Wait until fewer persons than `room_for` are under way; count those who are done."""
        tally = Tally()
        while True:
            for done in pipeline.completed():
                tally += done.tally
            if pipeline.persons < room_for and (room_for > 1 or not pipeline.chunks):
                return tally
            pipeline.wait(timeout_s=_WAIT_S)

    def _check_identity(
        self, partition: LogPartition, asked: Future[str | None] | None = None
    ) -> None:
        """Make sure that what was handed over is of this topic, and not of one made since.

        Ids don't come back: the same one before and after the fetching was there in between.

        asked: for the topic's id, after the fetching; None to ask now.
        """
        identity = self.lookup.identity() if asked is None else asked.result()
        while identity is None:
            if self.stop.wait(_AGAIN_S):
                raise LogError(
                    "The log",
                    "it did not say which topic it holds",
                    "See that it is up, and run the same command again.",
                )
            identity = self.lookup.identity()
        if identity != partition.topic_id:
            raise LogError(
                "The topic",
                "it was deleted and created again while it was read",
                "Nothing of the new one was taken in. Run the same command again with a new"
                " checkpoint: it reads the new one from its beginning, and the stores keep what"
                " they hold.",
            )

    def _start(self, partition: LogPartition, first: int) -> int:
        """Return where the first chunk begins, so that nothing is missed.

        Offsets between the position and the first record are part of it where the log has no
        record there.
        """
        position = self._asked(lambda: self.store.position(partition))
        held_from = self._asked(lambda: self.lookup.first(partition))
        expected = held_from if position is None else position
        if first <= expected:
            return first
        self._check_identity(partition)  # what is missing may be of another topic
        if expected < held_from:
            raise GapError(expected, held_from)
        if self._asked(lambda: self.lookup.holds_records(partition, expected, first)):
            raise LogError(
                f"Partition {partition.number} of the log",
                f"the batch begins at offset {first}, but the stores have it only up to {expected},"
                " and it still holds records in between",
                "The checkpoint is ahead of the stores, or of another topic; nothing was written."
                " Run the same command with a new checkpoint: nothing is doubled.",
            )
        return expected

    def _asked(self, question: Callable[[], T]) -> T:
        return self.retry(question, given_up=self.stop.is_set)


def pieces_of(records: Iterable[LogRecord]) -> Iterator[Sequence[LogRecord]]:
    """Cut records into pieces of bounded size."""
    piece: list[LogRecord] = []
    size = 0
    for record in records:
        piece.append(record)
        size += len(record.value) if isinstance(record.value, bytes) else 0
        if len(piece) >= _PIECE_RECORDS or size >= _PIECE_BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece
