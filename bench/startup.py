"""How long the library takes to load."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from figures import Figure, best_of

AIM_MS = 50


def measure(runs: int = 10) -> Iterator[Figure]:
    """Start Python with and without `import profiles`; the difference is ours."""
    bare = best_of(runs, lambda: _python("pass"))
    ours = best_of(runs, lambda: _python("import profiles"))
    yield Figure(
        what="import profiles",
        value=max(ours - bare, 0.0001) * 1_000,
        unit="ms",
        aim=AIM_MS,
        lower_is_better=True,
    )


def _python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)
