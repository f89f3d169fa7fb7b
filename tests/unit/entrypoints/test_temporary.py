"""The folder of a demonstration, also of one that was killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from profiles.entrypoints.temporary import temporary_folder

MAKE = """
import os, signal, sys
from pathlib import Path
from profiles.entrypoints.temporary import temporary_folder

with temporary_folder(Path(sys.argv[1])) as folder:
    (folder / "log.sqlite").write_text("born 1990-05-17")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_is_gone_when_it_is_done_with(tmp_path: Path) -> None:
    with temporary_folder(tmp_path) as folder:
        (folder / "log.sqlite").write_text("born 1990-05-17")

    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_has_left_goes_at_the_next_start(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", MAKE, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    assert killed.returncode == -9
    assert (left / "log.sqlite").exists()

    with temporary_folder(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_what_is_in_use_or_not_ours_stays(tmp_path: Path) -> None:
    others = [
        tmp_path / f"profiles-demo-{os.getpid()}-abc",
        tmp_path / "profiles-demo-notes",
        tmp_path / "another-1-abc",
    ]
    for other in others:
        other.mkdir()
    (tmp_path / "profiles-demo-999999999-link").symlink_to(others[2])

    with temporary_folder(tmp_path) as folder:
        assert folder.exists()

    assert all(other.exists() for other in others)
