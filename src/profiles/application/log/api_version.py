"""Which version of the API a whole response is of."""

from __future__ import annotations

import re
from typing import Final

from profiles.application.log.messages import document_of

OLDEST_READ: Final = (1, 3)
"""Before that a street is one text, and in the oldest versions a person has no id."""

OLDEST_READ_NAME: Final = "1.3"

_VERSION: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,3}")


def outdated_version(document: object) -> str | None:
    """Return the version that a response says it is of, where that is too old to be read.

    document: as decoded from JSON. Its `info.version` is shown only if it is digits and dots.
    """
    info = document.get("info") if isinstance(document, dict) else None
    version = info.get("version") if isinstance(info, dict) else None
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        return None
    return version if tuple(map(int, version.split("."))) < OLDEST_READ else None


def outdated_version_of(message: bytes) -> str | None:
    """Return the same of a message, which may be anything."""
    return outdated_version(document_of(message))
