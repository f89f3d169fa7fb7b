"""What is told apart in an e-mail address."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from profiles.domain.invisible import may_show_nothing, without_invisible

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


_ASCII_DOMAIN: Final = re.compile(
    r"(?:LABEL\.)+(?!\d+\Z)LABEL".replace("LABEL", r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
)
_FREQUENT: Final = frozenset({"example.com", "gmail.com", "outlook.com", "yahoo.com"})
"""Known to be what they are. A cache would do more, but keep domains of those who were erased."""


def domain_of(email: str) -> str | None:
    """Return the domain of an e-mail address, lower case, as Unicode in any script.

    None where no domain can be read. What follows the @ must look like a name of the domain
    name system, because domains are counted and shown: nothing else may pass through here.
    Characters that show nothing make no other domain, and cost none.
    """
    local, at, domain = email.rpartition("@")
    if domain in _FREQUENT and local:
        return domain
    return _read_domain(domain) if at and local else None


def _read_domain(domain: str) -> str | None:
    if domain.isascii():
        normal = domain.rstrip(".").lower()
        readable = _ASCII_DOMAIN.fullmatch(normal)
    else:
        shows_all = domain.isprintable() and not may_show_nothing(domain)
        shown = (domain if shows_all else without_invisible(domain)).rstrip(".")
        normal = unicodedata.normalize("NFC", shown.lower())
        readable = _DOMAIN.fullmatch(_unmarked(normal))
    return normal if readable and len(normal) <= _MAXIMUM_DOMAIN_LENGTH else None


def _unmarked(domain: str) -> str:
    """Put one mark for all: vowel signs of Indian scripts are marks, and no letters to `re`."""
    return "".join(
        _MARK if unicodedata.category(character) in {"Mn", "Mc"} else character
        for character in domain
    )
