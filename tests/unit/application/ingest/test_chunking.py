from __future__ import annotations

from datetime import timedelta

import pytest

from profiles.application.ingest import consume
from profiles.application.ingest.chunking import cut
from profiles.application.log.records import LogRecord
from tests.support.memory_streams import (
    START,
)

NOW = START + timedelta(seconds=10)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consume, "KEEP_ALIVE_S", 0.01)
    monkeypatch.setattr(consume, "AGAIN_S", 0.0)
    monkeypatch.setattr(consume, "REVOKED_S", 5.0)


def record(offset: int, size: int) -> LogRecord:
    return LogRecord(offset=offset, logged_at=NOW, value=b"x" * size)


@pytest.mark.parametrize(
    ("sizes", "pieces"),
    [
        ([], [0]),
        ([1] * 5, [5]),
        ([1] * 2_001, [2_000, 1]),
        ([1_200] * 2_000, [2_000]),  # whole responses of one person each
        ([2**21, 2**21, 1, 2**23, 1], [2, 1, 1, 1]),
    ],
)
def test_a_chunk_is_bounded_by_records_and_bytes(sizes: list[int], pieces: list[int]) -> None:
    records = [record(offset, size) for offset, size in enumerate(sizes)]

    found = list(cut(records))

    assert [len(piece) for piece in found] == pieces
    assert [one for piece in found for one in piece] == records
