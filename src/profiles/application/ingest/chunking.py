"""Cutting what was read into chunks: one transaction each, and never half a message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from profiles.application.log.deciding import Chunk, Rules, decide_chunk
from profiles.application.log.records import LogRecord, Run
from profiles.application.ports.clock import Clock

CHUNK_RECORDS: Final = 2_000
CHUNK_BYTES: Final = 4 * 2**20
"""The bounds of a chunk: whole responses hold many persons each, and a chunk is one transaction.

Below 1,000 records MongoDB's work for each grows by half (23 instead of 16 µs); above 2,000 it
stays, and ours grows, since what is worked on no longer fits a processor's cache (2026-11).
"""

CHUNK_PERSONS: Final = 5_000
"""Persons with which a chunk ends. It is found out by decoding: a small message can hold many."""

TOGETHER_PERSONS: Final = CHUNK_RECORDS // 2
"""Persons that are worth a transaction: smaller chunks of several partitions share one."""

WAITING_PERSONS: Final = 8_000
"""Persons decided and not yet stored, beyond which nothing more is read."""


def decide_run(run: Run, *, rules: Rules, clock: Clock) -> Iterator[Chunk]:
    """Decide a run, chunk by chunk, each as of the moment that it is asked for."""
    start = run.start
    for records in cut(run.records):
        last = not records or records[-1] is run.records[-1]
        end = run.end if last else records[-1].offset + 1
        left = records
        while start < end:
            chunk = decide_chunk(
                run.partition,
                left,
                start=start,
                end=end,
                rules=rules,
                read_at=clock(),
                persons=CHUNK_PERSONS,
            )
            yield chunk
            start = chunk.end
            if start < end:
                left = [record for record in left if record.offset >= start]


def cut(records: Sequence[LogRecord]) -> Iterator[Sequence[LogRecord]]:
    """Cut a run into pieces for one chunk each, never a record; at least one piece, if empty."""
    start = size = 0
    for index, record in enumerate(records):
        length = len(record.value) if isinstance(record.value, bytes) else 0
        if index > start and (index - start == CHUNK_RECORDS or size + length > CHUNK_BYTES):
            yield records[start:index]
            start, size = index, 0
        size += length
    yield records[start:]
