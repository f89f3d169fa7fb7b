"""Traces of persons in a text: which fields of whom it tells, in whatever way they are written.

The text is decoded, rather than every value encoded: so a value is found that is escaped in part,
or encoded twice.

Not every value can be looked for, or nearly every text would tell of somebody:

- what many share is not looked for: gender, title, country, nationality, time zones, ages, months
  of birth, e-mail domains;
- a text of fewer than 4 characters is not looked for, one of fewer than 8 only as a word of its
  own, between characters that are neither letters nor digits;
- a number of fewer than 7 digits is not looked for, since counts look the same, a longer one only
  as a number of its own.
"""

from __future__ import annotations

import base64
import dataclasses
import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple
from urllib.parse import unquote_plus

from profiles.domain.person import Person
from profiles.domain.profile import Profile

SHORTEST: Final = 4
"""Characters of the shortest text that is looked for."""

WITHIN_WORDS: Final = 8
"""Characters from which on a text is looked for inside longer words, too."""

SHORTEST_NUMBER: Final = 7
"""Digits of the shortest number that is looked for."""

PLAIN: Final = "plain"

_SHARED: Final = frozenset(
    {
        *("gender", "nat", "nationality", "title", "country", "timezone", "age", "birth_month"),
        *("email_domain", "as_of", "expires_at", "schema", "info", "offset", "description"),
    }
)
_OWN: Final = frozenset(
    {
        *("results", "name", "first", "last", "location", "street", "number", "city", "state"),
        *("postcode", "coordinates", "latitude", "longitude", "email", "login", "uuid", "username"),
        *("password", "salt", "md5", "sha1", "sha256", "dob", "date", "registered", "phone"),
        *("cell", "id", "value", "picture", "large", "medium", "thumbnail"),
        *Profile._fields,
    }
)
"""Names of the API's fields and of a profile's: only they are shown in a path."""

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d(?!\d)", re.ASCII)
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TEXT_IN_JSON: Final = re.compile(r'"((?:[^"\\]|\\.)*)(?:"|\Z)(\s*:)?', re.DOTALL)
"""A text, and whether it is a key; one that does not end ends with all."""
_ESCAPES: Final = re.compile(
    r"(?:\\x[0-9a-f]{2})+|(?:\\u[0-9a-f]{4})+|\\[\"'\\/bfnrt]", re.IGNORECASE
)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{6,}")
_BLANK: Final = frozenset("bfnrt")


class Trace(NamedTuple):
    """What a text tells of somebody.

    person: the index of the record. path: of the field in it, as `name.last`; the name of a foreign
        key is never shown. form: how the value is written there, as `base64`.
    """

    person: int
    path: str
    form: str

    def __str__(self) -> str:
        """Say what was found, and no value."""
        return f"{self.path or 'a text'} of record {self.person} ({self.form})"


def traces_in(text: str, records: Sequence[object]) -> list[Trace]:
    """Tell which fields of which records a text tells, each once.

    records: persons and profiles of the domain, objects in the API's form, or messages (bytes)
        with such JSON in them. What is no JSON is looked for by the texts in it.
    """
    readings: dict[str, str] = {}
    for form, reading in _readings(text):
        readings.setdefault(_folded(reading), form)
    found: dict[tuple[int, str], Trace] = {}
    for person, record in enumerate(records):
        for path, value in _values(record):
            if (person, path) not in found and (searched := _searched(value)) is not None:
                for form in (form for reading, form in readings.items() if searched(reading)):
                    found[person, path] = Trace(person, path, form)
                    break
    return list(found.values())


def _searched(value: str) -> Callable[[str], bool] | None:
    """Return what looks for a value in a folded text; None for one that is not looked for."""
    folded = _folded(value.strip())
    is_number = folded.isdecimal()
    if len(folded) < (SHORTEST_NUMBER if is_number else SHORTEST):
        return None
    if len(folded) >= WITHIN_WORDS and not is_number:
        return lambda reading: folded in reading
    # Nothing of the same kind before it, nor after it. The test before costs far less.
    alone = r"(?<!\d){}(?!\d)" if is_number else r"(?<![^\W_]){}(?![^\W_])"
    pattern = alone.format(re.escape(folded))
    return lambda reading: folded in reading and re.search(pattern, reading) is not None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _readings(text: str) -> Iterator[tuple[str, str]]:
    """Yield the text as it is and decoded in each way, with the name of that."""
    unquoted, decoded = unquote_plus(text), _decoded(text)
    yield PLAIN, text
    yield "escaped", _unescaped(text)
    yield "URL-quoted", unquoted
    yield "URL-quoted", _unescaped(unquoted)
    yield "HTML-escaped", html.unescape(text)
    yield "base64", decoded
    yield "base64", _unescaped(decoded)


