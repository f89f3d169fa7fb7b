"""Arrivals: newly held persons by minute of log time, of the last 24 hours of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

ARRIVALS_KEPT: Final = timedelta(hours=24)
"""How far back arrivals are counted, in log time."""


def last_minute_to_delete(newest: datetime) -> datetime:
    """Return the minute up to which arrivals are too old, given the newest one."""
    return newest - ARRIVALS_KEPT


def recent(arrivals: Mapping[datetime, int]) -> dict[datetime, int]:
    """Return arrivals in the order of time, without those that are too old beside the newest."""
    if not arrivals:
        return {}
    oldest = last_minute_to_delete(max(arrivals))
    return {minute: arrivals[minute] for minute in sorted(arrivals) if minute > oldest}
