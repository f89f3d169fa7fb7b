"""The form of a text: trimmed, in Unicode's normal form C, without control characters, short."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from profiles.domain.invisible import trimmed, without_invisible
from profiles.domain.outcome import RejectionReason

MAXIMUM_LENGTH: Final = 256
"""Characters of any text but an e-mail address."""

MAXIMUM_EMAIL_LENGTH: Final = 320
"""Characters: 64 before the @, 255 after it (RFC 3696, section 3)."""

PLAIN_WORD: Final = "[!-~\u00a1-\u00ac\u00ae-\u02ff]++"
"""A pattern for words of Latin script: each character shows, and each text is in normal form C."""

_IS_PLAIN: Final = re.compile(f"{PLAIN_WORD}(?: {PLAIN_WORD})*+").fullmatch
_UNWANTED_CATEGORIES: Final = frozenset({"Cc", "Cs"})


def cleaned(text: str, *, limit: int = MAXIMUM_LENGTH) -> str | RejectionReason | None:
    """Trim a text, fold its white space and bring it to normal form C.

    Any script is allowed, including joiners and marks that have no width of their own. What shows
    nothing is trimmed from the ends, as white space is.

    Returns None for a text of which nothing shows, or the reason why it is refused: it has control
    characters or halves of surrogate pairs, or more than `limit` characters.
    """
    if len(text) <= limit and _IS_PLAIN(text):  # as nearly all are
        return text
    folded = " ".join(text.split())
    if not folded.isascii():
        folded = unicodedata.normalize("NFC", trimmed(folded))
    if len(folded) > limit:
        return RejectionReason.LENGTH
    if not folded.isprintable() and any(
        unicodedata.category(character) in _UNWANTED_CATEGORIES for character in folded
    ):
        return RejectionReason.TEXT
    return folded or None


def cleaned_email(text: str) -> str | RejectionReason | None:
    """Clean an e-mail address, and take what shows nothing out of its middle, too.

    In a name such characters can mean something, in an address they are left over from where it
    was copied: two addresses that look the same are one. RFC 6531 allows every character beyond
    ASCII in the name of a mailbox; the rules for such identifiers allow none that shows nothing but
    joiners in their place (RFC 8264, section 4.2), as those for domains do.

    Returns as `cleaned` does.
    """
    clean = cleaned(text, limit=MAXIMUM_EMAIL_LENGTH)
    while isinstance(clean, str) and (shown := without_invisible(clean)) != clean:
        clean = cleaned(shown, limit=MAXIMUM_EMAIL_LENGTH)
    return clean
