"""Values that do not belong where they stand: tables for `hostile`.

`{secret}` in a text stands for what must never be shown nor kept.
"""

from __future__ import annotations

from typing import Any, Final

_ID: Final = "login.uuid"
_BIRTH: Final = "dob.date"
_MIDNIGHT: Final = "T00:00:00.000Z"
_TOO_LONG: Final = "{secret}" + "x" * 256
_DIGITS: Final = b"9" * 5_000

MISSING: Final = {
    "no login": "login",
    "no id": _ID,
    "no dob": "dob",
    "no birth date": _BIRTH,
}

VALUES: Final[dict[str, tuple[str, Any]]] = {
    "login null": ("login", None),
    "login a list": ("login", ["{secret}"]),
    "login a text": ("login", "{secret}"),
    "id null": (_ID, None),
    "id a number": (_ID, 1_234_567),
    "id a boolean": (_ID, True),
    "id a list": (_ID, ["{secret}"]),
    "id an object": (_ID, {"{secret}": "{secret}"}),
    "id empty": (_ID, ""),
    "id garbage": (_ID, "{secret}"),
    "id with a foreign letter": (_ID, "0000000g-0000-4000-8000-000000000000"),
    "id in other digits": (_ID, "٠٠٠٠٠٠٠٠-0000-4000-8000-000000000000"),  # noqa: RUF001 - Arabic
    "dob null": ("dob", None),
    "dob a text": ("dob", "{secret}"),
    "dob a list": ("dob", ["{secret}"]),
    "birth date null": (_BIRTH, None),
    "birth date a number": (_BIRTH, 725_846_400),
    "birth date a boolean": (_BIRTH, True),
    "birth date an object": (_BIRTH, {"{secret}": "{secret}"}),
    "birth date empty": (_BIRTH, ""),
    "birth date garbage": (_BIRTH, "{secret}"),
    "birth date with garbage behind": (_BIRTH, "1990-01-01{secret}"),
    "birth on 30 February": (_BIRTH, f"1993-02-30{_MIDNIGHT}"),
    "birth on 29 February 1900": (_BIRTH, f"1900-02-29{_MIDNIGHT}"),
    "birth in month 13": (_BIRTH, f"1993-13-01{_MIDNIGHT}"),
    "birth in year 0": (_BIRTH, f"0000-01-01{_MIDNIGHT}"),
    "birth in year 10000": (_BIRTH, f"10000-01-01{_MIDNIGHT}"),
    "birth before Christ": (_BIRTH, f"-1990-01-01{_MIDNIGHT}"),
    "birth week date": (_BIRTH, "2020-W01-1"),
    "birth week date and time": (_BIRTH, f"2020-W01-1{_MIDNIGHT}"),
    "birth ordinal date": (_BIRTH, f"1990-123{_MIDNIGHT}"),
    "birth basic format": (_BIRTH, "19900101T000000Z"),
    "birth unpadded": (_BIRTH, "1990-1-1"),
    "birth with slashes": (_BIRTH, "01/02/1990"),
    "birth after a blank": (_BIRTH, f" 1990-01-01{_MIDNIGHT}"),
    "birth in full-width digits": (_BIRTH, f"１９９０-01-01{_MIDNIGHT}"),  # noqa: RUF001 - the point
    "birth in Arabic digits": (_BIRTH, f"١٩٩٠-٠١-٠١{_MIDNIGHT}"),  # noqa: RUF001 - the point
    "birth in the future": (_BIRTH, f"9999-12-31{_MIDNIGHT}"),
    "birth long ago": (_BIRTH, f"1066-10-14{_MIDNIGHT}"),
    "name a text": ("name", "{secret}"),
    "name a list": ("name", ["{secret}"]),
    "first name a number": ("name.first", 7),
    "last name an object": ("name.last", {"{secret}": "{secret}"}),
    "title a boolean": ("name.title", False),
    "gender a number": ("gender", 1),
    "gender unheard of": ("gender", "gender " * 9),
    "nationality a list": ("nat", ["{secret}"]),
    "nationality unheard of": ("nat", "XX"),
    "location a text": ("location", "{secret}"),
    "street a text": ("location.street", "{secret}"),
    "city an object": ("location.city", {"$gt": "{secret}"}),
    "house number a boolean": ("location.street.number", True),
    "house number a list": ("location.street.number", ["{secret}"]),
    "house number a fraction": ("location.street.number", 3.5),
    "house number of 64 bits": ("location.street.number", 2**64),
    "postcode a boolean": ("location.postcode", False),
    "postcode a fraction": ("location.postcode", 12.5),
    "postcode a list": ("location.postcode", ["{secret}"]),
    "e-mail a number": ("email", 42),
    "e-mail a list": ("email", ["{secret}"]),
    "username a number": ("login.username", 42),
    "registered a text": ("registered", "{secret}"),
    "registration date a number": ("registered.date", 1_000_000_000),
    "registration date garbage": ("registered.date", "{secret}"),
    "first name too long": ("name.first", _TOO_LONG),
    "city too long": ("location.city", _TOO_LONG),
    "postcode too long": ("location.postcode", _TOO_LONG),
    "e-mail too long": ("email", "{secret}" + "x" * 320 + "@example.com"),
    "domain too long": ("email", "x@{secret}" + "x" * 320 + ".example"),
    "text with NUL": ("name.first", "{secret}\0"),
    "text with control characters": ("name.last", "{secret}\x1b[2J\x07\r\n\x85"),
    "birth date with NUL": (_BIRTH, "1990-01-01\0{secret}"),
    "text from right to left": ("name.first", "\u202eXela"),
    "text of combining marks": ("name.first", "Z" + "\u0316\u0300" * 100),
}

RAW: Final[dict[str, tuple[str, bytes]]] = {
    "high surrogate": ("name.first", rb'"\ud800"'),
    "low surrogate in a key": ("name", rb'{"first":"A","\udc00":1}'),
    "surrogates the wrong way round": ("location.city", rb'"\udc00\ud800"'),
    "surrogate in the id": (_ID, rb'"\ud800"'),
    "surrogate in UTF-8": ("name.last", b'"\xed\xa0\x80"'),
    "invalid UTF-8": ("name.last", b'"\xff\xfe\xc3"'),
    "overlong UTF-8": ("name.last", b'"\xc0\xaf"'),
    "raw control character": ("name.last", b'"a\x00b"'),
    "not a number": ("location.street.number", b"NaN"),
    "infinity": ("location.street.number", b"Infinity"),
    "negative infinity": ("location.postcode", b"-Infinity"),
    "number out of range": ("location.street.number", b"1e999"),
    "house number of 5,000 digits": ("location.street.number", _DIGITS),
    "postcode of 5,000 digits": ("location.postcode", _DIGITS),
    "foreign number of 5,000 digits": ("foreign", _DIGITS),
    "house number with a leading zero": ("location.street.number", b"007"),
    "lists 1,000 deep": ("foreign", b"[" * 1_000 + b"]" * 1_000),
    "lists 100,000 deep": ("foreign", b"[" * 100_000 + b"]" * 100_000),
    "objects 1,000 deep": ("location", b'{"city":' * 1_000 + b"1" + b"}" * 1_000),
    "objects 100,000 deep": ("location", b'{"city":' * 100_000 + b"1" + b"}" * 100_000),
    "lists never closed": ("foreign", b"[" * 100_000),
}
