"""Entries of the erasure ledger: their form in the topic, and how they get there."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Producer

from profiles.adapters.kafka.cluster import Address
from profiles.adapters.kafka.connection import client_settings
from profiles.adapters.kafka.errors import error_of
from profiles.adapters.kafka.settings import LEDGER_WRITER
from profiles.application.errors import LogError
from profiles.application.ports.ledger import Action
from profiles.domain.person import PersonId
from profiles.domain.reading import canonical_id

_SCHEMA: Final = 1
_FIELDS: Final = frozenset({"schema", "action", "person", "entered_at"})
_ACTIONS: Final = {action.value: action for action in Action}
_MILLISECONDS: Final = 1_000
_ANSWER_S: Final = 30.0


class Unreadable(Enum):
    """Why an entry can't be read; nothing of it is shown."""

    FORM = "it is no JSON object of our four fields"
    SCHEMA = "its schema is not known to this version"
    ACTION = "its action is not known to this version"
    PERSON = "its person is no UUID in lower case"
    TIME = "its time is none"


def write_entry(action: Action, person: PersonId, entered_at: datetime) -> bytes:
    """Write an entry; its time is aware."""
    return json.dumps(
        {
            "schema": _SCHEMA,
            "action": action.value,
            "person": person,
            "entered_at": entered_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        },
        separators=(",", ":"),
    ).encode()


def read_entry(value: bytes | None) -> tuple[Action, PersonId] | Unreadable:
    """Read an entry; anything that is not exactly one of ours is unreadable."""
    try:
        entry = json.loads(value) if value is not None else None
    except (ValueError, RecursionError):
        return Unreadable.FORM
    if not isinstance(entry, dict) or entry.keys() != _FIELDS:
        return Unreadable.FORM
    if entry["schema"] is True or entry["schema"] != _SCHEMA:
        return Unreadable.SCHEMA
    action = _ACTIONS.get(entry["action"]) if isinstance(entry["action"], str) else None
    person = canonical_id(entry["person"])
    if person != entry["person"]:
        person = None
    if action is None or person is None:
        return Unreadable.ACTION if action is None else Unreadable.PERSON
    return (action, person) if _is_moment(entry["entered_at"]) else Unreadable.TIME


def _is_moment(text: object) -> bool:
    try:
        return isinstance(text, str) and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


class KafkaLedgerWriter:
    """Enters what becomes law: who is erased, restricted, or restricted no longer.

    An entry has no key: a topic that somebody has set to be compacted refuses it, instead of
    losing it.
    """

    def __init__(self, address: Address, topic: str, *, answer_s: float = _ANSWER_S) -> None:
        """Prepare for a topic that exists.

        answer_s: seconds for which Kafka's answer is waited for.
        """
        self._address = address
        self._topic = topic
        self._answer_s = answer_s
        client = client_settings(address, name="profiles-ledger")
        own = {"message.timeout.ms": int(answer_s * _MILLISECONDS)}
        self._producer = Producer({**client, **LEDGER_WRITER, **own})

    def enter(self, action: Action, person: PersonId, *, entered_at: datetime) -> int:
        """Enter what is said of a person; return the ledger's position with this entry.

        entered_at: aware.

        Raises:
            LogError: it was not confirmed, and may be there all the same; enter it again, for
                twice says the same as once.
        """
        reports: list[tuple[KafkaError | None, int | None]] = []
        value = write_entry(action, person, entered_at)
        try:
            self._producer.produce(
                self._topic,
                value=value,
                partition=0,
                on_delivery=lambda error, message: reports.append((error, message.offset())),
            )
            self._producer.flush(self._answer_s + 1)
        except KafkaException as raised:
            raise self._unconfirmed(error_of(raised)) from None
        error, offset = reports[0] if reports else (None, None)
        if error is not None or offset is None:
            raise self._unconfirmed(error)
        return offset + 1

    def _unconfirmed(self, error: KafkaError | None) -> LogError:
        return LogError(
            f"Kafka at {self._address}",
            "it did not confirm an entry of the erasure ledger"
            f" ({'no answer' if error is None else error.name()}), and may have it",
            "Run the same command again: an entry that is there twice says the same as once.",
        )

    def close(self) -> None:
        """Let go of the connection; there is nothing under way."""
        self._producer.purge()
        self._producer.flush(0.2)
