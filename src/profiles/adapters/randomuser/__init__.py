"""Persons from the Random User Generator API, version 1.4, over HTTP."""

from profiles.adapters.randomuser.source import (
    API_URL,
    FIELDS,
    RandomUserSource,
    check_reachable,
)
from profiles.adapters.randomuser.transport import Timeouts

__all__ = ["API_URL", "FIELDS", "RandomUserSource", "Timeouts", "check_reachable"]
