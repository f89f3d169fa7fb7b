"""From the driver's messages to records of the log."""

from __future__ import annotations

from confluent_kafka import Message

from profiles.application.chunk import LogRecord
from profiles.application.moments import Moments


def record_of(message: Message, offset: int, moments: Moments) -> LogRecord:
    """Return a message as a record; what it is about was checked by nobody."""
    return LogRecord(
        offset=offset,
        logged_at=moments.of(message.timestamp()[1]),
        key=message.key(),
        value=message.value(),
    )
