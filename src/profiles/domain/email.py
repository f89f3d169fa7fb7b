"""The domain of an e-mail address."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_MAXIMUM_DOMAIN_LENGTH: Final = 253
_JOINERS: Final = "\u200c\u200d"
_MARK: Final = "\u0300"
_DOMAIN: Final = re.compile(
    # Labels of 1 to 63 letters, digits, inner hyphens and, as many scripts need them, marks and
    # inner joiners; at least two labels, and the last not a number (RFC 1034 section 3.5, RFC
    # 5892): so no telephone number, no IP address. `_MARK` stands for every mark.
    r"(?:LETTER(?:INNER{0,61}LAST)?\.)+(?!\d+\Z)LETTER(?:INNER{0,61}LAST)?".replace(
        "LETTER", r"[^\W_]"
    )
    .replace("INNER", rf"(?:[^\W_]|[-{_MARK}{_JOINERS}])")
    .replace("LAST", rf"(?:[^\W_]|{_MARK})"),
)


def _read_domain(domain: str) -> str | None:
    normal = unicodedata.normalize("NFC", domain.rstrip(".").lower())
    if len(normal) > _MAXIMUM_DOMAIN_LENGTH or not _DOMAIN.fullmatch(_unmarked(normal)):
        return None
    return normal


def _unmarked(domain: str) -> str:
    """Put one mark for all: vowel signs of Indian scripts are marks, and no letters to `re`."""
    if domain.isascii():
        return domain
    return "".join(
        _MARK if unicodedata.category(character) in {"Mn", "Mc"} else character
        for character in domain
    )


# Not as a decorator: mutmut passes over decorated functions.
_normal_domain = lru_cache(maxsize=4096)(_read_domain)


def domain_of(email: str) -> str | None:
    """Return the domain of an e-mail address, lower case, as Unicode in any script.

    None if no domain can be read. What follows the @ must look like a name of the domain
    name system, because domains are counted and shown: nothing else may pass through here.
    """
    local, at, domain = email.rpartition("@")
    return _normal_domain(domain) if at and local else None
