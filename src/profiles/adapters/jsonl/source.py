"""A file as a source: persons or whole responses as JSON, also gzip and standard input."""

from __future__ import annotations

import codecs
import gzip
import io
import logging
import os
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event
from typing import Final, cast

from profiles.adapters.jsonl.documents import Splitter
from profiles.adapters.jsonl.fingerprints import Place, fits, state_of
from profiles.adapters.jsonl.formats import Layout, recognise
from profiles.application.errors import SourceError
from profiles.application.ports.sources import Delivery, Fingerprint, Places
from profiles.domain.errors import UsageError

DELIVERY_BYTES: Final = 8_000_000
"""Bytes delivered at once: about 8,000 persons as the API sends them.

A delivery is a transaction of the embedded engine, and ids lie at random in an index: with four
times as many SQLite has a fifth less to do for each (2026-11)."""

MAXIMUM_LINE: Final = 64 * 2**20
"""Bytes; the largest response of the API, 5,000 users, has a tenth of it, indented a fifth."""

HEAD_BYTES: Final = 64 * 2**10
"""Bytes by which a format is recognised, where a file has so many; of a pipe, what is there."""

_RECORD_MARK: Final = b"\x1e"
"""Stands before each value in a JSON text sequence (RFC 7464)."""

_GZIP_MAGIC: Final = b"\x1f\x8b"
_DAMAGE: Final = (EOFError, gzip.BadGzipFile, zlib.error)
FOLLOW_S: Final = 0.5
"""Seconds between two looks at a file that more lines may come to."""

_logger = logging.getLogger(__name__)

_Stream = io.BufferedReader | gzip.GzipFile


