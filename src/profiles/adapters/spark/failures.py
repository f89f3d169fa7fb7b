"""What Spark says when a query ends by itself, in our words.

Spark's own text is never shown: it can quote anything that a query has touched.
"""

from __future__ import annotations

from contextlib import suppress
from subprocess import TimeoutExpired
from typing import Any, Final

from py4j.protocol import Py4JError, Py4JNetworkError
from pyspark import SparkContext

from profiles.application.errors import LogError
from profiles.domain.errors import ProfilesError

_LOST: Final = ("KAFKA_DATA_LOSS", "failOnDataLoss", "OffsetOutOfRange")
_OTHER_CHECKPOINT: Final = (
    "KAFKA_INVALID_OFFSETS",
    "INCOMPATIBLE_CHECKPOINT",
    "startingOffsets",
    "There are [",
)


class QueryEndedError(ProfilesError):
    """The query ended by itself; it may be started again from its checkpoint."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind

    def __str__(self) -> str:
        return (
            f"Spark ended the query ({self.kind}). What every store has stays; the batch at hand is"
            " taken again. See that Kafka, the stores and the cluster are up, and run the same"
            " command again: nothing is doubled."
        )


_JAVA_IS_GONE: Final = (Py4JNetworkError, ConnectionError)
"""What a call of Spark raises that finds its Java process gone."""


_UNTIL_IT_HAS_ENDED_S: Final = 1.0
"""Its connections are closed before its process is gone."""


def java_has_ended(failure: BaseException) -> bool:
    """Tell whether a call of Spark failed because its Java process is no longer there.

    A call that was on its way is told by Py4J as any other error, so the process itself is asked.
    Where `spark-submit` started Java, it is none of ours and can't be.
    """
    if isinstance(failure, _JAVA_IS_GONE):
        return True
    gateway = SparkContext._gateway  # noqa: SLF001 - there is no public way to Spark's Java
    process = getattr(gateway, "proc", None)
    if process is None or not isinstance(failure, Py4JError):
        return False
    with suppress(TimeoutExpired):
        process.wait(_UNTIL_IT_HAS_ENDED_S)
    return process.poll() is not None


class JavaProcessEndedError(ProfilesError):
    """The Java process in which Spark runs has ended."""

    def __str__(self) -> str:
        return (
            "Spark's Java process has ended: it was killed, or had too little memory. What every"
            " store has stays. Run the same command again: nothing is doubled. If the lines above"
            " name OutOfMemoryError, give it more with --conf spark.driver.memory=4g, or take"
            " smaller batches with --batch-records."
        )


def lost(topic: str) -> LogError:
    """Say that a topic has lost records that the checkpoint has not read."""
    return LogError(
        f"Topic {topic}",
        "it no longer holds records that the checkpoint has not read, or was created again",
        "Nothing was passed over. If the stores have them all, or it is another topic, run the"
        " same command with a new --checkpoint: reading begins again where the topic does,"
        " nothing is doubled, and a gap that the stores can't close stops it.",
    )


def explained(failure: BaseException, topic: str) -> ProfilesError:
    """Turn what ended a query into ours."""
    text = str(failure)
    if any(sign in text for sign in _LOST):
        return lost(topic)
    if any(sign in text for sign in _OTHER_CHECKPOINT):
        return LogError(
            f"Topic {topic}",
            "the checkpoint does not fit it",
            "Run the same command with a new --checkpoint: nothing is doubled.",
        )
    return QueryEndedError(_kind(failure))


def _kind(failure: Any) -> str:  # noqa: ANN401 - PySpark has no types
    """Name the condition that Spark gives, or the kind of the error."""
    condition = getattr(failure, "getCondition", lambda: None)()
    return str(condition or type(failure).__qualname__)
