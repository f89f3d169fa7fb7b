"""Entries of the erasure ledger: numbered, chained, and naming nobody.

An entry has a keyed hash of the person's id in place of the id. It is sealed by a keyed hash over
itself and the seal of the entry before it, so that one that is missing, changed, or in another
place is noticed by everybody who has the key (NIST FIPS 198-1; Schneier and Kelsey, Secure Audit
Logs to Support Computer Forensics, 1999).
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Final, NamedTuple, TypeVar

from profiles.domain.person import PersonId
from profiles.domain.pseudonym import PseudonymKey

T = TypeVar("T")

SCHEMA: Final = 2
"""Of what `encode` writes. Entries of schema 1 had ids in them, and no seal."""

_HASH: Final = "sha256"
_HASH_BYTES: Final = 32
_SEAL: Final = b',"seal":"'
_END: Final = b'"}'
_TAIL: Final = len(_SEAL) + 2 * _HASH_BYTES + len(_END)


class Action(Enum):
    """What an entry says: of a person, or of what was done about an earlier entry."""

    SUPPRESS = "suppress"
    """Erased (GDPR Art. 17): nothing is held of the person, and nothing is stored."""
    READMIT = "readmit"
    """Has signed up anew: what comes from now on is stored again."""
    RESTRICT = "restrict"
    """The processing is restricted (Art. 18): what is held is kept apart, and stays as it is."""
    UNRESTRICT = "unrestrict"
    """It is restricted no longer."""
    RECTIFY = "rectify"
    """The data were corrected (Art. 16), by a record of the log."""
    COMPLETE = "complete"
    """What an earlier entry asks for is done, and was read back from every place."""
    EXTEND = "extend"
    """The request of an earlier entry has a later deadline (Art. 12(3))."""
    NOTIFY = "notify"
    """A recipient was told of an earlier entry (Art. 19)."""


class Reason(Enum):
    """Why: from a closed list, as a text of one's own could name somebody."""

    REQUEST = "request"
    """The person asks for it."""
    CONSENT = "consent-withdrawn"
    """Art. 17(1)(b)."""
    OBJECTION = "objection"
    """Art. 17(1)(c), 18(1)(d)."""
    UNNECESSARY = "no-longer-necessary"
    """Art. 17(1)(a)."""
    UNLAWFUL = "unlawful-processing"
    """Art. 17(1)(d), 18(1)(b)."""
    OBLIGATION = "legal-obligation"
    """Art. 17(1)(e)."""
    CHILD = "child"
    """Art. 8, 17(1)(f): too young for the policy."""
    ACCURACY = "accuracy-contested"
    """Art. 18(1)(a)."""
    CLAIMS = "legal-claims"
    """Art. 18(1)(c)."""
    SIGNED_UP = "signed-up-anew"
    COMPLEXITY = "complexity"
    """Art. 12(3)."""
    NUMBER = "number-of-requests"
    """Art. 12(3)."""


class LedgerHead(NamedTuple):
    """How far a ledger goes: the number of an entry, and its seal.

    seal: 64 hexadecimal digits; None of what an earlier release has noted, which had none.
    """

    number: int = 0
    seal: str | None = None


START: Final = LedgerHead(0, "0" * 2 * _HASH_BYTES)
"""Before the first entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be entered.

    person: whom it is about; None of what is said about an earlier entry.
    deadline: by when the request has to be answered.
    entered_at: aware, where it is not now: of what an earlier release had entered.
    refers: the number of that earlier entry.
    digest: of the receipt, SHA-256 in hexadecimal digits.
    recipient: who was told, by the name that the policy has.
    """

    action: Action
    person: PersonId | None = field(default=None, repr=False)
    reason: Reason | None = None
    deadline: date | None = None
    entered_at: datetime | None = None
    refers: int | None = None
    digest: str | None = None
    recipient: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry.

    number: from 1 on. at: when it was entered (UTC, to the millisecond).
    key: the id of the key of both hashes.
    person: the keyed hash of the id, 32 bytes; None of what is said about an earlier entry.
    seal: over all of this and the seal before, 64 hexadecimal digits.

    The others are those of `Draft`.
    """

    number: int
    at: datetime
    action: Action
    key: str
    person: bytes | None = field(repr=False)
    reason: Reason | None
    deadline: date | None
    refers: int | None
    digest: str | None
    recipient: str | None
    seal: str

    @property
    def head(self) -> LedgerHead:
        """Tell how far a ledger goes of which this is the last entry."""
        return LedgerHead(self.number, self.seal)


class Unreadable(Enum):
    """Why an entry can't be read; nothing of it is shown."""

    FORM = "it is no JSON object of our fields, sealed"
    SCHEMA = "its schema is not known to this version"
    FIELD = "a field of it has another value than this version knows"
    NUMBER = "its number does not follow that of the entry before, so one is missing or moved"
    SEAL = (
        "its seal does not fit it and the entry before, so it or its key was changed, or one is"
        " missing or moved"
    )


