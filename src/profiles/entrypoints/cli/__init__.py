"""The command line: each command parses, calls one use case, and renders.

Results go to standard output, the tally as one JSON object on its last line; everything else to
standard error. Exit code 0: done; 1: a failure or a finding; 2: wrong usage or configuration.
"""

from profiles.entrypoints.cli import (
    compliance,
    erasure,
    jobs,
    leaks,
    pages,
    policy,
    quarantine,
    rectification,
    restriction,
    rights,
)
from profiles.entrypoints.cli.group import cli
from profiles.entrypoints.cli.running import run_command

__all__ = [
    "cli",
    "compliance",
    "erasure",
    "jobs",
    "leaks",
    "pages",
    "policy",
    "quarantine",
    "rectification",
    "restriction",
    "rights",
    "run_command",
]
