"""Telling at one look whether what was decoded is a person in normal form already.

Nine of ten are, and cleaning text by text takes several times longer. The rule is
`profiles.domain.reading.read_person`, and a property says that it changes nobody of whom this says
so.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from profiles.domain.invisible import may_show_nothing
from profiles.domain.person import (
    SCHEMA_VERSION,
    LocationFields,
    NameFields,
    PersonFields,
    StreetFields,
)
from profiles.domain.texts import MAXIMUM_LENGTH, PLAIN_WORD

MAXIMUM_INTEGER: Final = 10**12
"""No house number or postcode comes near; it keeps numbers of 5,000 digits out."""

_ID_LENGTH: Final = 36
_LONGEST_LINE: Final = _ID_LENGTH + MAXIMUM_LENGTH
"""So that no text in it can be too long, nor name or address when they are composed."""

_ID: Final = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12} "
_BEGINS_WITH_ID: Final = re.compile(_ID).match
_IS_PLAIN: Final = re.compile(f"{_ID}(?:{PLAIN_WORD} )*+").fullmatch

_JOINER_AT_AN_END: Final = re.compile(" [\u200c\u200d]|[\u200c\u200d] ").search


def line_of(
    person: PersonFields, name: NameFields, location: LocationFields, street: StreetFields
) -> str:
    """Write id and texts of a person in one line, each with one blank behind it.

    A text that is empty, begins or ends with a blank or has two in a row shows as two blanks; and
    normal form C is kept by cutting at a blank.
    """
    login = person.login
    return (
        f"{login.uuid} {login.username} {person.gender} {name.title} {name.first} {name.last}"
        f" {street.name} {location.city} {location.state} {location.country} {location.postcode}"
        f" {person.email} {person.nat} "
    )


def is_clean(
    line: str, person: PersonFields, location: LocationFields, street: StreetFields
) -> bool:
    """Tell whether id, texts and numbers of a person are in normal form already.

    It may say no too often, never yes.

    line: as `line_of` writes it.
    """
    number, postcode, schema = street.number, location.postcode, person.schema
    return (
        (_IS_PLAIN(line) is not None or _is_clean_in_any_script(line, person.email))
        and len(person.login.uuid) == _ID_LENGTH
        and len(line) <= _LONGEST_LINE
        and (number is None or (not isinstance(number, str) and 0 <= number < MAXIMUM_INTEGER))
        and (not isinstance(postcode, int) or 0 <= postcode < MAXIMUM_INTEGER)
        and (schema is None or 1 <= schema <= SCHEMA_VERSION)
    )


def _is_clean_in_any_script(line: str, email: str | None) -> bool:
    """Tell the same of the line alone; no of some that are, as those beyond the basic plane."""
    if not line.isprintable():  # as many a name in Persian is not, for a joiner inside
        if _JOINER_AT_AN_END(line) or not (email is None or email.isascii()):
            return False
        if not line.replace("\u200c", "").replace("\u200d", "").isprintable():
            return False
    return (
        _BEGINS_WITH_ID(line) is not None
        and "  " not in line
        and unicodedata.is_normalized("NFC", line)
        and not may_show_nothing(line)
    )
