"""Profiles and rejected records as rows, and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogPartition
from profiles.domain.outcome import Rejected, RejectionReason
from profiles.domain.profile import Profile


def profile_row(profile: Profile, version: int) -> tuple[object, ...]:
    """Write a profile as a row of `users`: dates as ISO text."""
    *texts, registered_on, as_of, expires_at = profile
    return (
        *texts,
        None if registered_on is None else registered_on.isoformat(),
        as_of.isoformat(),
        expires_at.isoformat(),
        version,
    )


def profile_of(row: Sequence[Any]) -> tuple[Profile, int]:
    """Read a row of `users`."""
    *others, registered_on, as_of, expires_at, version = row
    dates = (
        None if registered_on is None else date.fromisoformat(registered_on),
        date.fromisoformat(as_of),
        date.fromisoformat(expires_at),
    )
    return Profile._make((*others, *dates)), version


def quarantine_row(writer: int, quarantined: Quarantined) -> tuple[object, ...]:
    """Write a rejected record as a row of `quarantine`."""
    rejected = quarantined.rejected
    return (
        writer,
        quarantined.offset,
        quarantined.ordinal,
        quarantined.partition.partitions,
        timestamp(quarantined.logged_at),
        rejected.reason.value,
        rejected.path,
        rejected.expected,
    )


def quarantined_of(row: Sequence[Any]) -> Quarantined:
    """Read a row of `quarantine`, joined to its writer."""
    topic_id, number, partitions, offset, ordinal, logged_at, reason, path, expected = row
    return Quarantined(
        partition=LogPartition(topic_id, number, partitions),
        offset=offset,
        ordinal=ordinal,
        logged_at=datetime.fromisoformat(logged_at),
        rejected=Rejected(RejectionReason(reason), path, expected),
    )


def timestamp(moment: datetime) -> str:
    """Write a moment as text in UTC that sorts as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
