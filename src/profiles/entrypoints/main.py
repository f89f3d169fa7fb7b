"""Where the command `profiles` begins: before anything outside the standard library is loaded."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line, or say what it lacks and exit with 2."""
    os.umask(0o077)  # what is written here is about persons: for nobody but the owner
    try:
        from profiles.entrypoints.cli import run_command
    except KeyboardInterrupt:
        sys.stderr.write("Error: Interrupted before anything was done.\n")
        sys.exit(1)
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("profiles"):
            raise
        sys.stderr.write(
            f"The command line needs {missing.name}, which is not installed. Install it with:"
            " pip install 'profiles[cli]'\n"
        )
        sys.exit(2)
    sys.exit(run_command())
