"""The Spark job as a script: `spark-submit … spark_job.py --kafka … --store … --checkpoint …`.

The same as `profiles spark`, with the same options, but Spark has been started by `spark-submit`,
which names the cluster and brings the connector (docs/deployment.md).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    """Run the command `profiles spark` with the script's arguments."""
    os.umask(0o077)
    # Python puts a script's folder first in its path; ours has names that others use, too.
    here = str(Path(__file__).parent)
    sys.path[:] = [folder for folder in sys.path if folder != here]
    from profiles.entrypoints.cli import run_command

    sys.exit(run_command(["spark", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
