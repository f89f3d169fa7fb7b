"""Entering something into the erasure ledger of a topic: one writer at a time, all or nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import datetime
from typing import Final

import tenacity
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from profiles.adapters.kafka.cluster import Address
from profiles.adapters.kafka.connection import client_settings
from profiles.adapters.kafka.errors import error_of, remedy
from profiles.adapters.kafka.ledger import KafkaLedger, Sealed
from profiles.adapters.kafka.settings import LEDGER_END, LEDGER_WRITER
from profiles.application.errors import LogError
from profiles.domain.ledger_entry import Draft, Entry
from profiles.domain.ledger_view import LedgerView

_ANSWER_S: Final = 20.0
_ATTEMPTS: Final = 20
_PAUSE: Final = tenacity.wait_random_exponential(multiplier=0.5, max=8.0, min=0.05)
"""Up to half a second before the next attempt, and up to twice as long each time: two that fence
each other off draw apart, however long a transaction takes."""
_OTHERS_S: Final = 2.0
"""So long the transaction of another writer may take."""
_LOOK_AGAIN_S: Final = 0.01
_FULL_S: Final = 0.1

_FENCED: Final = frozenset(
    {
        KafkaError._FENCED,  # noqa: SLF001 - the library's own code
        KafkaError.PRODUCER_FENCED,
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.INVALID_PRODUCER_ID_MAPPING,
    }
)
"""Another writer has begun."""
_COMPACTED: Final = KafkaError.INVALID_RECORD
"""A topic that is compacted takes nothing that has no key."""


class _HiddenError(Exception):
    """A transaction is open in the topic that is not of the ledger's writers."""


class KafkaLedgerWriter:
    """Enters what becomes law: who is erased, restricted, or restricted no longer.

    All writers of a topic have one `transactional.id`. Who begins fences off who was before: Kafka
    ends that one's transaction, and refuses its next. So nothing comes between the entry that was
    read last and those that follow it. An entry has no key: a topic that somebody has set to be
    compacted refuses it, instead of losing it.

    Readers see nothing behind a transaction that is open, whoever began it. So a writer begins only
    where there is none, and an entry is confirmed once it was read back.
    """

    def __init__(
        self, address: Address, ledger: KafkaLedger, *, answer_s: float = _ANSWER_S
    ) -> None:
        """Write to the topic that a ledger reads.

        answer_s: seconds for which each of Kafka's answers is waited for, and for which it is tried
            to enter something.
        """
        self._address = address
        self._ledger = ledger
        self._answer_s = answer_s

    def enter(self, drafts: Sequence[Draft], *, at: datetime) -> Sequence[Entry]:
        """Enter all of these, in one transaction; see the port."""
        return self._enter(_Entering(self._ledger, drafts, at))

    def enter_behind(self, number: int, drafts: Sequence[Draft], *, at: datetime) -> None:
        """Enter these behind an entry, or nothing where others are behind it already.

        number: of the entry; 0 for the beginning.

        Raises:
            LedgerError, LogError: as `enter` does.
        """
        self._enter(_Entering(self._ledger, drafts, at, behind=number))

    def _enter(self, entering: _Entering) -> Sequence[Entry]:
        if not entering.drafts:
            return ()
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_begin_again),
            stop=tenacity.stop_any(
                tenacity.stop_after_attempt(_ATTEMPTS), tenacity.stop_after_delay(self._answer_s)
            ),
            wait=_PAUSE,
            reraise=True,
        )
        try:
            return retrying(self._attempt, entering)
        except _HiddenError:
            raise self._hidden() from None
        except KafkaException as raised:
            raise self._unconfirmed(error_of(raised)) from None

    def _attempt(self, entering: _Entering) -> Sequence[Entry]:
        topic = self._ledger.topic.name
        producer = Producer(
            {
                **client_settings(self._address, name="profiles-ledger"),
                **LEDGER_WRITER,
                "transactional.id": f"profiles-ledger-{topic}",
            }
        )
        refused: list[KafkaError] = []
        try:
            producer.init_transactions(self._answer_s)
            if entering.prepare(self._all_there_is()):
                producer.begin_transaction()
                for value in entering.sealed.values:
                    _produce(producer, topic, value, refused)
                producer.commit_transaction(self._answer_s)
            return self._read_back(entering)
        except KafkaException as raised:
            if error_of(raised).txn_requires_abort():
                with suppress(KafkaException):
                    producer.abort_transaction(self._answer_s)
            if refused:
                raise KafkaException(refused[0]) from None
            raise
        finally:
            producer.purge()
            producer.flush(0.2)

    def _all_there_is(self) -> LedgerView:
        """Read the ledger to the end of what was written; no earlier writer has any more to come.

        Raises:
            _HiddenError: a transaction of somebody else is open.
        """
        partition = TopicPartition(self._ledger.topic.name, 0)
        client = client_settings(self._address, name="profiles-ledger")
        with closing(Consumer({**client, **LEDGER_END})) as consumer:
            _, end = consumer.get_watermark_offsets(partition, timeout=self._answer_s)
        deadline = time.monotonic() + _OTHERS_S
        while True:
            view = self._ledger.view()
            if self._ledger.next_offset >= end:
                return view
            if time.monotonic() > deadline:
                raise _HiddenError
            time.sleep(_LOOK_AGAIN_S)

    def _read_back(self, entering: _Entering) -> Sequence[Entry]:
        """Wait until readers see what was committed: Kafka ends a transaction a bit later.

        Raises:
            _HiddenError: a transaction of somebody else was begun before it, and is open.
        """
        entries = entering.entries()
        deadline = time.monotonic() + self._answer_s
        while entries and not self._ledger.view().continues(entries[-1].head):
            if time.monotonic() > deadline:
                raise _HiddenError
            time.sleep(_LOOK_AGAIN_S)
        return entries

    def _hidden(self) -> LogError:
        return LogError(
            f"Topic {self._ledger.topic.name}",
            "somebody else has begun a transaction in it that is still open, and it would hide what"
            " is entered into the erasure ledger: it was not confirmed, and may be there",
            "Find it with kafka-transactions.sh and end it, let nobody else write to the topic, and"
            " run the same command again: an entry that is there twice says the same as once.",
        )

    def _unconfirmed(self, error: KafkaError) -> LogError:
        known = remedy(error)
        happened = f"it did not confirm an entry of the erasure ledger ({error.name()})"
        if known is not None:
            return LogError(f"Kafka at {self._address}", happened, known)
        return LogError(
            f"Kafka at {self._address}",
            f"{happened}, and may have it",
            "Run the same command again: an entry that is there twice says the same as once.",
        )

    def close(self) -> None:
        """Let go of nothing: each entry has a connection of its own."""


