"""Times of a log: from milliseconds since 1970, as Kafka tells them, to datetimes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_MILLISECONDS: Final = 1_000
# A producer may write any time into its message where the topic lets it (CreateTime).
_EARLIEST: Final = 0
_LATEST: Final = int(datetime(9000, 1, 1, tzinfo=UTC).timestamp()) * _MILLISECONDS


class TimestampDecoder:
    """Turns milliseconds since 1970 into datetimes; many records in a row share theirs."""

    def __init__(self) -> None:
        self._last_ms = _EARLIEST
        self._last = datetime.fromtimestamp(0, UTC)

    def decode(self, milliseconds: int) -> datetime:
        """Return the moment in UTC.

        Before 1970 it is 1970, so that the record is past its retention; beyond the year 9000
        it is that, so that the record is rejected for coming from the future.
        """
        if milliseconds != self._last_ms:
            self._last_ms = milliseconds
            bounded = min(max(milliseconds, _EARLIEST), _LATEST)
            self._last = datetime.fromtimestamp(bounded / _MILLISECONDS, UTC)
        return self._last
