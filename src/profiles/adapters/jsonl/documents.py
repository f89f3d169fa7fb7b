"""JSON that is not one value a line: documents over several lines, arrays, one behind another.

The values that are delivered are those at the top and the elements of arrays there: brackets and
commas between values count as white space. So a place between two values says all that is needed
to go on from there.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_BETWEEN: Final = re.compile(r"[\s,\[\]\x1e\ufeff]*")
_NEXT_OBJECT: Final = re.compile(r"\n[ \t]*(?=[{\[])|(?<=\})\s*,\s*(?=\{)")
_NEAR_THE_END: Final = 16
"""Characters: no literal, number or escape that is cut in two has more before the cut."""

# Numbers are not looked at: one of 5,000 digits is not worth the file.
_raw_decode: Final = json.JSONDecoder(parse_int=len, parse_float=len, parse_constant=len).raw_decode


class Value(NamedTuple):
    """Where a value ends; None: not in this text. broken: it is no JSON; it ends at the next."""

    end: int | None
    broken: bool = False


def read_value(text: str, start: int, *, ended: bool) -> Value:
    """Find the end of a value.

    ended: no more text comes after this.
    """
    try:
        end = _raw_decode(text, start)[1]
    except json.JSONDecodeError as error:
        cut_off = error.msg.startswith("Unterminated string") or (
            len(text) - error.pos <= _NEAR_THE_END
        )
        if cut_off and not ended:
            return Value(None)
        return Value(_next_object(text, start, error.pos, ended=ended), broken=True)
    except RecursionError:
        return Value(_next_object(text, start, start, ended=ended), broken=True)
    if end == len(text) and text[end - 1] not in '}"' and not ended:
        return Value(None)  # a number may have more digits
    return Value(end)


def _next_object(text: str, start: int, failed: int, *, ended: bool) -> int | None:
    """Find where to go on behind a broken value.

    That is the next object that begins a line, or follows another one in an array.
    """
    back = max(text.rfind(sign, start, failed + 1) for sign in "\n}")
    found = _NEXT_OBJECT.search(text, max(start + 1, back))
    if found:
        return found.end()
    return len(text) if ended else None


class Splitter:
    """Cuts text that comes in pieces into values, as bytes, each with the position behind it.

    Bytes that are no UTF-8 stay in the values as they are.
    """

    def __init__(self, position: int, *, line: int = 1) -> None:
        """Begin at a position, in bytes, between two values, in a line."""
        self.position = position
        self.line = line
        self.begun = line
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self._wanted = 0

    @property
    def pending(self) -> int:
        """Count the characters that wait for what belongs to them."""
        return len(self._text)

    def cut(self, piece: bytes, *, ended: bool) -> Iterator[bytes]:
        """Yield the values that are whole with this piece; the last one is not cut off later.

        `position` is then behind the value that was yielded last; `begun` and `line` are the lines
        in which it begins and ends.
        """
        self._text += self._decoder.decode(piece, final=ended)
        if len(self._text) < self._wanted and not ended:
            return
        at = 0
        while True:
            between = _BETWEEN.match(self._text, at)
            start = at if between is None else between.end()
            if start == len(self._text):
                break
            value = read_value(self._text, start, ended=ended)
            if value.end is None:
                # Twice as much before it is tried again, so that all of it is read twice at most.
                self._wanted = 2 * (len(self._text) - start)
                break
            self.position += len(_bytes(self._text[at : value.end]))
            self.begun = self.line + self._text.count("\n", at, start)
            self.line = self.begun + self._text.count("\n", start, value.end)
            at = value.end
            self._wanted = 0
            yield _bytes(self._text[start:at]).rstrip()
        self._text = self._text[at:]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
