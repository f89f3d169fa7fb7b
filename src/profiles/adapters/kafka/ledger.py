"""The erasure ledger as a topic: its entries are read, and never guessed at."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from threading import Event, Lock
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from profiles.adapters.kafka.cluster import Address
from profiles.adapters.kafka.connection import client_settings
from profiles.adapters.kafka.errors import (
    NO_CONNECTION,
    OFFSET_GONE,
    PARTITION_END,
    TIMED_OUT,
    error_of,
    failure,
    permanent,
)
from profiles.adapters.kafka.ledger_entry import Unreadable, read_entry
from profiles.adapters.kafka.settings import LEDGER_READER
from profiles.adapters.kafka.topic import Topic, Topics, TopicSettings
from profiles.application.errors import LedgerAwayError, LedgerError, LogError
from profiles.application.ports.ledger import Action, LedgerView
from profiles.application.rights.ledger import view_after
from profiles.domain.person import PersonId

DEFAULT_LEDGER: Final = "user_ledger"

LOSING: Final = frozenset({"cleanup.policy", "retention.ms", "retention.bytes"})
"""Settings that make a topic lose entries where they are not as they should be."""

_ANSWER_S: Final = 10.0
_AT_ONCE: Final = 10_000
_UP: Final = "See that it is up."
_RESTORE: Final = "Restore it from a copy."


def ledger_topic(name: str = DEFAULT_LEDGER, *, replication: int = -1) -> TopicSettings:
    """Return the settings of a topic that keeps every entry for ever, in one order."""
    return TopicSettings(
        name=name, partitions=1, replication=replication, retention_ms=None, message_bytes=None
    )


class KafkaLedger:
    """An erasure ledger in a topic of one partition; threads that share it take turns.

    The entry at offset n is entry n + 1: the position is the offset that the next will get. Kafka
    leaves offsets without a record where it compacts a topic and where transactions end; such a
    topic is refused, for an entry that was lost looks the same.
    """

    def __init__(self, address: Address, topic: Topic, *, answer_s: float = _ANSWER_S) -> None:
        """Prepare for a topic that exists: this one, and none of its name made later.

        answer_s: seconds for which one view may take.
        """
        self._address = address
        self._topic = topic
        self._topics = Topics(address, request_s=answer_s)
        self._answer_s = answer_s
        client = client_settings(address, name="profiles-ledger")
        self._consumer = Consumer({**client, **LEDGER_READER})
        self._seen = LedgerView()
        self._turn = Lock()

    @classmethod
    def open(
        cls, address: Address, settings: TopicSettings, *, applied: int, stop: Event
    ) -> KafkaLedger:
        """Open the ledger; make its topic only where no store has applied any of it.

        settings: see `ledger_topic`.
        applied: the highest ledger position of the stores it is used with.

        Raises:
            LedgerError: it is missing though it was applied, or is not kept for ever.
            LogError: nothing answered in time, or `stop` was set, or the topic can't be made.
        """
        topics = Topics(address)
        if topics.find(settings.name, stop=stop) is None and applied > 0:
            happened = f"is missing, though the store has applied it up to entry {applied}"
            raise _error(settings.name, happened, "Restore the topic, or name its file: --ledger.")
        topic = topics.ensure(settings, stop=stop)
        for name, (found, wanted) in topics.differences(settings).items():
            if name in LOSING:
                raise _error(
                    settings.name,
                    f"would lose entries: it has {name}={found} and must have {wanted}",
                    "Change it with kafka-configs.sh, and see that no entry was lost.",
                )
        return cls(address, topic)

    @property
    def topic(self) -> Topic:
        """The topic that this ledger reads; another process opens the same with it."""
        return self._topic

    def view(self, *, at_least: int) -> LedgerView:
        """Return what the ledger says now; see the port."""
        with self._turn:
            return self._view(at_least)

    def _view(self, at_least: int) -> LedgerView:
        deadline = time.monotonic() + self._answer_s
        asked = self._topics.ask(self._topic.name)
        seen = self._seen
        with self._exceptions_mapped(asked):
            end = self._end()
            if end > seen.position:
                seen = view_after(seen, self._entries(seen.position, end, deadline))
                # What was read counts only if the topic has been the same one until now.
                asked = self._topics.ask(self._topic.name)
        self._check(asked)
        self._seen = seen
        if seen.position < at_least:
            happened = f"ends at entry {seen.position}, before {at_least}"
            raise self._error(happened, "Use the ledger that the store was used with.")
        return seen

    def _end(self) -> int:
        """Ask how many entries there are; all that were ever made must still be there."""
        partition = TopicPartition(self._topic.name, 0)
        first, end = self._consumer.get_watermark_offsets(partition, timeout=self._answer_s)
        if first > 0:
            raise self._error(f"begins at entry {first + 1}: those before are gone", _RESTORE)
        if end < self._seen.position:
            happened = f"ends at entry {end}, and had {self._seen.position} before"
            raise self._error(happened, _RESTORE)
        return end

    def _entries(self, start: int, end: int, deadline: float) -> Sequence[tuple[Action, PersonId]]:
        """Read the entries between two offsets, each of them."""
        entries: list[tuple[Action, PersonId]] = []
        self._consumer.assign([TopicPartition(self._topic.name, 0, start)])
        try:
            while (missing := end - start - len(entries)) > 0:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise self._away(KafkaError(TIMED_OUT))
                for message in self._consumer.consume(min(missing, _AT_ONCE), left):
                    entry = self._entry(message, start + len(entries), end)
                    entries += [] if entry is None else [entry]
        finally:
            self._consumer.unassign()
        return entries

    def _entry(self, message: Message, offset: int, end: int) -> tuple[Action, PersonId] | None:
        """Read what should be the entry at an offset; None for an end that came too early."""
        error = message.error()
        at = message.offset()
        if error is not None and error.code() == PARTITION_END:
            if at is not None and at >= end:
                raise self._hole(offset)
            return None
        if error is not None:
            raise KafkaException(error)
        if at != offset:
            raise self._hole(offset)
        entry = read_entry(message.value())
        if isinstance(entry, Unreadable):
            happened = f"has an entry {offset + 1} that can't be read: {entry.value}"
            raise self._error(happened, "Find out who wrote it, and restore the topic without it.")
        return entry

    def _hole(self, offset: int) -> LedgerError:
        happened = (
            f"has no entry {offset + 1}: the topic was compacted, or written in a transaction"
        )
        return self._error(happened, _RESTORE)

    @contextmanager
    def _exceptions_mapped(self, asked: Any) -> Generator[None]:  # noqa: ANN401 - the driver's future of a type it does not export
        """Turn the driver's exceptions into ours; a topic that is gone says so first."""
        try:
            yield
        except KafkaException as raised:
            error = error_of(raised)
            self._check(asked)
            if permanent(error) or error.code() == OFFSET_GONE:
                known = failure(self._address, error)
                raise self._error(f"can't be read: {known.happened}", known.remedy) from None
            raise self._away(error) from None

    def _check(self, asked: Any) -> None:  # noqa: ANN401 - see `_translated`
        """Compare the topic with what it was."""
        try:
            topic = self._topics.answered(self._topic.name, asked)
        except LogError as refused:
            raise self._error(f"can't be read: {refused.happened}", refused.remedy) from None
        if topic is None:
            raise self._away(KafkaError(NO_CONNECTION))
        if topic.id != self._topic.id:
            raise self._error("was deleted and created again while it was read", _RESTORE)
        if topic.partitions != 1:
            happened = f"has {topic.partitions} partitions, so its entries are in no order"
            raise self._error(happened, "Restore it with one partition.")

    def _away(self, error: KafkaError) -> LedgerAwayError:
        happened = f"does not answer ({error.name()})"
        return LedgerAwayError(_named(self._topic.name), happened, _UP)

    def _error(self, happened: str, remedy: str) -> LedgerError:
        return _error(self._topic.name, happened, remedy)

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()


def _error(name: str, happened: str, remedy: str) -> LedgerError:
    return LedgerError(_named(name), happened, remedy)


def _named(name: str) -> str:
    return f"topic {name}"
