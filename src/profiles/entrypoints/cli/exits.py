"""Exit codes: a contract with scripts."""

from __future__ import annotations

from typing import Final

DONE: Final = 0
FAILURE: Final = 1
"""A failure, or a finding."""
USAGE: Final = 2
"""Wrong usage or configuration."""
