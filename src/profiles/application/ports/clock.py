"""The time of day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
"""Tell the time: an aware datetime in UTC."""