def _produce(producer: Producer, topic: str, value: bytes, refused: list[KafkaError]) -> None:
    """Hand over an entry, and wait where the library has its hands full.

    refused: gets why the topic will never take it, as one that is compacted.
    """

    def told(error: KafkaError | None, _message: Message) -> None:
        if error is not None and (error.code() == _COMPACTED or remedy(error) is not None):
            refused.append(error)

    while True:
        try:
            producer.produce(topic, value=value, partition=0, on_delivery=told)
        except BufferError:
            producer.poll(_FULL_S)
        else:
            return


class _Entering:
    """What is being entered, over all attempts.

    behind: the number of the entry behind which it belongs; None for any.
    """

    def __init__(
        self,
        ledger: KafkaLedger,
        drafts: Sequence[Draft],
        at: datetime,
        *,
        behind: int | None = None,
    ) -> None:
        self.drafts = drafts
        self._ledger, self._at, self._behind = ledger, at, behind
        self.sealed = Sealed(LedgerView().head, ())

    def prepare(self, view: LedgerView) -> bool:
        """Write the entries that follow the ledger's last one, unless they are in it already.

        view: what the ledger says; no other writer may enter anything from then on.
        """
        if self.sealed.values and view.continues(self.entries()[-1].head):
            return False
        self.sealed = Sealed(view.head, ())
        if self._behind is None or self._behind == view.position:
            self.sealed = self._ledger.seal(self.drafts, at=self._at)
        return bool(self.sealed.values)

    def entries(self) -> Sequence[Entry]:
        return self._ledger.entries_of(self.sealed)


def _may_begin_again(raised: BaseException) -> bool:
    """Tell whether another attempt may do: who was fenced off, or got no answer, begins anew."""
    if isinstance(raised, _HiddenError):
        return True
    if not isinstance(raised, KafkaException):
        return False
    error = error_of(raised)
    if remedy(error) is not None:
        return False
    return error.code() in _FENCED or error.retriable() or error.txn_requires_abort()
