"""Receipts of what was done about requests, signed with the key of the erasure ledger.

The signature is an HMAC-SHA-256 (NIST FIPS 198-1): whoever has the ledger's keys can tell whether a
receipt is theirs and unchanged. It is over the receipt as JSON in one canonical form (names sorted,
no blanks, ASCII), so it does not matter how a file is indented, or in which order it has its names.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from profiles.domain.ledger_entry import LedgerHead, UnknownKey
from profiles.domain.person import PersonId
from profiles.domain.pseudonym import PseudonymKey
from profiles.domain.reading import canonical_id

FORMAT: Final = "profiles-receipt/1"

_METHOD: Final = "HMAC-SHA-256"
_HASH: Final = "sha256"
_SIGNATURE: Final = "signature"

Document = dict[str, Any]
"""What JSON can write, without fractions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a receipt says whose signature is right.

    head: how far the ledger went. entries: of each person, the number of the ledger's entry.
    digest: of the whole receipt; see `digest`.
    """

    head: LedgerHead
    entries: Mapping[PersonId, int] = field(repr=False)
    digest: str


class Untrusted(Enum):
    """Why a receipt is not believed; nothing of it is shown."""

    FORM = "it is no receipt of this release's form"
    SIGNATURE = "its signature does not fit it, so it was changed, or was signed by somebody else"


def sign(content: Mapping[str, Any], key: PseudonymKey) -> Document:
    """Return a receipt with its signature, which comes last."""
    signature = {"method": _METHOD, "key": key.id, "value": _signature_of(content, key)}
    return {**content, _SIGNATURE: signature}


def digest(receipt: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a signed receipt in its canonical form, in hexadecimal digits."""
    return hashlib.sha256(_canonical(receipt)).hexdigest()


def read_receipt(text: bytes, keys: Mapping[str, PseudonymKey]) -> Signed | Untrusted | UnknownKey:
    """Read a receipt, and check its signature.

    keys: of the ledger, by their ids.
    """
    receipt = _document(text)
    match receipt.pop(_SIGNATURE, None):
        case {"method": "HMAC-SHA-256", "key": str(key_id), "value": str(value), **others} if (
            not others
        ):
            key = keys.get(key_id)
        case _:
            return Untrusted.FORM
    if key is None:
        return UnknownKey(key_id)
    if not hmac.compare_digest(value.encode(), _signature_of(receipt, key).encode()):
        return Untrusted.SIGNATURE
    return _signed(receipt, digest(sign(receipt, key))) or Untrusted.FORM


def _signature_of(content: Mapping[str, Any], key: PseudonymKey) -> str:
    message = f"receipt:{key.id}:".encode() + _canonical(content)
    return hmac.digest(key.secret, message, _HASH).hex()


def _canonical(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _document(text: bytes) -> Document:
    """Read a JSON object of which each name is there once; an empty one where it is none."""
    try:
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_refused)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _once(pairs: Sequence[tuple[str, Any]]) -> Document:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError
    return document


def _refused(_constant: str) -> None:
    raise ValueError


def _signed(receipt: Mapping[str, Any], of_whole: str) -> Signed | None:
    match receipt:
        case {
            "format": "profiles-receipt/1",
            "persons": [*persons],
            "ledger": {"number": int(number), "seal": str(seal)},
        }:
            entries = dict(filter(None, map(_entry, persons)))
        case _:
            return None
    if len(entries) != len(persons):
        return None
    return Signed(head=LedgerHead(number, seal), entries=entries, digest=of_whole)


def _entry(person: object) -> tuple[PersonId, int] | None:
    match person:
        case {"id": str(text), "entry": int(number)} if number is not True:
            identity = canonical_id(text)
        case _:
            return None
    return None if identity is None else (identity, number)
