"""What a file is, by how it begins: lines of JSON, documents of JSON, or something else."""

from __future__ import annotations

import codecs
import json
import re
from enum import Enum
from typing import Final, NamedTuple

from profiles.adapters.jsonl.documents import read_value


class Layout(Enum):
    """How JSON lies in a file."""

    LINES = "a value a line"
    DOCUMENTS = "values over several lines, or in arrays"


class Foreign(NamedTuple):
    """A format that is not read: its name, and what to do."""

    name: str
    remedy: str


_CONVERT: Final = "Convert it to JSON lines, one person a line."
_UNPACK: Final = "Unpack it; of packed files only gzip is read."
_UTF8: Final = "Write it as UTF-8 (in PowerShell: Set-Content -Encoding utf8)."

_BY_MAGIC: Final[tuple[tuple[bytes, Foreign], ...]] = (
    (codecs.BOM_UTF32_LE, Foreign("text in UTF-32", _UTF8)),
    (codecs.BOM_UTF32_BE, Foreign("text in UTF-32", _UTF8)),
    (codecs.BOM_UTF16_LE, Foreign("text in UTF-16", _UTF8)),
    (codecs.BOM_UTF16_BE, Foreign("text in UTF-16", _UTF8)),
    (b"PK\x03\x04", Foreign("a zip archive, or a spreadsheet", "Unpack it, or save it as JSON.")),
    (b"PK\x05\x06", Foreign("an empty zip archive", _UNPACK)),
    (b"BZh", Foreign("packed by bzip2", _UNPACK)),
    (b"\xfd7zXZ\x00", Foreign("packed by xz", _UNPACK)),
    (b"\x28\xb5\x2f\xfd", Foreign("packed by zstd", _UNPACK)),
    (b"\x04\x22\x4d\x18", Foreign("packed by lz4", _UNPACK)),
    (b"7z\xbc\xaf\x27\x1c", Foreign("a 7z archive", _UNPACK)),
    (b"Rar!\x1a\x07", Foreign("a RAR archive", _UNPACK)),
    (b"\x1f\x8b", Foreign("packed by gzip twice", "Unpack it once.")),
    (b"PAR1", Foreign("Parquet", _CONVERT)),
    (b"Obj\x01", Foreign("Avro", _CONVERT)),
    (b"ORC", Foreign("ORC", _CONVERT)),
    (b"ARROW1", Foreign("Arrow", _CONVERT)),
    (b"SQLite format 3\x00", Foreign("a SQLite database", "Export its persons as JSON lines.")),
    (b"%PDF", Foreign("PDF", _CONVERT)),
    (b"\xd0\xcf\x11\xe0", Foreign("an old office document", "Save it as JSON lines.")),
)
_TAR: Final = (257, b"ustar")

_HTML: Final = Foreign(
    "an HTML page", "Download the data itself; from the API, with format=json and no browser."
)
_XML: Final = Foreign("XML", "From the API, ask for format=json; else convert it to JSON lines.")
_CSV: Final = Foreign("CSV", "From the API, ask for format=json; else convert it to JSON lines.")
_YAML: Final = Foreign("YAML", "From the API, ask for format=json; else convert it to JSON lines.")
_BINARY: Final = Foreign(
    "of a binary format", "Give a file of JSON lines in UTF-8, one person a line."
)
_TEXT: Final = Foreign(
    "text that is no JSON", "Give a file of JSON lines in UTF-8, one person a line."
)

_FRAME_BYTES: Final = 5
_UTF16_SAMPLE: Final = 8
_BLANKS: Final = b" \t\r\n"
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c\x1d\x1f]")
_FIELD_SEPARATORS: Final = (b",", b";", b"\t", b"|")


def recognise(head: bytes) -> Layout | Foreign:
    """Recognise a format by the first bytes of a file, kilobytes if it has as many.

    One line that is JSON makes it JSON, whatever the others are: a broken record must not sink
    the rest. Empty is fine.
    """
    foreign = _by_its_first_bytes(head)
    if foreign is not None:
        return foreign
    content = head.removeprefix(codecs.BOM_UTF8).lstrip(_BLANKS + b"\x1e")
    if not content:
        return Layout.LINES
    if _are_documents(content):
        return Layout.DOCUMENTS
    lines = content.split(b"\n")
    if any(_is_json(line, whole=place < len(lines)) for place, line in enumerate(lines, 1)):
        return Layout.LINES
    return _text_format(content, lines)


def _by_its_first_bytes(head: bytes) -> Foreign | None:
    for magic, foreign in _BY_MAGIC:
        if head.startswith(magic):
            return foreign
    if head[_TAR[0] :].startswith(_TAR[1]):
        return Foreign("a tar archive", _UNPACK)
    return Foreign("text in UTF-16", _UTF8) if _is_wide(head) else None


def _is_wide(head: bytes) -> bool:
    """Tell UTF-16 without its mark: every other byte of ASCII is 0."""
    sample = head[: len(head) // 2 * 2][:64]
    if len(sample) < _UTF16_SAMPLE:
        return False
    return any(not any(sample[at::2]) and all(sample[1 - at :: 2]) for at in (0, 1))


def _are_documents(content: bytes) -> bool:
    """Tell whether values begin that lines can't be cut from.

    Those of several lines are checked as far as they can be seen: a line that was cut short is
    followed by another, and that is no JSON together.
    """
    first_line, newline, _ = content.partition(b"\n")
    text = content.decode("utf-8", "surrogateescape")
    if content[:1] == b"[":
        return content[1:].lstrip(_BLANKS + b"[")[:1] == b"{" or not newline
    if content[:1] != b"{":
        return False
    value = read_value(text, 0, ended=False)
    if value.broken:
        return False
    lines = len(first_line.decode("utf-8", "surrogateescape"))
    if value.end is None:  # there is more of it than can be seen
        return bool(newline)
    if value.end > lines:
        return True
    return not newline and text[value.end :].lstrip()[:1] == "{"


def _is_json(line: bytes, *, whole: bool) -> bool:
    """Tell whether a line is JSON, or may become it where it is not there as a whole."""
    framed = line[:1] == b"\0"
    line = (line[_FRAME_BYTES:] if framed else line).strip(_BLANKS + b"\x1e")
    if not whole:
        return line[:1] in (b"{", b"[") or (framed and not line) or _is_value(line)
    return _is_value(line)


def _is_value(line: bytes) -> bool:
    try:
        json.loads(line.decode(), parse_int=len, parse_float=len)
    except (ValueError, RecursionError):
        return False
    return True


def _text_format(content: bytes, lines: list[bytes]) -> Foreign:
    start = content[:512].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return _HTML
    if start.startswith(b"<"):
        return _HTML if b"<html" in start else _XML
    if _CONTROL.search(content):
        return _BINARY
    if start.startswith((b"---", b"results:", b"- ")):
        return _YAML
    return _CSV if _is_a_table([line for line in lines[:3] if line.strip()]) else _TEXT


def _is_a_table(lines: list[bytes]) -> bool:
    """Tell whether all lines have as many fields: two or more, on a single line three."""
    for separator in _FIELD_SEPARATORS:
        counts = [line.count(separator) for line in lines]
        if min(counts) == max(counts) >= (1 if len(lines) > 1 else 2):
            return True
    return False
