"""Keyed pseudonyms.

A plain hash of an e-mail address can be undone by trying addresses. A keyed one can't without
the key, which is kept apart from the data (GDPR Art. 4(5); ENISA, Pseudonymisation techniques
and best practices, 2019, section 5.1).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final

MINIMUM_KEY_LENGTH: Final = 32
"""Bytes: not less than the output of the hash (RFC 2104, section 3)."""

_MAXIMUM_KEY_ID_LENGTH: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PseudonymKey:
    """A secret key and the public name it goes by, so that keys can be changed.

    id: 1 to 32 ASCII letters, digits, `-` or `_`; part of every pseudonym.
    secret: at least 32 random bytes, handed in and never kept here.

    Raises:
        ValueError: the id or the length of the secret is not allowed.
    """

    id: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a key that would not protect."""
        plain = self.id.replace("-", "").replace("_", "")
        if not (self.id.isascii() and plain.isalnum() and len(self.id) <= _MAXIMUM_KEY_ID_LENGTH):
            message = "a key id has 1 to 32 ASCII letters, digits, '-' or '_'; choose another"
            raise ValueError(message)
        if len(self.secret) < MINIMUM_KEY_LENGTH:
            message = "a pseudonym key needs at least 32 bytes; make one with secrets.token_bytes"
            raise ValueError(message)


def pseudonym(value: str, key: PseudonymKey) -> str:
    """Return `<key id>:<64 hexadecimal digits>`, the HMAC-SHA-256 of the value's UTF-8 bytes.

    Equal values have equal pseudonyms under one key and unrelated ones under two.
    """
    digest = hmac.digest(key.secret, value.encode(), hashlib.sha256)
    return f"{key.id}:{digest.hex()}"
