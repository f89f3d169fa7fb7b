"""The query: Spark says which offsets are a batch, and its Python workers read what they hold.

No record passes through Java: Spark's source plans batches and notes them in the checkpoint.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any, Final

import tenacity
from py4j.protocol import Py4JError
from pyspark.errors import StreamingQueryException

from profiles.adapters.spark.failures import (
    JavaProcessEndedError,
    QueryEndedError,
    explained,
    java_has_ended,
    lost,
)
from profiles.adapters.spark.worker import OpenPartitionTask, Outcome, Work
from profiles.application.errors import LogError
from profiles.application.ingest.chunking import TOGETHER_PERSONS
from profiles.application.ingest.partition_task import OffsetRange
from profiles.application.log.records import LogPartition
from profiles.domain.errors import ProfilesError
from profiles.domain.tally import Tally

_LOOK_S: Final = 0.5
_FINISH_S: Final = 60.0
"""Seconds for which a batch that is under way is waited for at the end."""
_RESTARTS: Final = 10
"""How often the query is started again without a batch in between, before it is given up."""
_LONGEST_PAUSE_S: Final = 30.0

_KAFKA: Final = {
    "kafka.isolation.level": "read_committed",
    # A broker that is away ends the query after this time; then it is started again.
    "kafka.default.api.timeout.ms": "20000",
    "kafka.request.timeout.ms": "15000",
    "failOnDataLoss": "true",
    "groupIdPrefix": "profiles-spark",
}

_logger = logging.getLogger(__name__)


class _StoppedError(ProfilesError):
    """A batch was not begun, because the job is to end; the next run begins with it."""


class _BatchFailedError(ProfilesError):
    """A task can't go on; the job knows why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    """What is read, and how.

    kafka: `HOST:PORT`, or several with commas between them.
    security: what Kafka's client in Java needs to be let in, and nothing secret: Spark shows it.
    checkpoint: a folder on any filesystem that Spark knows; a new one or an old one makes no
        difference to the stores.
    starts: offsets by partition at which a new checkpoint begins, for all partitions; None for
        the topic's beginning.
    batch_records: at most so many in a batch, over all partitions.
    trigger_s: seconds from the beginning of one batch to that of the next; 0 for at once.
    """

    kafka: str
    topic: str
    checkpoint: str
    security: Mapping[str, str] = field(default_factory=dict)
    starts: Mapping[int, int] | None = None
    batch_records: int = 200_000
    trigger_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchProgress:
    """How a batch went.

    lag: records that the log holds beyond it, as far as is known.
    seconds: from its beginning to its end, Spark's own part included.
    """

    lag: int
    seconds: float


@dataclass(slots=True, kw_only=True)
class SparkStream:
    """Takes what Kafka holds into the stores, on Spark.

    open_task: opens in a worker what the worker's tasks need.
    describe: tells the topic's partitions as of now.
    housekeeping: called now and then between two looks at the query.
    finish: called when the log's ends are reached, with no later look to make up for one that
        failed; what it raises ends the run.
    on_tally, on_progress: called with each batch's tally, and how it went.
    tally: of all batches so far.
    """

    spark: Any
    settings: StreamSettings
    open_task: OpenPartitionTask
    describe: Callable[[], Sequence[LogPartition]]
    housekeeping: Callable[[], None] = lambda: None
    finish: Callable[[], None] = lambda: None
    on_tally: Callable[[Tally], None] = lambda _tally: None
    on_progress: Callable[[BatchProgress], None] = lambda _progress: None
    tally: Tally = field(default_factory=Tally, init=False)
    _stop: Event = field(default_factory=Event, init=False)
    _busy: Lock = field(default_factory=Lock, init=False)
    _failure: ProfilesError | None = field(default=None, init=False)
    _unanswered: ProfilesError | None = field(default=None, init=False)
    _failed_restarts: int = field(default=0, init=False)
    _reported: int = field(default=-1, init=False)
    _ends: Mapping[int, Mapping[int, int]] = field(default_factory=dict, init=False)

    def run(self, *, once: bool = False, stop: Event) -> bool:
        """Run until `stop` is set; with `once` no further than the log's ends as of now.

        A query that ends by itself is started again from its checkpoint.

        Returns whether the ends were reached.

        Raises:
            LogError, GapError, StoreError, LedgerError: see `PartitionTask.process`.
            QueryEndedError: it kept ending.
            JavaProcessEndedError: Spark itself has ended.
        """
        self._stop = stop
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(QueryEndedError),
            wait=lambda _state: min(2.0**self._failed_restarts, _LONGEST_PAUSE_S),
            stop=lambda _state: stop.is_set() or self._failed_restarts >= _RESTARTS,
            sleep=tenacity.sleep_using_event(stop),
            before_sleep=_log_restart,
            reraise=True,
        )
        try:
            return bool(retrying(lambda: self._query(once=once)))
        except QueryEndedError:
            if self._unanswered is not None:
                raise self._unanswered from None
            if stop.is_set():
                return False
            raise
        except (Py4JError, ConnectionError) as failure:
            if java_has_ended(failure):
                raise JavaProcessEndedError from None
            raise

    def _query(self, *, once: bool) -> bool:
        """Run the query until it ends, or until it is to end."""
        self._failed_restarts += 1
        query = self._started(once=once)
        try:
            while not query.awaitTermination(_LOOK_S):
                self._look(query)
                if self._stop.is_set():
                    self._end(query)
                    return False
            self._look(query)
        except StreamingQueryException as ended:
            if self._failure is not None:
                raise self._failure from None
            if self._stop.is_set():
                return False
            raise explained(ended, self.settings.topic) from None
        if once:
            self.finish()
        return once

    def _started(self, *, once: bool) -> Any:  # noqa: ANN401 - PySpark has no types
        wanted = self.settings
        trigger: dict[str, Any] = (
            {"availableNow": True}
            if once
            else {"processingTime": f"{round(wanted.trigger_s * 1_000)} milliseconds"}
        )
        return (
            batches(self.spark, wanted)
            .writeStream.queryName("profiles")
            .foreachBatch(self._batch)
            .option("checkpointLocation", wanted.checkpoint)
            .trigger(**trigger)
            .start()
        )

    def _batch(self, _frame: Any, number: int) -> None:  # noqa: ANN401 - PySpark has no types
        """Take a batch into the stores; whatever it raises, Spark takes the batch again."""
        if self._stop.is_set():
            raise _StoppedError
        with self._busy:
            try:
                partitions = {partition.number: partition for partition in self.describe()}
            except LogError as failure:
                self._unanswered = failure
                raise
            self._unanswered = None
            try:
                ranges = self._ranges(number, partitions)
            except LogError as failure:
                self._failure = failure
                raise
            outcomes = self._processed(ranges)
            for outcome in outcomes:
                self.tally += outcome.tally
                self.on_tally(outcome.tally)
            self._failure = next((o.failure for o in outcomes if o.failure is not None), None)
            if self._failure is not None:
                raise _BatchFailedError
            self._failed_restarts = 0

    def _processed(self, ranges: Sequence[OffsetRange]) -> Sequence[Outcome]:
        """Let the workers process ranges: a task for each, or one where they hold few records.

        As many tasks as there are partitions take as many times the work, each for a handful of
        records.
        """
        if not ranges:
            return []
        few = sum(each.end - (each.start or 0) for each in ranges) < TOGETHER_PERSONS
        tasks = [ranges] if few else [[each] for each in ranges]
        handed_out = self.spark.sparkContext.parallelize(tasks, len(tasks))
        outcomes: list[Outcome] = handed_out.mapPartitions(Work(open_task=self.open_task)).collect()
        return outcomes

    def _ranges(self, number: int, partitions: Mapping[int, LogPartition]) -> Sequence[OffsetRange]:
        """Read in the checkpoint which offsets are a batch.

        Raises:
            LogError: the log ends before them, or a partition is gone.
        """
        starts, ends = self._noted(number - 1), self._noted(number)
        self._ends = {number: ends}
        if is_lost(starts, ends, partitions):
            raise lost(self.settings.topic)
        return ranges_between(starts, ends, partitions)

    def _noted(self, number: int) -> Mapping[int, int]:
        """Read in the checkpoint where a batch ends; the one before the first, where it begins."""
        if number in self._ends:
            return self._ends[number]
        noted = self.settings.checkpoint.rstrip("/")
        file = "sources/0/0" if number < 0 else f"offsets/{number}"
        lines = self.spark.sparkContext.textFile(f"{noted}/{file}", 1).collect()
        return _offsets(lines[-1])

    def _look(self, query: Any) -> None:  # noqa: ANN401 - PySpark has no types
        """Tell how the last batch went, once; do what is due."""
        last = query.lastProgress
        if last is not None and last.batchId != self._reported and _has_moved(last):
            self._reported = last.batchId
            self.on_progress(progress_of(last))
        self.housekeeping()

    def _end(self, query: Any) -> None:  # noqa: ANN401 - PySpark has no types
        """Let the batch that is under way come to its end, and no other begin."""
        deadline = time.monotonic() + _FINISH_S
        if self._busy.acquire(timeout=_FINISH_S):
            self._busy.release()
            while query.status["isTriggerActive"] and time.monotonic() < deadline:
                if query.awaitTermination(_LOOK_S):
                    return
        query.stop()


def batches(spark: Any, settings: StreamSettings) -> Any:  # noqa: ANN401 - PySpark has no types
    """Have a topic divided into batches; what Spark would read of them is read by nobody."""
    starts = "earliest"
    if settings.starts is not None:
        offsets = {str(number): offset for number, offset in sorted(settings.starts.items())}
        starts = json.dumps({settings.topic: offsets})
    reader = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", settings.kafka)
        .option("subscribe", settings.topic)
        .option("startingOffsets", starts)
        .option("maxOffsetsPerTrigger", settings.batch_records)
    )
    security = {f"kafka.{name}": value for name, value in settings.security.items()}
    for name, value in {**_KAFKA, **security}.items():
        reader = reader.option(name, value)
    return reader.load().select("offset")


def is_lost(
    starts: Mapping[int, int], ends: Mapping[int, int], partitions: Collection[int]
) -> bool:
    """Tell whether a log has less than the batch before has ended with."""
    return any(
        number not in partitions or ends.get(number, start) < start
        for number, start in starts.items()
    )


def ranges_between(
    starts: Mapping[int, int], ends: Mapping[int, int], partitions: Mapping[int, LogPartition]
) -> Sequence[OffsetRange]:
    """Return what lies between offsets by partition; a new one begins where the log does."""
    return [
        OffsetRange(partitions[number], starts.get(number), end)
        for number, end in sorted(ends.items())
        if end > starts.get(number, -1)
    ]


def _has_moved(last: Any) -> bool:  # noqa: ANN401 - PySpark has no types
    """Tell whether there was anything in a batch, which need not be what Spark has read of it."""
    return bool(last.sources[0].endOffset != last.sources[0].startOffset)


def progress_of(last: Any) -> BatchProgress:  # noqa: ANN401 - PySpark has no types
    """Read how a batch went from what Spark tells about it."""
    source = last.sources[0]
    ends, latest = _offsets(source.endOffset), _offsets(source.latestOffset)
    lag = sum(max(0, offset - ends.get(number, 0)) for number, offset in latest.items())
    return BatchProgress(lag=lag, seconds=last.batchDuration / 1_000)


def _offsets(text: str | None) -> dict[int, int]:
    """Read what Spark calls an offset: for each topic offsets by partition, or null."""
    topics: dict[str, dict[str, int]] = json.loads(text or "null") or {}
    return {int(each): offset for offsets in topics.values() for each, offset in offsets.items()}


def _log_restart(state: tenacity.RetryCallState) -> None:
    failure = state.outcome.exception() if state.outcome else None
    _logger.warning(
        "%s Starting it again in %.0f s.",
        str(failure).partition(". See that")[0] + ".",
        state.upcoming_sleep,
    )