class JsonlSource:
    """Reads lines; an empty line is passed over, a broken one is rejected later on its own.

    Where values lie over several lines or in arrays, these are found: a saved response, or what
    `jq` writes. Such a file ends at its end also where lines would be waited for.

    Positions are bytes of the uncompressed file.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        once: bool,
        stop: Event,
    ) -> None:
        """Name a file, or standard input where `path` is None.

        once: end at the file's end. Otherwise wait there for more lines, until `stop` is set;
            a compressed file and standard input always end.

        Raises:
            UsageError: there is no such file, or it is of a format that is not read.
        """
        self._path = path
        self._resumable = path is not None
        self._once = once
        self._stop = stop
        self._name = "jsonl:-" if path is None else _name(path)
        if path is not None:
            self._check()

    @property
    def name(self) -> str:
        """Tell this file from another, also from another of the same name."""
        return self._name

    def _check(self) -> None:
        """Recognise a file before anything is made for it; what can't be read is told later."""
        with ExitStack() as stack, suppress(OSError):
            self._layout(self._opened(stack))

    def deliveries(
        self, *, start: int = 0, fingerprint: Fingerprint | None = None
    ) -> Iterator[Delivery]:
        """Yield runs of whole lines from byte `start` on; see the port.

        Where a run ends depends on where it starts and on nothing else: a run after a restart
        is the one that would have come without it.
        """
        try:
            with ExitStack() as stack:
                stream = self._opened(stack)
                layout = self._layout(stream)
                place = self._resumed(stream, start, fingerprint) if start else Place()
                if layout is Layout.DOCUMENTS:
                    yield from self._documents(stream, place)
                else:
                    yield from self._runs(stream, place)
        except _DAMAGE:
            raise self._damaged() from None
        except OSError as failure:
            what = f"can't be read ({failure.strerror or type(failure).__name__})"
            raise self._error(what, "Check the file, and run the same command again.") from None

    def _opened(self, stack: ExitStack) -> _Stream:
        """Open the file, or take standard input; unpack what begins as gzip does."""
        if self._path is None:
            stream = cast("io.BufferedReader", sys.stdin.buffer)
        else:
            opened = self._path.open("rb", buffering=HEAD_BYTES)
            stream = cast("io.BufferedReader", stack.enter_context(opened))
        if stream.peek(len(_GZIP_MAGIC))[: len(_GZIP_MAGIC)] == _GZIP_MAGIC:
            return stack.enter_context(gzip.GzipFile(fileobj=stream))
        return stream

    def _layout(self, stream: _Stream) -> Layout:
        """Tell how JSON lies in a stream.

        Raises:
            UsageError: it is something else.
        """
        try:
            head = stream.peek(HEAD_BYTES)
        except _DAMAGE:
            return Layout.LINES  # told when it is read
        found = recognise(head)
        if isinstance(found, Layout):
            return found
        what = "Standard input" if self._path is None else f"The source {self._path}"
        raise UsageError(f"{what} is {found.name}; what is read is JSON in UTF-8. {found.remedy}")

    def _documents(self, stream: _Stream, place: Place) -> Iterator[Delivery]:
        """Yield values that lie over several lines or in arrays."""
        splitter = Splitter(place.position, line=place.line)
        values: list[bytes] = []
        lines: list[int] = []
        size = 0
        undelivered = bytearray()

        def delivery() -> Delivery:
            nonlocal values, lines, size
            read = bytes(undelivered[: splitter.position - place.position])
            del undelivered[: len(read)]
            place.move(read, line=splitter.line)
            delivered = self._delivery(values, lines, place)
            values, lines, size = [], [], 0
            return delivered

        ended = damaged = False
        while not ended:
            place.state = self._state(stream)
            block, damaged = _block(stream, DELIVERY_BYTES, wait_for_all=self._resumable)
            undelivered += block
            ended = damaged or not block
            for value in splitter.cut(block, ended=ended and not damaged):
                values.append(value)
                lines.append(splitter.begun)
                size += len(value)
                if size >= DELIVERY_BYTES:
                    yield delivery()
            if values and (ended or not self._resumable):
                yield delivery()
            if splitter.pending > MAXIMUM_LINE:
                what = f"has a value of more than {MAXIMUM_LINE} bytes"
                raise self._error(what, "Give one person or one response a line.")
        if damaged:
            raise self._damaged()

    def _runs(self, stream: _Stream, place: Place) -> Iterator[Delivery]:
        pending = _Pending()
        ended = damaged = False
        while not ended:
            place.state = self._state(stream)
            block, damaged = _block(
                stream, DELIVERY_BYTES - pending.size % DELIVERY_BYTES, wait_for_all=self._resumable
            )
            if not block and not damaged and self._follows(stream):
                if os.fstat(stream.fileno()).st_size < place.position + pending.size:
                    self._warn_of_change(place.position)
                    stream.seek(0)
                    place = Place()
                    pending = _Pending()
                # A line without its end stays where it is: more of it may come.
                elif self._stop.wait(FOLLOW_S):
                    return
                continue
            ended = damaged or not block
            run = pending.cut(block, ended=ended and not damaged)
            if run:
                lines = run if place.position else run.removeprefix(codecs.BOM_UTF8)
                values, numbers = _values(lines, first=place.line)
                place.move(run, line=place.line + run.count(b"\n"))
                yield self._delivery(values, numbers, place)
            if pending.size > MAXIMUM_LINE:
                what = f"has a line of more than {MAXIMUM_LINE} bytes"
                raise self._error(what, "Give one person or one response a line.")
        if damaged:
            raise self._damaged()

    def _delivery(self, values: list[bytes], lines: Sequence[int], place: Place) -> Delivery:
        """Deliver what was read up to a place."""
        places = Places("line", lines)
        if not self._resumable:
            return Delivery(values=values, places=places)
        fingerprint = Fingerprint(place.digest.value(), place.state)
        return Delivery(
            values=values, position=place.position, fingerprint=fingerprint, places=places
        )

    def _resumed(self, stream: _Stream, start: int, known: Fingerprint | None) -> Place:
        """Go to byte `start`; to the beginning if the file is no longer the one that was read.

        All that is before it is read for that.
        """
        state = self._state(stream)
        place = Place(None if known is None else known.content)
        while left := start - place.position:
            block = stream.read1(min(left, DELIVERY_BYTES))
            if not block:
                break
            place.move(block, line=place.line + block.count(b"\n"))
        if place.position == start and fits(known, place.digest.value(), state):
            return place
        self._warn_of_change(start)
        stream.seek(0)
        return Place()

    def _warn_of_change(self, position: int) -> None:
        _logger.warning(
            "%s is not the file any more that was read up to byte %d: it is read from the"
            " beginning, and persons who are held already get a newer version.",
            self._path,
            position,
        )

    def _state(self, stream: _Stream) -> str:
        """Return the file's state before something of it is read."""
        return state_of(os.fstat(stream.fileno())) if self._resumable else ""

    def _follows(self, stream: _Stream) -> bool:
        """Tell whether more lines may come."""
        plain_file = self._path is not None and not isinstance(stream, gzip.GzipFile)
        return plain_file and not self._once

    def _damaged(self) -> SourceError:
        what = "is damaged or cut short, as gzip says"
        return self._error(what, "Compress it again, and run the same command again.")

    def _error(self, happened: str, remedy: str) -> SourceError:
        return SourceError(str(self._path or "standard input"), happened, remedy)


