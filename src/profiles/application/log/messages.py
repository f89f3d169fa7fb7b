"""Messages: JSON texts that hold one person or one whole response of the API."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from profiles.domain.outcome import Rejected, RejectionReason
from profiles.domain.person import PersonId

_BROKEN: Final = object()
_BYTE_ORDER_MARK: Final = "\ufeff"
_ENOUGH_DIGITS: Final = 20
_FRAME_BYTES: Final = 5
_INTO_RESULTS: Final = re.compile(r"results\[([0-9]+)\]")

NOT_JSON: Final = Rejected(RejectionReason.JSON, "", "JSON in UTF-8 of reasonable depth")


class Records(NamedTuple):
    """The records of one message, as `decide` takes them.

    whole_response: they are the `results` of a response, so that paths into them say which one.
    """

    items: Sequence[object]
    whole_response: bool = False

    def __repr__(self) -> str:
        """Show no value: a repr ends up in logs and tracebacks."""
        return f"Records(whole_response={self.whole_response})"

    def path(self, index: int, inner: str) -> str:
        """Return the path from the message to a place in one of its records."""
        if not self.whole_response:
            return inner
        return f"results[{index}].{inner}" if inner else f"results[{index}]"


def index_in(path: str) -> int | None:
    """Return which record of a whole response a path from the message leads into, or None."""
    found = _INTO_RESULTS.match(path)
    return None if found is None else int(found[1])


class Deletion(NamedTuple):
    """A message that says that somebody is to be deleted, as a null value does."""

    person: PersonId

    def __repr__(self) -> str:
        """Show whom it is about to nobody."""
        return "Deletion(...)"


Decode = Callable[[bytes], Records | Rejected | Deletion]
"""Read a message. `decode` here is the rule; a faster adapter returns equal decisions."""


def decode(message: bytes) -> Records | Rejected:
    """Read a message with the standard library.

    A document with `results` and without `login` is a whole response of the API, as other
    producers send it; anything else is one record, whatever it is. A string that holds such a
    document is read as that, once.
    """
    return records_of(document_of(message))


def records_of(document: object) -> Records | Rejected:
    """Return the records in a document that `document_of` has returned, or one inside it."""
    if document is _BROKEN:
        return NOT_JSON
    if not isinstance(document, dict) or "results" not in document or document.get("login"):
        return Records(items=(document,))
    results = document["results"]
    if not isinstance(results, list):
        return Rejected(RejectionReason.TYPE, "results", "array of persons")
    return Records(items=results, whole_response=True)


def document_of(message: bytes) -> object:
    """Return the JSON document in a message; for what is no JSON, an object without meaning."""
    try:
        document = _read(content(message).decode().removeprefix(_BYTE_ORDER_MARK))
    except (ValueError, RecursionError):
        return _BROKEN
    return document_in(document) if isinstance(document, str) else document


def content(message: bytes) -> bytes:
    """Return what a message holds, without the framing of Confluent's schema registry.

    That is a byte 0, with which no JSON begins, and four bytes with the number of a schema.
    """
    return message[_FRAME_BYTES:] if message[:1] == b"\0" else message


def document_in(text: str) -> object:
    """Read what a producer has encoded twice; return the text itself if it holds no object."""
    try:
        document = _read(text.removeprefix(_BYTE_ORDER_MARK))
    except (ValueError, RecursionError):
        return text
    return document if isinstance(document, dict) else text


def _no_number(_word: str) -> float:
    """Read NaN, Infinity or -Infinity, which JSON does not have and Python's `json.dumps` writes.

    In a field that nobody takes they must not cost the person. In one that is taken they must not
    pass for a missing value either, as NaN does among Python's objects: none of our types takes
    an infinite number.
    """
    return math.inf


def _integer(digits: str) -> int:
    """Read an integer; one beyond all our bounds keeps no more than being that large.

    Python refuses to read more than 4,300 digits, and one in a field that nobody takes must not
    cost the person.
    """
    return int(digits[:_ENOUGH_DIGITS])


_read: Final = json.JSONDecoder(parse_constant=_no_number, parse_int=_integer).decode
