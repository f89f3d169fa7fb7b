"""Kafka, MongoDB and Cassandra on this machine until Ctrl-C, for trying out: `nox -s servers`.

What they hold goes with them.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType

from tests.support.services.pool import Pool, this_machine
from tests.support.services.service import NAMES, ServiceError


def main() -> None:
    """Start the servers, say how to use them, and keep them."""
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        with Pool(this_machine()) as pool:
            for name in NAMES:
                pool.begin(name)
            kafka, cassandra, mongo = map(pool.address, NAMES)
            base, _, options = mongo.partition("/?")
            sys.stdout.write(
                "Kafka, MongoDB and Cassandra run until Ctrl-C. In another terminal:\n\n"
                f"export PROFILES_KAFKA={kafka}\n"
                f"export PROFILES_STORE='{base}/profiles?{options}"
                f" cassandra://{cassandra}/user_keyspace'\n"
                f"export PATH={Path(sys.executable).parent}:$PATH\n"
            )
            sys.stdout.flush()
            signal.pause()
    except ServiceError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
