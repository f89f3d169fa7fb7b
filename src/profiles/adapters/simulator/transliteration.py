# ruff: noqa: RUF001 - the table maps letters of other scripts
"""The ASCII spelling that the API uses for the local part of an e-mail address."""

from __future__ import annotations

import unicodedata
from typing import Final

_LETTERS: Final = str.maketrans(
    {"ß": "ss", "æ": "ae", "ø": "o", "đ": "d", "ı": "i", "ł": "l", "þ": "th"}
    # Arabic script: consonants only, as short vowels are not written; alef and ain drop out.
    | {"چ": "ch", "ح": "h", "خ": "kh", "ژ": "zh", "ش": "sh", "ا": "", "ع": "", "ء": ""}
    | dict(zip("آبپتثجدذرزسصضطظغفقکگلمنوهیئ", "abptsjdzrzssdtzgfqkglmnwhyy", strict=True))
)


def local_part(name: str) -> str:
    """Spell a name in lower-case ASCII without blanks; an apostrophe stays."""
    letters = unicodedata.normalize("NFC", name.lower()).translate(_LETTERS)
    ascii_only = unicodedata.normalize("NFKD", letters).encode("ascii", "ignore").decode()
    return "".join(ascii_only.split())
