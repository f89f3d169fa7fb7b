"""Listing what was rejected: where and why, and never a value."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from profiles.application.log.messages import index_in
from profiles.application.log.quarantine import Quarantined
from profiles.application.ports.rejections import Rejections
from profiles.domain.outcome import RejectionReason


def list_rejections(
    rejections: Rejections, *, limit: int, reason: RejectionReason | None = None
) -> dict[str, Any]:
    """Gather what was rejected in the last 7 days, as values that JSON can write.

    limit: of those that are listed, the newest first. reason: of those of one reason only.

    Returns:
        `rejected`: how many persons; `only_counted`: how many of these are listed nowhere, because
        their message had too many; `reasons`: the others by reason; `listed`: reason, path,
        expected type and place of each, with the number of those of its message that were only
        counted on the last one of a message.

    Raises:
        StoreError: the store did not answer.
    """
    counts = rejections.counts()
    kept = sorted((reason.value, count) for reason, count in counts.kept.items())
    return {
        "rejected": sum(counts.kept.values()) + counts.further,
        "only_counted": counts.further,
        "reasons": dict(kept),
        "listed": [_written(each) for each in rejections.newest(limit=limit, reason=reason)],
    }


def _written(quarantined: Quarantined) -> dict[str, Any]:
    partition, rejected = quarantined.partition, quarantined.rejected
    return {
        "reason": rejected.reason.value,
        "path": rejected.path,
        "expected": rejected.expected,
        "topic_id": partition.topic_id,
        "partition": partition.number,
        "offset": quarantined.offset,
        "index": index_in(rejected.path),
        "place": quarantined.place,
        "logged_at": quarantined.logged_at.astimezone(UTC).isoformat(),
        "only_counted": quarantined.further,
    }
