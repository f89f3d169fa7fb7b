"""Times of a log as datetimes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from profiles.application.log.timestamps import TimestampDecoder


@pytest.mark.parametrize(
    ("milliseconds", "moment"),
    [
        (1_795_435_200_123, datetime(2026, 11, 23, 12, 0, 0, 123_000, tzinfo=UTC)),
        (-1, datetime(1970, 1, 1, tzinfo=UTC)),
        (2**62, datetime(9000, 1, 1, tzinfo=UTC)),
    ],
)
def test_every_timestamp_that_a_producer_can_write_is_decoded(
    milliseconds: int, moment: datetime
) -> None:
    assert TimestampDecoder().decode(milliseconds) == moment


def test_consecutive_records_of_one_timestamp_are_decoded_once() -> None:
    timestamps = TimestampDecoder()

    assert timestamps.decode(1_000) is timestamps.decode(1_000)
    assert timestamps.decode(2_000) != timestamps.decode(1_000)
