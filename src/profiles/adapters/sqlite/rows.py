"""Profiles and rejections as rows of the store's file, and back.

Columns are named in every statement: in a file to which one was added later they stand in another
order than in a new one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from profiles.application.log.quarantine import Quarantined
from profiles.application.log.records import LogPartition
from profiles.domain.columns import COLUMNS, FIELDS, NAMES, ColumnKind
from profiles.domain.corrections import Corrections
from profiles.domain.outcome import Rejected, RejectionReason
from profiles.domain.profile import Profile

_NAMED: Final = ", ".join(NAMES)

SELECT: Final = f"SELECT {_NAMED} FROM users"  # noqa: S608 - this project's own words
"""Begins a query whose rows `profile_of` reads."""

_WRITTEN: Final = f"INTO users ({_NAMED}) VALUES ({', '.join('?' * len(COLUMNS))})"

INSERT: Final = f"INSERT {_WRITTEN}"
"""Writes what `profile_rows` returns, of who is not held."""

UPSERT: Final = f"INSERT OR REPLACE {_WRITTEN}"
"""Writes what `profile_rows` returns, in place of what is held."""

_KEPT: Final = (*NAMES, "corrections")
_WITHIN: Final = ", ".join(f"json_extract(row, '$.{name}')" for name in NAMES)
_IDS: Final = "id IN (SELECT value FROM json_each(?))"

SELECT_RESTRICTED: Final = f"SELECT {_WITHIN} FROM restricted"  # noqa: S608 - this project's own words
"""Begins a query whose rows `profile_of` reads: of those that are kept apart."""

RESTRICT: Final = f"""
    INSERT OR REPLACE INTO restricted
    SELECT id, json_object({", ".join(f"'{name}', {name}" for name in _KEPT)})
    FROM users WHERE {_IDS}
"""  # noqa: S608 - this project's own words
"""Copies rows; takes their ids as a JSON array."""

UNRESTRICT: Final = f"""
    INSERT INTO users ({", ".join(_KEPT)})
    SELECT {", ".join(f"json_extract(row, '$.{n}')" if n != "version" else f":{n}" for n in _KEPT)}
    FROM restricted WHERE id = :id
"""  # noqa: S608 - this project's own words
"""Copies a row back; takes its `version` and its `id` by these names."""

_DATES: Final = tuple(
    place
    for place, column in enumerate(FIELDS)
    if column.kind in {ColumnKind.DAY, ColumnKind.MIDNIGHT}
)
"""Where dates stand; they are kept as ISO text. All else is kept as it is."""


def profile_rows(profiles: Iterable[tuple[Profile, int]]) -> list[list[Any]]:
    """Write profiles with their versions as rows of `users`.

    A date is written once, however many have it: two of three are the same for a whole chunk.
    """
    written: dict[date | None, str | None] = {None: None}
    rows: list[list[Any]] = []
    for profile, version in profiles:
        row: list[Any] = [*profile, version]
        for place in _DATES:
            day = row[place]
            try:
                row[place] = written[day]
            except KeyError:
                row[place] = written[day] = day.isoformat()
        rows.append(row)
    return rows


def profile_of(row: Sequence[Any]) -> tuple[Profile, int]:
    """Read a row of `users`."""
    *values, version = row
    for place in _DATES:
        day = values[place]
        if day is not None:
            values[place] = date.fromisoformat(day)
    return Profile._make(values), version


def corrections_text(kept: Corrections) -> str:
    """Write what is kept of corrections, as JSON."""
    return json.dumps(kept.written(), ensure_ascii=False)


def corrections_of(text: str | None) -> Corrections | None:
    """Read what is kept of corrections; null is nothing."""
    return None if text is None else Corrections.read(json.loads(text))


QUARANTINED: Final = """
    SELECT topic_id, partition, partitions, offset, ordinal, logged_at, reason, path, expected,
        place, further
    FROM quarantine JOIN writers USING (writer)
"""
"""Begins a query for rejections, in rows that `quarantined_of` reads."""

QUARANTINED_BETWEEN: Final = (
    f"{QUARANTINED} WHERE writer = ? AND offset >= ? AND offset < ? ORDER BY offset, ordinal"
)
"""Asks for those of a writer from one offset to before another, in the order of the log."""


def quarantine_row(writer: int, quarantined: Quarantined) -> tuple[object, ...]:
    """Write a rejection as a row of `quarantine`."""
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
        quarantined.place,
        quarantined.further,
    )


def quarantined_of(row: Sequence[Any]) -> Quarantined:
    """Read a row of `quarantine` with its writer's topic and partition."""
    topic_id, partition, partitions, offset, ordinal, logged_at, *told = row
    reason, path, expected, place, further = told
    return Quarantined(
        partition=LogPartition(topic_id, partition, partitions),
        offset=offset,
        ordinal=ordinal,
        logged_at=datetime.fromisoformat(logged_at),
        rejected=Rejected(RejectionReason(reason), path, expected),
        place=place,
        further=further,
    )


def timestamp(moment: datetime) -> str:
    """Write a moment as text in UTC that sorts as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
