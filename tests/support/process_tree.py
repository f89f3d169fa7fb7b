"""Which processes another one has started, as Linux tells."""

from __future__ import annotations

from pathlib import Path


def descendants(root: int) -> list[int]:
    """All processes below one, by id."""
    parents = {pid: parent_of(pid) for pid in _numbered()}
    known = {root}
    while more := {pid for pid, parent in parents.items() if parent in known} - known:
        known |= more
    return sorted(known - {root})


def _numbered() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def parent_of(pid: int) -> int:
    """Who has started a process; 0 where it is gone."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return 0
    return int(status.rpartition(")")[2].split()[1])


def command_of(pid: int) -> str:
    """The command line of a process; nothing where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
