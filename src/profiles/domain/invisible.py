"""Characters that show nothing: which they are, and where they mean something all the same."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_SELECTORS: Final = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
"""They choose a variant of the character before them, such as that of a Japanese name."""

_BLANK: Final = (
    # The combining grapheme joiner, Hangul's fillers, Khmer's inherent vowels, an empty pattern of
    # Braille, an empty note head, and what Unicode keeps free for more characters of the kind
    # (Default_Ignorable_Code_Point).
    "\u034f\u115f\u1160\u17b4\u17b5\u2065\u2800\u3164\uffa0\ufff0-\ufff8\U0001d159\U000e0000-\U000e0fff"
)
_NOT_OF_CATEGORY_CF: Final = re.compile(f"[{_BLANK}{_SELECTORS}]")
_PERHAPS_INVISIBLE: Final = re.compile(f"[{_BLANK}{_SELECTORS}\U00010000-\U0010ffff]")
_SELECTOR: Final = re.compile(f"[{_SELECTORS}]")

_SHOWN: Final = frozenset(
    # Of category Cf, and yet to be seen: signs around the numbers of Arabic, Syriac and Kaithi
    # (Prepended_Concatenation_Mark).
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)

_NON_JOINER: Final = "\u200c"
_JOINERS: Final = frozenset({_NON_JOINER, "\u200d"})
_VIRAMA: Final = 9
"""The combining class of the signs that take the vowel from a letter of an Indian script."""


def is_invisible(character: str) -> bool:
    """Tell whether a character shows nothing by itself; white space is another matter."""
    if unicodedata.category(character) == "Cf":
        return character not in _SHOWN
    return _NOT_OF_CATEGORY_CF.match(character) is not None


def may_show_nothing(text: str) -> bool:
    """Tell whether a text that Python calls printable may hold what shows nothing.

    Quick, so it says yes to every character beyond the basic plane.
    """
    return _PERHAPS_INVISIBLE.search(text) is not None


def trimmed(text: str) -> str:
    """Take from both ends of a text what shows nothing, blanks included.

    Left is what belongs to the last character that shows: a variation selector, or a joiner
    behind a virama, as old texts in Malayalam write the letter that ends a name.
    """
    start, end = 0, len(text)
    while start < end and _is_trimmed(text[start]):
        start += 1
    while end > start and _is_trimmed(text[end - 1]):
        end -= 1
    if end < len(text) and _belongs(text[end], to=text[end - 1]):
        end += 1
    return text[start:end]


def _is_trimmed(character: str) -> bool:
    return character == " " or is_invisible(character)


def _belongs(character: str, *, to: str) -> bool:
    if character in _JOINERS:
        return unicodedata.combining(to) == _VIRAMA
    return _SELECTOR.match(character) is not None


def without_invisible(label: str) -> str:
    """Take everything that shows nothing out of a name of the domain name system or a mailbox.

    Joiners stay where such a name may have them: behind a virama, and the non-joiner between two
    letters of a cursive script (RFC 5892, appendix A; letters of right-to-left scripts stand for
    those that join).
    """
    shown = [one for one in label if one in _JOINERS or not is_invisible(one)]
    kept: list[str] = []
    for place, character in enumerate(shown):
        if character not in _JOINERS or _may_stand(character, kept, shown[place + 1 :]):
            kept.append(character)
    return "".join(kept)


def _may_stand(joiner: str, before: list[str], behind: list[str]) -> bool:
    if not before:
        return False
    if unicodedata.combining(before[-1]) == _VIRAMA:
        return True
    letter = next((one for one in behind if one not in _JOINERS), "")
    return joiner == _NON_JOINER and _is_cursive(before[-1]) and _is_cursive(letter)


def _is_cursive(letter: str) -> bool:
    return letter != "" and unicodedata.bidirectional(letter) == "AL"
