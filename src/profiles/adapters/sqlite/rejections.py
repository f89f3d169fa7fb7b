"""The rejected records of a profile store in a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

from profiles.adapters.sqlite.rows import QUARANTINED, quarantined_of
from profiles.application.log.quarantine import Quarantined
from profiles.application.ports.rejections import RejectionCounts
from profiles.domain.outcome import RejectionReason

_NEWEST: Final = f"""
    {QUARANTINED} WHERE :reason IS NULL OR reason = :reason
    ORDER BY logged_at DESC, topic_id DESC, partition DESC, offset DESC, ordinal DESC LIMIT :limit
"""
_FROM_THE_FIRST: Final = f"{QUARANTINED} ORDER BY writer, offset, ordinal LIMIT :limit"
_AFTER: Final = f"""
    {QUARANTINED}
    WHERE (writer, offset, ordinal) > (
        (SELECT writer FROM writers WHERE topic_id = :topic_id AND partition = :partition),
        :offset, :ordinal
    )
    ORDER BY writer, offset, ordinal LIMIT :limit
"""  # noqa: S608 - own words


class SqliteRejections:
    """Tells of what a store's quarantine has; each method reads as of one moment."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        taking_turns: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """Read by a store's connection.

        taking_turns: keeps other threads from it meanwhile, and turns its errors into ours.
        """
        self._connection = connection
        self._taking_turns = taking_turns

    def counts(self) -> RejectionCounts:
        """Count all of them."""
        rows = self._asked("SELECT reason, count(*), sum(further) FROM quarantine GROUP BY reason")
        return RejectionCounts(
            {RejectionReason(reason): kept for reason, kept, _ in rows},
            sum(further for _, _, further in rows),
        )

    def newest(self, *, limit: int, reason: RejectionReason | None = None) -> Sequence[Quarantined]:
        """Return up to `limit`, the last one logged first."""
        rows = self._asked(_NEWEST, limit=limit, reason=None if reason is None else reason.value)
        return list(map(quarantined_of, rows))

    def in_log_order(self, *, after: Quarantined | None, limit: int) -> Sequence[Quarantined]:
        """Return up to `limit` after one, in the order of the log."""
        if after is None:
            rows = self._asked(_FROM_THE_FIRST, limit=limit)
        else:
            rows = self._asked(
                _AFTER,
                limit=limit,
                topic_id=after.partition.topic_id,
                partition=after.partition.number,
                offset=after.offset,
                ordinal=after.ordinal,
            )
        return list(map(quarantined_of, rows))

    def _asked(self, question: str, **values: str | int | None) -> Sequence[Any]:
        with self._taking_turns():
            return self._connection.execute(question, values).fetchall()
