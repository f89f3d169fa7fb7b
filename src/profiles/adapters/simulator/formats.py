"""How each nationality writes telephone numbers, postcodes and government ids.

In a pattern `#` stands for a digit and `@` for a capital letter; all else stands for itself.
None of the numbers follows a check digit, so none is anybody's but by accident.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

_LETTERS: Final = 26
_TEXT_POSTCODES: Final = {
    "CA": ("@#@ #@#",),
    "GB": ("@# #@@", "@#@ #@@", "@@# #@@", "@@## #@@", "@@#@ #@@", "@## #@@"),
    "NO": ("####",),
}
_NUMBER_POSTCODES: Final = {"AU": (200, 9_999), "CH": (1_000, 9_999)}
_ANY_POSTCODE: Final = (10_000, 99_999)


def pattern(text: str) -> Callable[[int], str]:
    """Turn a pattern into a function from a large random number to a text."""
    template = ""
    places: list[tuple[int, int]] = []
    for part in re.findall(r"#+|@|[^#@]+", text):
        if part == "@":
            template += "%c"
            places.append((_LETTERS, ord("A")))
        elif part[0] == "#":
            template += f"%0{len(part)}d"
            places.append((10 ** len(part), 0))
        else:
            template += part.replace("%", "%%")

    def fill(word: int) -> str:
        values = []
        for modulus, base in places:
            word, value = divmod(word, modulus)
            values.append(base + value)
        return template % tuple(values)

    return fill


def _number(low: int, high: int) -> Callable[[int], int]:
    span = high - low + 1
    return lambda word: low + word % span


def _one_of(patterns: Sequence[str]) -> Callable[[int], str]:
    fills = tuple(pattern(each) for each in patterns)
    count = len(fills)
    return lambda word: fills[word % count](word // count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Formats:
    """The formats of one nationality; each function takes a large random number.

    id_value: None where the API knows no government id and gives null.
    """

    phone: Callable[[int], str]
    cell: Callable[[int], str]
    postcode: Callable[[int], int | str]
    id_name: str
    id_value: Callable[[int], str] | None


def _formats(nat: str, phones: str, cell: str, id_name: str = "", id_value: str = "") -> Formats:
    postcode: Callable[[int], int | str]
    if nat in _TEXT_POSTCODES:
        postcode = _one_of(_TEXT_POSTCODES[nat])
    else:
        postcode = _number(*_NUMBER_POSTCODES.get(nat, _ANY_POSTCODE))
    return Formats(
        phone=_one_of(phones.split("/")),
        cell=pattern(cell),
        postcode=postcode,
        id_name=id_name,
        id_value=pattern(id_value) if id_value else None,
    )


_BRITISH_PHONES: Final = "01#### #####/01#### ####/01### #####/02# #### ####/011#### ### ####"
_FRENCH_ID: Final = "{sex}{year:02d}{month:02d}######## ##"

FORMATS: Final[dict[str, Formats]] = {
    nat: _formats(nat, *rest)
    for nat, *rest in (
        ("AU", "0#-####-####", "04##-###-###", "TFN", "#########"),
        ("BR", "(##) ####-####", "(##) ####-####", "CPF", "###.###.###-##"),
        ("CA", "@## @##-####", "@## @##-####", "SIN", "#########"),
        ("CH", "07# ### ## ##", "07# ### ## ##", "AVS", "756.####.####.##"),
        ("DE", "0###-#######", "017#-#######", "SVNR", "## {born:%d%m}{year:02d} {initial} ###"),
        ("DK", "########", "########", "CPR", "{born:%d%m}{year:02d}-####"),
        ("ES", "9##-###-###", "6##-###-###", "DNI", "########-@"),
        ("FI", "0#-###-###", "04#-###-##-##", "HETU", "NaNNA###undefined"),
        ("FR", "0#-##-##-##-##", "06-##-##-##-##", "INSEE", _FRENCH_ID),
        ("GB", _BRITISH_PHONES, "07### ######", "NINO", "@@ ## ## ## @"),
        ("IE", "0#1-###-####", "081-###-####", "PPS", "#######T"),
        ("IN", "7#########", "9#########", "UIDAI", "############"),
        ("IR", "0##-########", "09##-###-####"),
        ("MX", "(6##) ### ####", "(6##) ### ####", "NSS", "## ## ## #### #"),
        ("NL", "(###)-###-####", "(###)-###-####", "BSN", "########"),
        ("NO", "6#######", "4#######", "FN", "{born:%d%m%y}#####"),
        ("NZ", "(###)-###-####", "(###)-###-####"),
        ("RS", "0##-####-###", "06#-####-###", "SID", "#########"),
        ("TR", "(###)-###-####", "(###)-###-####"),
        ("UA", "(09#) @##-####", "(09#) @##-####"),
        ("US", "(###) ###-####", "(###) ###-####", "SSN", "###-##-####"),
    )
}

_HOLD_THE_BIRTH_DATE: Final = frozenset({"DE", "DK", "FR", "NO"})


def government_id(
    nat: str, word: int, *, born: datetime, gender: str, last: str
) -> tuple[str, str | None]:
    """Return `id.name` and `id.value` with the API's own faults.

    Germany, Denmark and France count the year of birth from 1900, so 2001 is `101`; France
    counts months from zero; Finland's is broken altogether (`NaNNA731undefined`).
    """
    formats = FORMATS[nat]
    if formats.id_value is None:
        return formats.id_name, None
    value = formats.id_value(word)
    if nat in _HOLD_THE_BIRTH_DATE:
        value = value.format(
            born=born,
            year=born.year - 1900,
            month=born.month - 1,
            initial=last[0].upper(),
            sex=1 if gender == "male" else 2,
        )
    return formats.id_name, value
