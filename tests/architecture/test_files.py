from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections import defaultdict
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))

# An index is reached by an option followed by an address, or by the path all indexes share.
INDEX = re.compile(r"(?:index(?:-url)?|find-links)[\s=\"':]+\w+:/{2}|:/{2}\S+/simple\b")
# Where someone's checkout or home lies; an address has a host before its path.
ABSOLUTE = re.compile(r"(?<![\w.~/-])/(?:home|Users|root|builds|work|workspaces?)/\w|\b[A-Z]:\\\w")


def tracked() -> list[Path]:
    """What git keeps or would keep; without git, all but what tools leave behind."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        left_behind = {"__pycache__", "dist", "htmlcov", "mutants", "site"}
        found = [path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file()]
        return [
            ROOT / path
            for path in found
            if not left_behind.intersection(path.parts)
            and (path.parts[0] == ".ci" or not path.parts[0].startswith("."))
        ]
    # A clone of another owner is read all the same: nothing in it is run.
    listed = subprocess.run(
        [git, "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


def lines_of_text() -> list[tuple[str, str]]:
    """Every line of every tracked text, with where it stands."""
    found: list[tuple[str, str]] = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" in content:
            continue
        where = path.relative_to(ROOT).as_posix()
        lines = content.decode("utf-8").splitlines()
        found.extend((f"{where}:{number}", line) for number, line in enumerate(lines, start=1))
    return found


def test_no_file_names_the_address_of_a_package_index() -> None:
    assert [where for where, line in lines_of_text() if INDEX.search(line)] == []


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    here = [str(place) for place in (ROOT, Path.home()) if len(place.parts) > 2]

    assert [
        where
        for where, line in lines_of_text()
        if ABSOLUTE.search(line) or any(place in line for place in here)
    ] == []


def test_the_images_for_trying_out_are_named_by_version_and_digest() -> None:
    named = re.findall(r"^ +image: (.+)$", (ROOT / "compose.yaml").read_text("utf-8"), re.MULTILINE)

    assert len(named) == 3
    exact = re.compile(r"[a-z/]+:\d+\.\d+\.\d+@sha256:[0-9a-f]{64}")
    assert [image for image in named if not exact.fullmatch(image)] == []


def test_the_locks_hold_versions_and_hashes_and_nothing_else() -> None:
    allowed = re.compile(r"#.*|[a-z0-9-]+==\S+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    lines = [(lock.name, line) for lock in LOCKS for line in lock.read_text("utf-8").splitlines()]

    assert lines
    assert [at for at in lines if not allowed.fullmatch(at[1]) or "://" in at[1]] == []


def test_the_locks_agree_on_one_version_of_each_package_of_ours() -> None:
    versions: defaultdict[str, set[str]] = defaultdict(set)
    for lock in LOCKS:
        if lock.stem == "bench-usual-job":  # an older Spark, in an environment of its own
            continue
        for name, version in re.findall(r"(?m)^([a-z0-9-]+)==(\S+)", lock.read_text("utf-8")):
            versions[name].add(version)

    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_the_lock_for_production_has_what_the_extras_need_and_no_tool_of_developers() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    text = (ROOT / "requirements" / "production.txt").read_text("utf-8")
    locked = dict(re.findall(r"(?m)^([a-z0-9-]+)==(\S+)", text))
    needed = [
        wanted
        for extra in project["project"]["optional-dependencies"].values()
        for wanted in map(Requirement, extra)
        if wanted.name != project["project"]["name"]
    ]
    tools = {
        Requirement(wanted).name
        for group in project["dependency-groups"].values()
        for wanted in group
        if isinstance(wanted, str)
    }

    assert [str(one) for one in needed if locked.get(one.name, "none") not in one.specifier] == []
    assert locked.keys() & tools - {wanted.name for wanted in needed} == set()
