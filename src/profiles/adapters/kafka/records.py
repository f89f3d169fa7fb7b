"""From the driver's messages to records of the log."""

from __future__ import annotations

from confluent_kafka import Message

from profiles.application.log.records import LogRecord
from profiles.application.log.timestamps import TimestampDecoder


def record_of(message: Message, offset: int, timestamps: TimestampDecoder) -> LogRecord:
    """Return a message as a record; what it is about was checked by nobody."""
    return LogRecord(
        offset=offset,
        logged_at=timestamps.decode(message.timestamp()[1]),
        key=message.key(),
        value=message.value(),
    )
