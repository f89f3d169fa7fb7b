"""The erasure ledger as a topic: its entries are read, and never guessed at."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from threading import Event, Lock
from typing import Any, Final, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from profiles.adapters.kafka.cluster import Address
from profiles.adapters.kafka.connection import client_settings
from profiles.adapters.kafka.errors import (
    NO_CONNECTION,
    OFFSETS_GONE,
    PARTITION_END,
    TIMED_OUT,
    error_of,
    failure,
    permanent,
)
from profiles.adapters.kafka.settings import LEDGER_READER
from profiles.adapters.kafka.topic import Topic, Topics, TopicSettings
from profiles.application.errors import LedgerAwayError, LedgerError, LogError
from profiles.application.ledger.chain import Chain
from profiles.application.ledger.missing import RESTORE_OR_NAME, missing_ledger
from profiles.application.ports.ledger import Keyring
from profiles.domain.ledger_entry import START, Draft, Entry, LedgerHead
from profiles.domain.ledger_view import LedgerView

DEFAULT_LEDGER: Final = "user_ledger"

LOSING: Final = frozenset({"cleanup.policy", "retention.ms", "retention.bytes"})
"""Settings that make a topic lose entries where they are not as they should be."""

_ANSWER_S: Final = 10.0
_AT_ONCE: Final = 10_000
"""Records that are read together, and taken in together or not at all."""
_FEW: Final = 1_000
_LOOK_S: Final = 0.1
_UP: Final = "See that it is up."
_RESTORE: Final = "Restore it from a copy."


def ledger_topic(name: str = DEFAULT_LEDGER, *, replication: int = -1) -> TopicSettings:
    """Return the settings of a topic that keeps every entry for ever, in one order."""
    return TopicSettings(
        name=name, partitions=1, replication=replication, retention_ms=None, message_bytes=None
    )


class LedgerBeginningError(LedgerError):
    """What was to be read was deleted in that moment: so it is while a ledger is migrated."""


class Kept(NamedTuple):
    """A record of the topic: its offset, and what it holds."""

    offset: int
    value: bytes | None

    def __repr__(self) -> str:
        """Show where it is; those of an earlier release named persons."""
        return f"Kept(offset={self.offset}, ...)"


class Sealed(NamedTuple):
    """Entries as they are kept, which are not in the ledger yet.

    after: the entry before them.
    """

    after: LedgerHead
    values: Sequence[bytes]


class KafkaLedger:
    """An erasure ledger in a topic of one partition; threads that share it take turns.

    What counts is committed. Kafka leaves offsets without a record where transactions end, so an
    entry's number stands in itself, and its seal says whether one is missing. What is read ends
    where the oldest open transaction begins (the last stable offset): an entry that was confirmed
    lies before it, as its writer has read it back.
    """

    def __init__(
        self, address: Address, topic: Topic, keyring: Keyring, *, answer_s: float = _ANSWER_S
    ) -> None:
        """Prepare for a topic that exists: this one, and none of its name made later.

        answer_s: seconds for which each of Kafka's answers is waited for.
        """
        self._address = address
        self._topic = topic
        self._topics = Topics(address, request_s=answer_s)
        self._answer_s = answer_s
        client = client_settings(address, name="profiles-ledger")
        self._consumer = Consumer({**client, **LEDGER_READER})
        self._chain = Chain(_named(topic.name), keyring)
        self._first = self._next = 0
        self._turn = Lock()

    @classmethod
    def open(  # noqa: PLR0913 - what decides whether it is made, named one by one
        cls,
        address: Address,
        settings: TopicSettings,
        keyring: Keyring,
        *,
        applied: int,
        stop: Event,
        known: bool = False,
    ) -> KafkaLedger:
        """Open the ledger; make its topic only where no store has applied any of it.

        settings: see `ledger_topic`.
        applied: the highest ledger position of the stores it is used with.
        known: whether they were used with a ledger before, so that it is not made.

        Raises:
            LedgerError: it is missing though it was used, or is not kept for ever.
            LogError: nothing answered in time, or `stop` was set, or the topic can't be made.
        """
        topics = Topics(address)
        if topics.find(settings.name, stop=stop) is None and (applied > 0 or known):
            raise _error(settings.name, missing_ledger(applied), RESTORE_OR_NAME)
        topic = topics.ensure(settings, stop=stop)
        for name, (found, wanted) in topics.differences(settings).items():
            if name in LOSING:
                raise _error(
                    settings.name,
                    f"would lose entries: it has {name}={found} and must have {wanted}",
                    "Change it with kafka-configs.sh, and see that no entry was lost.",
                )
        return cls(address, topic, keyring)

    @property
    def name(self) -> str:
        """Name it, as a part of a sentence."""
        return _named(self._topic.name)

    @property
    def identity(self) -> str:
        """Return the id that Kafka gave the topic when it was made."""
        return self._topic.id

    @property
    def topic(self) -> Topic:
        """The topic that this ledger reads; another process opens the same with it."""
        return self._topic

    def view(self, *, at_least: LedgerHead = START) -> LedgerView:
        """Return what the ledger says now; see the port."""
        with self._turn:
            self._read_on()
            return self._chain.check(at_least)

    def entries(self) -> Sequence[Entry]:
        """Return all entries, each checked."""
        with self._turn:
            self._read_on()
            return self._chain.entries(each.value for each in self._kept(self._first))

    def seal(self, drafts: Sequence[Draft], *, at: datetime) -> Sealed:
        """Write the entries that follow what was read last, for its writer.

        Raises:
            LedgerError: see `Chain.seal`.
        """
        with self._turn:
            return Sealed(self._chain.view.head, self._chain.seal(drafts, at=at))

    def entries_of(self, sealed: Sealed) -> Sequence[Entry]:
        """Read what was written, for its writer."""
        with self._turn:
            return self._chain.entries(sealed.values, after=sealed.after)

    @property
    def next_offset(self) -> int:
        """The offset up to which it was read; before it, no transaction is open."""
        return self._next

    def kept(self, *, limit: int | None = None) -> Sequence[Kept]:
        """Return the records as they are, without checking them.

        limit: how many offsets to look at; None for all.

        Raises:
            LedgerError, LedgerAwayError: as `view` does.
        """
        with self._turn:
            return self._kept(0, limit=limit)

    def begin_at(self, offset: int) -> None:
        """Pass over what is before an offset: entries of an earlier release."""
        with self._turn:
            if offset != self._first:
                self._first = self._next = offset

    def _read_on(self) -> None:
        """Take in what has come, some at a time: what was taken in is not read again."""
        with closing(self._portions(self._next)) as portions:
            for kept, following in portions:
                self._chain.read(each.value for each in kept)
                self._next = following

    def _kept(self, start: int, *, limit: int | None = None) -> Sequence[Kept]:
        with closing(self._portions(start, limit=limit)) as portions:
            return [each for kept, _ in portions for each in kept]

    def _portions(
        self, start: int, *, limit: int | None = None
    ) -> Generator[tuple[Sequence[Kept], int]]:
        """Read the records from an offset on, some at a time, each with the offset to go on from.

        They count only if the topic has been the same one until the end.
        """
        asked = self._topics.ask(self._topic.name)
        with self._exceptions_mapped(asked):
            first, end = self._bounds()
            start = max(first, start)
            end = end if limit is None else min(end, start + limit)
            if end > start:
                self._check(asked)
                yield from self._records(start, end)
                asked = self._topics.ask(self._topic.name)
        self._check(asked)

    def _bounds(self) -> tuple[int, int]:
        """Ask where the records begin and end; all that were ever read must still be there."""
        partition = TopicPartition(self._topic.name, 0)
        first, end = self._consumer.get_watermark_offsets(partition, timeout=self._answer_s)
        if end < self._next:
            happened = f"ends at offset {end}, and had {self._next} before"
            raise self._error(happened, _RESTORE)
        if not self._chain.view.position:
            self._first = max(self._first, first)
        if first > self._first:
            happened = f"begins at offset {first}, and began at {self._first}"
            raise self._error(happened, _RESTORE)
        return int(first), int(end)

    def _records(self, start: int, end: int) -> Generator[tuple[Sequence[Kept], int]]:
        """Read the records between two offsets; at some offsets there are none."""
        self._consumer.assign([TopicPartition(self._topic.name, 0, start)])
        try:
            following = start
            deadline = time.monotonic() + self._answer_s
            while following < end:
                if (left := deadline - time.monotonic()) <= 0:
                    raise self._away(KafkaError(TIMED_OUT))
                kept: list[Kept] = []
                for message in self._some(end - following, min(left, _LOOK_S)):
                    error, offset = message.error(), message.offset()
                    if error is not None and error.code() != PARTITION_END:
                        raise KafkaException(error)
                    if offset is None or following >= end:
                        continue
                    if error is None and offset < end:
                        kept.append(Kept(offset, message.value()))
                    following = offset if error else offset + 1
                if kept or following >= end:
                    yield kept, min(following, end)
                    deadline = time.monotonic() + self._answer_s
        finally:
            self._consumer.unassign()

    def _some(self, wanted: int, within_s: float) -> Sequence[Message]:
        """Read some records: a few one by one, as many are waited for until they are all there."""
        if wanted > _FEW:
            return self._consumer.consume(_AT_ONCE, within_s)
        message = self._consumer.poll(within_s)
        return [] if message is None else [message]

    @contextmanager
    def _exceptions_mapped(self, asked: Any) -> Generator[None]:  # noqa: ANN401 - the driver's future of a type it does not export
        """Turn the driver's exceptions into ours; a topic that is gone says so first."""
        try:
            yield
        except KafkaException as raised:
            error = error_of(raised)
            self._check(asked)
            if error.code() in OFFSETS_GONE:
                happened = "has lost entries that were there when it was asked for them"
                raise LedgerBeginningError(_named(self._topic.name), happened, _RESTORE) from None
            if permanent(error):
                known = failure(self._address, error)
                raise self._error(f"can't be read: {known.happened}", known.remedy) from None
            raise self._away(error) from None

    def _check(self, asked: Any) -> None:  # noqa: ANN401 - see `_exceptions_mapped`
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