class UnknownKey(NamedTuple):
    """An entry was made under a key that is not here."""

    id: str


def person_hash(person: PersonId, key: PseudonymKey) -> bytes:
    """Return the keyed hash by which entries name a person: 32 bytes."""
    return hmac.digest(key.secret, b"person:" + person.encode(), _HASH)


def seal(draft: Draft, *, after: LedgerHead, at: datetime, key: PseudonymKey) -> bytes:
    """Write the entry that follows others.

    after: the entry before. at: aware.

    Returns the entry as it is kept: JSON in ASCII, which ends with its seal.
    """
    fields: dict[str, Any] = {
        "schema": SCHEMA,
        "number": after.number + 1,
        "at": (draft.entered_at or at).astimezone(UTC).isoformat(timespec="milliseconds"),
        "action": draft.action.value,
        "key": key.id,
        "person": None if draft.person is None else person_hash(draft.person, key).hex(),
        "reason": None if draft.reason is None else draft.reason.value,
        "deadline": None if draft.deadline is None else draft.deadline.isoformat(),
        "refers": draft.refers,
        "digest": draft.digest,
        "recipient": draft.recipient,
    }
    said = {name: value for name, value in fields.items() if value is not None}
    content = json.dumps(said, separators=(",", ":")).encode().removesuffix(b"}")
    return content + _SEAL + _seal_of(content, after, key).encode() + _END


def read_entry(
    value: bytes | None, *, after: LedgerHead, keys: Mapping[str, PseudonymKey]
) -> Entry | Unreadable | UnknownKey:
    """Read the entry that follows others, and check that it does.

    value: as it is kept. after: the entry before.
    keys: by their ids.
    """
    fields = _fields_of(value)
    if value is None or fields is None:
        return Unreadable.FORM
    if fields.get("schema") != SCHEMA:
        return Unreadable.SCHEMA
    entry = _entry_of(fields)
    if entry is None:
        return Unreadable.FIELD
    if entry.number != after.number + 1:
        return Unreadable.NUMBER
    key = keys.get(entry.key)
    if key is None:
        return UnknownKey(entry.key)
    expected = _seal_of(value[:-_TAIL], after, key)
    return entry if hmac.compare_digest(entry.seal, expected) else Unreadable.SEAL


def names_nobody(value: bytes | None) -> bool:
    """Tell whether an entry, if it is one, is of the form that has no id in it."""
    fields = None if value is None else _document(value)
    return fields is None or fields.get("schema") != 1


def _seal_of(content: bytes, after: LedgerHead, key: PseudonymKey) -> str:
    return hmac.digest(key.secret, f"entry:{after.seal}:".encode() + content, _HASH).hex()


def _fields_of(value: bytes | None) -> Mapping[str, Any] | None:
    """Return the fields of an entry whose last is its seal, and nothing else is behind it."""
    if value is None or not value[-_TAIL:].startswith(_SEAL):
        return None
    return _document(value)


def _document(value: bytes) -> Mapping[str, Any] | None:
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


_FIELDS: Final = frozenset(
    {
        *("schema", "number", "at", "action", "key", "person", "reason", "deadline", "refers"),
        *("digest", "recipient", "seal"),
    }
)


def _entry_of(fields: Mapping[str, Any]) -> Entry | None:
    if not fields.keys() <= _FIELDS:
        return None
    try:
        return Entry(
            number=_number(fields["number"]),
            at=_moment(fields["at"]),
            action=Action(fields["action"]),
            key=_text(fields["key"]),
            person=_if_told(_hash, fields.get("person")),
            reason=_if_told(Reason, fields.get("reason")),
            deadline=_if_told(date.fromisoformat, fields.get("deadline")),
            refers=_if_told(_number, fields.get("refers")),
            digest=_if_told(_text, fields.get("digest")),
            recipient=_if_told(_text, fields.get("recipient")),
            seal=_hash(fields["seal"]).hex(),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _if_told(read: Callable[[Any], T], value: object) -> T | None:
    return None if value is None else read(value)


def _number(value: object) -> int:
    if type(value) is not int:
        raise TypeError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment


def _hash(text: str) -> bytes:
    found = bytes.fromhex(text)
    if len(found) != _HASH_BYTES:
        raise ValueError
    return found
