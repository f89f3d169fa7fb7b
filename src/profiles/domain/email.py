"""The domain of an e-mail address."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from profiles.domain.invisible import may_show_nothing, without_invisible

_MAXIMUM_DOMAIN_LENGTH: Final = 253
_JOINERS: Final = "\u200c\u200d"
_MARK: Final = "\u0300"
_CODED: Final = "xn--"
# A label has 1 to 63 letters, digits, inner hyphens and, as many scripts need them, marks and inner
# joiners (RFC 1034 section 3.5, RFC 5892). `_MARK` stands for every mark.
_A_LABEL: Final = rf"[^\W_](?:(?:[^\W_]|[-{_MARK}{_JOINERS}]){{0,61}}(?:[^\W_]|{_MARK}))?"
_AN_ASCII_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# At least two labels, and the last not a number: so no telephone number, no IP address.
_A_DOMAIN: Final = r"(?:{0}\.)+(?!\d+\Z){0}"

_LABEL: Final = re.compile(_A_LABEL)
_DOMAIN: Final = re.compile(_A_DOMAIN.format(_A_LABEL))
_ASCII_DOMAIN: Final = re.compile(_A_DOMAIN.format(_AN_ASCII_LABEL))
_FREQUENT: Final = frozenset({"example.com", "gmail.com", "outlook.com", "yahoo.com"})
"""Known to be what they are. A cache would do more, but keep domains of those who were erased."""


def domain_of(email: str) -> str | None:
    """Return the domain of an e-mail address, lower case, as Unicode in any script.

    The two writings of an international one, `bücher.example` and `xn--bcher-kva.example`, are
    one domain.

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
    if not readable or len(normal) > _MAXIMUM_DOMAIN_LENGTH:
        return None
    return _international(normal) if _CODED in normal else normal


def _international(domain: str) -> str:
    """Write the labels of a domain in Unicode that are coded in ASCII, as far as they can be."""
    decoded = ".".join([_decoded(label) for label in domain.split(".")])
    return decoded if _DOMAIN.fullmatch(_unmarked(decoded)) else domain


def _decoded(label: str) -> str:
    """Decode a label by Punycode (RFC 3492), or return it as it is.

    Python's codec `idna` is of 2003 and would make `ss` of `ß`; so nothing is encoded here.
    What is no label in normal form when it is decoded is no international one (RFC 5891, 5.4).
    """
    if not label.isascii() or not label.startswith(_CODED):
        return label
    try:
        decoded = label.removeprefix(_CODED).encode().decode("punycode")
    except UnicodeError:
        return label
    normal = unicodedata.normalize("NFC", without_invisible(decoded).lower())
    if decoded.isascii() or decoded != normal or not _LABEL.fullmatch(_unmarked(decoded)):
        return label
    return decoded


def _unmarked(domain: str) -> str:
    """Put one mark for all: vowel signs of Indian scripts are marks, and no letters to `re`."""
    return "".join(
        _MARK if unicodedata.category(character) in {"Mn", "Mc"} else character
        for character in domain
    )