def _unescaped(text: str) -> str:
    r"""Undo the escapes of JSON and of Python: `\u00e9`, `\"`, and bytes as `\xc3\xa9`."""
    return _ESCAPES.sub(lambda found: _meant(found[0]), text)


def _meant(escaped: str) -> str:
    kind = escaped[1]
    if kind in "xX":
        return bytes.fromhex(escaped.replace(escaped[:2], "")).decode(errors="replace")
    if kind in "uU":
        units = bytes.fromhex(escaped.replace(escaped[:2], ""))
        return units.decode("utf-16-be", errors="replace")
    return " " if kind in _BLANK else kind


def _decoded(text: str) -> str:
    """Decode all that may be base64, from each of the four characters at which it may begin."""
    found: list[str] = []
    for token in _BASE64.findall(text):
        standard = token.replace("-", "+").replace("_", "/")
        for start in range(4):
            part = standard[start:]
            whole = part[: len(part) - (len(part) % 4 == 1)]
            padded = whole + "=" * (-len(whole) % 4)
            found.append(base64.b64decode(padded).decode(errors="replace"))
    return "\n".join(found)


def _values(record: object) -> Iterator[tuple[str, str]]:
    """Yield the values of a record that are looked for, with their paths."""
    if isinstance(record, bytes | str):
        try:
            yield from _in_document(json.loads(record))
        except (ValueError, RecursionError):
            text = record.decode(errors="replace") if isinstance(record, bytes) else record
            yield from (("", value) for value in _texts_in(text))
    elif isinstance(record, Profile):
        yield from _in_document(record._asdict())
    elif isinstance(record, Person):
        yield from _in_document(dataclasses.asdict(record))
    else:
        yield from _in_document(record)


def _texts_in(text: str) -> Iterator[str]:
    """Yield the texts in what should have been JSON; all of it where there are none."""
    key, found = "", False
    for value, is_key in _TEXT_IN_JSON.findall(text):
        found = True
        if is_key:
            key = value
        elif key not in _SHARED:
            yield _unescaped(value)
    if not found:
        yield text


def _in_document(document: object) -> Iterator[tuple[str, str]]:
    """Walk through a document, however deep it is."""
    waiting: list[tuple[str, object]] = [("", document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, Mapping):
            yield from _in_names(path, value)
            waiting += reversed(list(_members(path, value)))
        elif isinstance(value, list | tuple):
            waiting += reversed([(f"{path}[{n}]", each) for n, each in enumerate(value)])
        elif isinstance(value, str):
            yield from ((path, text) for text in _writings(value))
        elif isinstance(value, date) or (isinstance(value, int) and not isinstance(value, bool)):
            yield path, str(value)


def _in_names(path: str, members: Mapping[Any, object]) -> Iterator[tuple[str, str]]:
    """Yield what keys tell: foreign ones can hold anything, and two names make a longer one."""
    for key in members:
        if key not in _OWN and key not in _SHARED and len(key) >= WITHIN_WORDS:
            yield "(foreign key)", key
    first, last = members.get("first"), members.get("last")
    if isinstance(first, str) and isinstance(last, str):
        yield path, f"{first} {last}"


def _members(path: str, members: Mapping[Any, object]) -> Iterator[tuple[str, object]]:
    for key, value in members.items():
        if key in _SHARED or (path == "id" and key == "name"):
            continue
        name = key if key in _OWN else "(foreign)"
        yield f"{path}.{name}" if path else name, value


def _writings(text: str) -> Iterator[str]:
    """Yield a text, and what of it is told alone: the day of a time, an id without dashes."""
    yield text
    if day := _DAY.match(text):
        yield day[0]
    elif _UUID.fullmatch(text.lower()):
        yield text.replace("-", "")
