"""Envelopes that are opened where the operator says so: Kafka Connect's and Debezium's.

Any other message is read as without: what `profiles` itself appends to such a topic has none.
Without the operator's word an envelope is rejected and named (`domain/envelopes.py`).
"""

from __future__ import annotations

import json
from enum import Enum
from typing import Final, cast

from profiles.application.log.messages import (
    Decode,
    Deletion,
    Records,
    document_in,
    document_of,
    records_of,
)
from profiles.domain.outcome import Rejected, RejectionReason
from profiles.domain.reading import readable_id


class Envelope(Enum):
    """What a topic's messages are in."""

    CONNECT = "connect"
    """Kafka Connect's JsonConverter with `schemas.enable`: `schema` and `payload`."""
    DEBEZIUM = "debezium"
    """Debezium's change events: `before`, `after` and `op`, with Kafka Connect's around or not."""


_CONNECT: Final = frozenset({"schema", "payload"})
_HOLDING_AFTER: Final = ("c", "u", "r")
"""Created, updated, read in a snapshot (Debezium's documentation, "Change events")."""
_DELETED: Final = "d"

_NO_VALUE: Final = Rejected(
    RejectionReason.ENVELOPE, "payload", "person; a deletion is a message without a value"
)
_NO_AFTER: Final = Rejected(RejectionReason.ENVELOPE, "after", "person as it is after the change")
_NO_BEFORE: Final = Rejected(
    RejectionReason.ENVELOPE,
    "before.login.uuid",
    "id of who was deleted: let the source tell the whole row before a change (REPLICA IDENTITY"
    " FULL), or send a message without a value and with the id as its key",
)
_OTHER_CHANGE: Final = Rejected(RejectionReason.ENVELOPE, "op", "c, u, r or d")


def unwrapping(envelope: Envelope | None, decode: Decode) -> Decode:
    """Return how messages are read of which some or all are in an envelope.

    decode: reads those that are in none.
    """
    if envelope is None:
        return decode

    def decoded(message: bytes) -> Records | Rejected | Deletion:
        document = document_of(message)
        inner = _inner(document, envelope)
        if inner is document:
            return decode(message)
        if isinstance(inner, Rejected | Deletion):
            return inner
        try:
            # The fast way reads what is written once more: that takes 3 times as long as a message
            # without an envelope, and 5 times without it (2026-11).
            return decode(json.dumps(inner).encode())
        except RecursionError:
            return records_of(inner)

    return decoded


def _inner(document: object, envelope: Envelope) -> object:
    """Return what an envelope holds; the same object where there is none."""
    if not isinstance(document, dict) or document.get("login"):
        return document
    if document.keys() >= _CONNECT:
        return _inner_of_connect(document["payload"], envelope)
    return _after(document) if envelope is Envelope.DEBEZIUM and _is_change(document) else document


def _inner_of_connect(payload: object, envelope: Envelope) -> object:
    if payload is None:
        return _NO_VALUE
    inner = _opened(payload)
    return _after(inner) if envelope is Envelope.DEBEZIUM and _is_change(inner) else inner


def _is_change(document: object) -> bool:
    return (
        isinstance(document, dict)
        and "op" in document
        and ("after" in document or "before" in document)
        and not document.get("login")
    )


def _after(change: object) -> object:
    """Return the person after a change, or who was deleted by it.

    A deletion is carried out, as a null value is: else somebody would be held on whom the source
    has given up. Where nobody can tell who it was, it is rejected, so that it is noticed.
    """
    told = cast("dict[str, object]", change)  # `_is_change` has looked
    operation = told["op"]
    if operation == _DELETED:
        person = readable_id(_opened(told.get("before")))
        return _NO_BEFORE if person is None else Deletion(person)
    if operation not in _HOLDING_AFTER:
        return _OTHER_CHANGE
    after = told.get("after")
    return _NO_AFTER if after is None else _opened(after)


def _opened(value: object) -> object:
    """Read a document that is there as text, as Debezium tells those of MongoDB."""
    return document_in(value) if isinstance(value, str) else value
