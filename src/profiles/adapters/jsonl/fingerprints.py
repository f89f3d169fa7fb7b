"""By what a file is known to be the one that was read: a digest of its beginning, its times."""

from __future__ import annotations

import hmac
import os
import secrets
from typing import Final

from profiles.application.ports.sources import Fingerprint

_KEY_BYTES: Final = 16


class ContentDigest:
    """Digests the beginning of a file as it is read: 5 ms for each 8 MB (2026-11).

    The key is another one for each file and log, so that the digest is of no use elsewhere. It is
    kept with the digest.
    """

    def __init__(self, known: bytes | None = None) -> None:
        """Begin with nothing; known: a digest to compare with, whose key is taken."""
        self._key = secrets.token_bytes(_KEY_BYTES) if known is None else known[:_KEY_BYTES]
        self._digest = hmac.new(self._key, digestmod="sha256")

    def add(self, content: bytes | bytearray) -> None:
        """Go on with what follows."""
        self._digest.update(content)

    def value(self) -> bytes:
        """Return key and digest of all that was added so far."""
        return self._key + self._digest.digest()


def state_of(status: os.stat_result) -> str:
    """Name a state of a file: whoever writes to it makes another one."""
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"


def fits(known: Fingerprint | None, content: bytes, state: str) -> bool:
    """Tell whether a file is the one that was read, as far as anything is known of that.

    content, state: its digest up to where it was read, and its state, now.
    """
    if known is None:
        return True
    if known.content is None:
        return known.state == state
    return hmac.compare_digest(known.content, content)


class Place:
    """How far a file was read: the byte and the line that come next, and what was before them."""

    def __init__(self, known: bytes | None = None) -> None:
        """Begin at the beginning; known: a digest to compare with."""
        self.position = 0
        self.line = 1
        self.state = ""  # of the file, before its last bytes were read
        self.digest = ContentDigest(known)

    def move(self, read: bytes, *, line: int) -> None:
        """Move behind what was read, to a line."""
        self.position += len(read)
        self.line = line
        self.digest.add(read)
