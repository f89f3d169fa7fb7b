"""The producer: idempotent, bounded in memory, and aware of what became of every message."""

from __future__ import annotations

import logging
import time
from collections import Counter
from threading import Event
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from profiles.adapters.kafka.cluster import Address
from profiles.adapters.kafka.connection import client_settings
from profiles.adapters.kafka.errors import error_of, failure, remedy
from profiles.adapters.kafka.settings import PRODUCER
from profiles.application.errors import LogError

_SLICE_S: Final = 0.2
GRACE_S: Final = 120.0
"""Seconds for which a full queue is waited for once the job was asked to stop."""

_logger = logging.getLogger(__name__)


class KafkaPublisher:
    """Publishes to one topic; its memory is bounded, and a full queue makes `publish` wait."""

    def __init__(  # noqa: PLR0913 - what there is to know, named one by one
        self,
        address: Address,
        topic: str,
        *,
        stop: Event,
        hurry: Event | None = None,
        grace_s: float = GRACE_S,
        settings: dict[str, Any] | None = None,
    ) -> None:
        """Prepare for a topic that exists; it connects in the background.

        stop: once it is set, a full queue is waited for `grace_s` seconds and no longer.
        hurry: once it is set, nothing is waited for.
        settings: of the driver, in place of those of this module.
        """
        self._address = address
        self._topic = topic
        self._stop = stop
        self._hurry = hurry or Event()
        self._grace_s = grace_s
        self._acknowledged = 0
        self._last_place: tuple[int, int] | None = None
        self._failures: Counter[str] = Counter()
        client = client_settings(address, name="profiles-producer")
        reports = {"on_delivery": self._report}
        self._producer = Producer({**client, **PRODUCER, **reports, **(settings or {})})

    @property
    def acknowledged(self) -> int:
        """Count what all in-sync replicas have."""
        return self._acknowledged

    @property
    def failed(self) -> int:
        """Count what was refused or given up."""
        return self._failures.total()

    @property
    def last_place(self) -> tuple[int, int] | None:
        """Return partition and offset of the message that was confirmed last."""
        return self._last_place

    def _report(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            self._acknowledged += 1
            number, offset = message.partition(), message.offset()
            if number is not None and offset is not None:
                self._last_place = number, offset
        else:
            self._fail(error)

    def _fail(self, error: KafkaError) -> None:
        name = error.name()
        self._failures[name] += 1
        if self._failures[name] == 1:  # of many alike, one line
            message_text = "A message was not delivered to topic %s (%s). %s"
            _logger.error(message_text, self._topic, name, remedy(error) or "")

    def publish(self, key: bytes, value: bytes | None) -> None:
        """Hand over a message; see the port."""
        deadline: float | None = None
        while True:
            try:
                self._producer.produce(self._topic, value=value, key=key)
            except BufferError:
                if self._stop.is_set():
                    deadline = deadline or time.monotonic() + self._grace_s
                    if time.monotonic() > deadline or self._hurry.is_set():
                        raise self._no_room() from None
                self._producer.poll(_SLICE_S)  # takes delivery reports, which make room
            except KafkaException as raised:
                error = error_of(raised)
                if error.code() != KafkaError.MSG_SIZE_TOO_LARGE:
                    raise failure(self._address, error) from None
                self._fail(error)  # as where the broker says so
                return
            else:
                self._producer.poll(0)
                return

    def _no_room(self) -> LogError:
        return LogError(
            f"Kafka at {self._address}",
            f"it took nothing for {self._grace_s:g} s, and the queue is full",
            "See that it is up, and run the same command again.",
        )

    def flush(self, *, within_s: float) -> int:
        """Wait for all delivery reports, then give up what is left; see the port."""
        deadline = time.monotonic() + within_s
        left = self._producer.flush(min(_SLICE_S, within_s))
        if left and within_s > _SLICE_S:
            _logger.info(
                "%d messages wait for Kafka's answer, for up to %g s; a second Ctrl-C gives them"
                " up.",
                *(left, within_s),
            )
        while left and time.monotonic() < deadline and not self._hurry.is_set():
            left = self._producer.flush(min(_SLICE_S, max(0.0, deadline - time.monotonic())))
        if left:
            self._producer.purge()
            left -= self._producer.flush(_SLICE_S)
        for name, count in self._failures.items():
            _logger.error("%d messages were not delivered (%s).", count, name)
        return left

    def close(self) -> None:
        """Let go of the connection; what was not flushed is dropped."""
        self._producer.purge()
        self._producer.flush(_SLICE_S)