def _name(path: Path) -> str:
    """Name a file once: it may be moved or deleted while it is being read."""
    try:
        status = path.stat()
        what = "is a folder" if path.is_dir() else "is no file"
    except OSError as failure:
        what = f"can't be read ({failure.strerror})"
    else:
        if path.is_file():
            return f"jsonl:{path.resolve()}:{status.st_dev}:{status.st_ino}"
    raise UsageError(
        f"The source {path} {what}; give a file of JSON lines, `-` for standard input,"
        " `randomuser` or `simulator`."
    )


class _Pending:
    """The beginning of a line whose end has not come.

    size: bytes of it.
    """

    def __init__(self) -> None:
        self.size = 0
        self._parts: list[bytes] = []

    def cut(self, block: bytes, *, ended: bool) -> bytes:
        """Take the bytes that follow; return the lines that are whole now, and keep the rest.

        ended: no more bytes come, so the last line needs no end.
        """
        whole = len(block) if ended else block.rfind(b"\n") + 1
        if not whole and not ended:
            self._parts.append(block)
            self.size += len(block)
            return b""
        lines = b"".join([*self._parts, memoryview(block)[:whole]])  # 8 MB are copied but once
        self._parts = [block[whole:]]
        self.size = len(block) - whole
        return lines


def _values(lines: bytes, *, first: int) -> tuple[list[bytes], Sequence[int]]:
    """Return what stands in lines, without the empty ones, and the number of each.

    first: the number of the first line.
    """
    values = lines.split(b"\n")
    if not values[-1]:
        values.pop()  # it is behind the last end of a line
    numbers: Sequence[int] = range(first, first + len(values))
    if not all(map(bytes.strip, values)):
        told = [number for number, value in zip(numbers, values, strict=True) if value.strip()]
        values, numbers = [value for value in values if value.strip()], told
    if _RECORD_MARK in lines:
        values = [value.lstrip(_RECORD_MARK) for value in values]
    return values, numbers


def _block(stream: _Stream, size: int, *, wait_for_all: bool) -> tuple[bytes, bool]:
    """Read the next bytes: `size` of them, fewer at the end or what a pipe has by now.

    Returns them, and whether gzip says that what follows is damaged.
    """
    if wait_for_all and isinstance(stream, io.BufferedReader):
        return stream.read(size), False
    block = bytearray()
    try:
        while len(block) < size:
            part = stream.read1(size - len(block))
            block += part
            if not part or not wait_for_all:
                break
    except _DAMAGE:
        return bytes(block), True
    return bytes(block), False
