"""The test kit as its users have it: a project of its own, run by pytest with the plugin."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "tests" / "example_project"
GUIDE = ROOT / "docs" / "howto" / "test-with-profiles.md"

FOREIGN = """
import sys
before = set(sys.modules)
import profiles.testing
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(loaded - set(sys.stdlib_module_names)))
"""
LEAK = """
from profiles.testing import assert_no_personal_data
def test_leak(profiles_adults):
    assert_no_personal_data(profiles_adults[7]["login"]["uuid"], profiles_adults)
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Give a folder with what an installer writes of the package's entry points."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    entry_points = project["entry-points"]["pytest11"].items()
    folder = tmp_path / "installed"
    metadata = folder / "profiles-0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: profiles\nVersion: 0\n")
    lines = ["[pytest11]", *(f"{name} = {module}" for name, module in entry_points)]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return folder


def run_pytest(project: Path, installed: Path, *arguments: str) -> tuple[int, str]:
    """Run the tests of a project with the plugin and without those of others."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:dash",
            "-p",
            "no:cacheprovider",
            *arguments,
        ],
        cwd=project,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(installed), str(ROOT / "src")])},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_example_project_passes_with_the_plugin(tmp_path: Path, installed: Path) -> None:
    project = tmp_path / "club"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("__pycache__"))

    code, output = run_pytest(project, installed, "-W", "error")

    assert (code, re.findall(r"(\d+) passed", output)) == (0, ["4"]), output


def test_the_example_project_fails_once_it_logs_a_name(tmp_path: Path, installed: Path) -> None:
    project = tmp_path / "club"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("__pycache__"))
    program = project / "members.py"
    leaking = program.read_text("utf-8").replace("profile.age)", "profile.full_name)")
    program.write_text(leaking, "utf-8")

    code, output = run_pytest(project, installed)

    assert code == 1
    assert "1 failed, 3 passed" in output
    assert "Personal data: the text holds name" in output


def test_a_failure_shows_no_value(tmp_path: Path, installed: Path) -> None:
    (tmp_path / "test_leak.py").write_text(LEAK)

    code, output = run_pytest(tmp_path, installed, "--ignore", str(installed))

    assert code == 1
    assert "AssertionError: Personal data: the text holds login.uuid of record 7 (plain)." in output
    assert not re.search("[0-9a-f]{8}-[0-9a-f]{4}", output)
    assert "profiles_adults = <60 records>" in output


def test_importing_the_kit_imports_neither_pytest_nor_hypothesis() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FOREIGN], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["profiles"]


def test_the_guide_shows_the_example_project_as_it_is() -> None:
    shown = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)

    assert shown == [
        (EXAMPLE / name).read_text("utf-8") for name in ("members.py", "test_members.py")
    ]


def test_the_guide_names_every_fixture() -> None:
    plugin = (ROOT / "src/profiles/testing/plugin.py").read_text("utf-8")
    fixtures = re.findall(r"^@pytest\.fixture.*\ndef (\w+)", plugin, re.MULTILINE)

    assert fixtures
    assert re.findall(r"^\| `(\w+)` \|", GUIDE.read_text("utf-8"), re.MULTILINE) == fixtures
