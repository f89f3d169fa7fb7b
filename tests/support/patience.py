"""How long a test waits for what must come."""

from __future__ import annotations

from typing import Final

PATIENCE_S: Final = 300.0
"""Long, for a machine that is busy with other things: where all is well nobody waits so long, and
where something hangs the test fails by it. No test tells a quick answer from a slow one by it."""
