"""The query: Kafka's records, batch by batch, through one Arrow pass in the Python workers."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any, Final

import tenacity
from py4j.protocol import Py4JError
from pyspark.errors import StreamingQueryException
from pyspark.sql import functions as F  # noqa: N812 - as Spark's own documentation calls it

from profiles.adapters.spark.failures import (
    JavaProcessEndedError,
    QueryEndedError,
    explained,
    java_has_ended,
    place_of_time,
    time_overflows,
)
from profiles.adapters.spark.worker import (
    OUTCOME_SCHEMA,
    RANGE_SCHEMA,
    OpenPartitionTask,
    Work,
    outcome_of,
)
from profiles.application.errors import LogError
from profiles.application.ingest.chunking import TOGETHER_PERSONS
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
    _by_position: bool = field(default=False, init=False)
    _few: bool = field(default=False, init=False)

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
            records(self.spark, wanted)
            .writeStream.queryName("profiles")
            .foreachBatch(self._batch)
            .option("checkpointLocation", wanted.checkpoint)
            .trigger(**trigger)
            .start()
        )

    def _batch(self, frame: Any, number: int) -> None:  # noqa: ANN401 - PySpark has no types
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
            work = Work(open_task=self.open_task, partitions=partitions, together=self._few)
            rows = self._processed(frame, number, work)
            outcomes = [outcome_of(row) for row in rows]
            self._few = sum(outcome.tally.read for outcome in outcomes) < TOGETHER_PERSONS
            for outcome in outcomes:
                self.tally += outcome.tally
                self.on_tally(outcome.tally)
            self._failure = next((o.failure for o in outcomes if o.failure is not None), None)
            if self._failure is not None:
                raise _BatchFailedError
            self._failed_restarts = 0

    def _processed(self, frame: Any, number: int, work: Work) -> Any:  # noqa: ANN401 - see above
        """Let the workers process a batch: its records, or what they read by its offsets.

        After a batch with few records the next is one task, whatever it brings: as many tasks as
        there are partitions take as many times the work, each for a handful of records.

        Whoever has written one time that Spark can't count writes more of them, so the rest of the
        run is read by offsets at once.
        """
        if not self._by_position:
            if work.together:
                frame = frame.coalesce(1)
            try:
                return frame.mapInArrow(work, OUTCOME_SCHEMA).collect()
            except Exception as failure:
                if not time_overflows(failure):
                    raise
                self._by_position = True
                _logger.warning(
                    "Spark can't take in a batch of topic %s: the time of %s is beyond what it can"
                    " count, as where a producer writes nanoseconds for milliseconds. From here on"
                    " the topic is read without Spark's source, and such records are rejected as"
                    " time.",
                    *(self.settings.topic, place_of_time(failure)),
                )
        return self._ranges(number).mapInArrow(work.by_position, OUTCOME_SCHEMA).collect()

    def _ranges(self, number: int) -> Any:  # noqa: ANN401 - PySpark has no types
        """Return the offsets of a batch from the checkpoint: a row for each partition."""
        noted = self.settings.checkpoint.rstrip("/")
        ends = _noted_offsets(self.spark, f"{noted}/offsets/{number}")
        before = f"offsets/{number - 1}" if number else "sources/0/0"
        starts = _noted_offsets(self.spark, f"{noted}/{before}")
        rows = [(int(n), starts.get(n), end) for n, end in ends.items() if end > starts.get(n, -1)]
        return self.spark.createDataFrame(rows, RANGE_SCHEMA).repartition(max(1, len(rows)))

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


def records(spark: Any, settings: StreamSettings) -> Any:  # noqa: ANN401 - PySpark has no types
    """Read a topic as a stream of key, value, partition, offset and time of the log."""
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
    return reader.load().select(
        "partition",
        "offset",
        F.unix_millis("timestamp").alias("logged_ms"),
        "key",
        "value",
    )


def _has_moved(last: Any) -> bool:  # noqa: ANN401 - PySpark has no types
    """Tell whether there was anything in a batch, which need not be what Spark has read of it."""
    return bool(last.sources[0].endOffset != last.sources[0].startOffset)


def _noted_offsets(spark: Any, path: str) -> dict[str, int]:  # noqa: ANN401 - PySpark has no types
    """Read the offsets by partition in a file of a checkpoint: they are its last line."""
    lines = [row.value for row in spark.read.text(path).collect()]
    return _offsets(lines[-1])


def progress_of(last: Any) -> BatchProgress:  # noqa: ANN401 - PySpark has no types
    """Read how a batch went from what Spark tells about it."""
    source = last.sources[0]
    ends, latest = _offsets(source.endOffset), _offsets(source.latestOffset)
    lag = sum(max(0, offset - ends.get(number, 0)) for number, offset in latest.items())
    return BatchProgress(lag=lag, seconds=last.batchDuration / 1_000)


def _offsets(text: str | None) -> dict[str, int]:
    """Read what Spark calls an offset: for each topic offsets by partition, or null."""
    topics: dict[str, dict[str, int]] = json.loads(text or "null") or {}
    return {number: offset for offsets in topics.values() for number, offset in offsets.items()}


def _log_restart(state: tenacity.RetryCallState) -> None:
    failure = state.outcome.exception() if state.outcome else None
    _logger.warning(
        "%s Starting it again in %.0f s.",
        str(failure).partition(". See that")[0] + ".",
        state.upcoming_sleep,
    )
