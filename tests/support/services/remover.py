"""Remove a container when the tests are gone, however they ended: `remover.py NAME`, a script.

Waits for the end of its standard input, which the tests hold open as long as they live.
"""

from __future__ import annotations

import contextlib
import sys


def main(name: str) -> None:
    sys.stdin.read()
    import docker

    engine = docker.from_env()
    with contextlib.suppress(docker.errors.NotFound):
        engine.containers.get(name).remove(force=True, v=True)
    engine.close()


if __name__ == "__main__":
    main(sys.argv[1])
