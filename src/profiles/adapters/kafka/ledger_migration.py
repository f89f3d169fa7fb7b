"""Bringing a ledger's topic forward that an earlier release wrote, with persons' ids in it.

The entries are written once more, sealed and in one transaction, behind those that name persons.
Then Kafka deletes the latter. Whoever is killed in between leaves both, and the next one deletes.
Kafka deletes whole files (segments), so the sealed entries begin one of their own: until they are
written, the topic begins a new file with everything that it gets.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import takewhile
from typing import Final

import tenacity
from confluent_kafka import TopicPartition
from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    ResourceType,
)

from profiles.adapters.kafka.administration import Administration
from profiles.adapters.kafka.cluster import Address
from profiles.adapters.kafka.ledger import KafkaLedger, Kept, LedgerBeginningError
from profiles.adapters.kafka.ledger_writer import KafkaLedgerWriter
from profiles.application.errors import LedgerError
from profiles.domain.ledger_entry import Action, Draft, names_nobody
from profiles.domain.reading import canonical_id

_SEGMENT: Final = "segment.ms"
_AT_ONCE: Final = "1"
_ATTEMPTS: Final = 5

_logger = logging.getLogger(__name__)


def bring_forward(address: Address, ledger: KafkaLedger) -> None:
    """Take the ids out of a ledger's topic, where there are some.

    Raises:
        LedgerError, LedgerAwayError: an entry can't be read, or there is no key to seal with.
        LogError: Kafka did not do all of it; the next call does the rest.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(LedgerBeginningError),
        stop=tenacity.stop_after_attempt(_ATTEMPTS),
        reraise=True,
    )
    retrying(_bring_forward, address, ledger)


def _bring_forward(address: Address, ledger: KafkaLedger) -> None:
    """Bring a topic forward; another process that does so, too, may delete what is being read."""
    if not _naming(ledger.kept(limit=1)):
        return
    migration = _Migration(address, ledger)
    while migration.enter_more():
        pass
    migration.delete()


class _Migration:
    """What is done with a topic whose first entries name persons."""

    def __init__(self, address: Address, ledger: KafkaLedger) -> None:
        self._ledger = ledger
        self._writer = KafkaLedgerWriter(address, ledger)
        self._admin = Administration(address, name="profiles-ledger")
        self._topic = ConfigResource(ResourceType.TOPIC, ledger.topic.name)
        self._end = 0
        self._number = 0

    def enter_more(self) -> bool:
        """Seal what is not sealed yet: also what an earlier release has entered meanwhile.

        Returns whether there was any; there may be more since.
        """
        earlier = _naming(self._ledger.kept())
        if not earlier:
            return False  # another process has deleted them
        self._number = len(earlier)
        self._end = earlier[-1].offset + 1
        self._ledger.begin_at(self._end)
        done = self._ledger.view().position
        drafts = [
            _draft(self._ledger.topic.name, number, kept) for number, kept in enumerate(earlier, 1)
        ][done:]
        if not drafts:
            return False
        own = self._own_segment_ms()
        self._set_segment_ms(_AT_ONCE)
        try:
            self._writer.enter_behind(done, drafts, at=datetime.now(UTC))
        finally:
            self._set_segment_ms(own)
        return True

    def delete(self) -> None:
        """Delete what names persons."""
        if self._own_segment_ms() == _AT_ONCE:  # left by one who was killed
            self._set_segment_ms(None)
        partition = TopicPartition(self._ledger.topic.name, 0, self._end)
        with self._admin.map_exceptions():
            for future in self._admin.delete_records([partition]).values():
                self._admin.answer(future)
        _logger.info(
            "Wrote the %d entries of topic %s anew, without the ids of persons, and had Kafka"
            " delete those that named them.",
            self._number,
            self._ledger.topic.name,
        )

    def _own_segment_ms(self) -> str | None:
        """Return what is set for this topic; None for the cluster's default."""
        with self._admin.map_exceptions():
            answer = self._admin.describe_configs([self._topic])[self._topic]
            found = self._admin.answer(answer)[_SEGMENT]
        own = found.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value
        return str(found.value) if own else None

    def _set_segment_ms(self, value: str | None) -> None:
        change = AlterConfigOpType.DELETE if value is None else AlterConfigOpType.SET
        entry = ConfigEntry(_SEGMENT, value, incremental_operation=change)
        resource = ConfigResource(
            ResourceType.TOPIC, self._ledger.topic.name, incremental_configs=[entry]
        )
        with self._admin.map_exceptions():
            self._admin.answer(self._admin.incremental_alter_configs([resource])[resource])


def _naming(kept: Sequence[Kept]) -> Sequence[Kept]:
    """Return the records at the beginning that are entries of the earlier form."""
    return list(takewhile(lambda each: not names_nobody(each.value), kept))


def _draft(topic: str, number: int, kept: Kept) -> Draft:
    """Read an entry of the earlier form.

    Raises:
        LedgerError: it can't be read.
    """
    unreadable = LedgerError(
        f"topic {topic}",
        f"has an entry {number} that can't be read",
        "Find out who wrote it, and restore the topic without it.",
    )
    try:
        entry = json.loads(kept.value or b"")
        action = Action(entry["action"])
        entered_at = datetime.fromisoformat(entry["entered_at"]).astimezone(UTC)
        person = canonical_id(entry["person"])
    except (KeyError, TypeError, ValueError):
        raise unreadable from None
    if person is None:
        raise unreadable
    return Draft(action=action, person=person, entered_at=entered_at)
