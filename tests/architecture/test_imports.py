from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import profiles.domain

DOMAIN = Path(profiles.domain.__file__).parent
DOMAIN_MODULES = [path.relative_to(DOMAIN).as_posix() for path in sorted(DOMAIN.rglob("*.py"))]

# Same input, same output: nothing here may look at the world, the clock or a die.
IMPURE = frozenset(
    "asyncio http io logging multiprocessing os pathlib random secrets shutil socket sqlite3 ssl"
    " subprocess sys tempfile threading time urllib".split()
)

LOADED_WITH_PROFILES = """
import sys
before = set(sys.modules)
import profiles
print(*sorted(set(sys.modules) - before), sep="\\n")
"""


def imported_by(module: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse((DOMAIN / module).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return names


def top(name: str) -> str:
    return name.partition(".")[0]


@pytest.mark.parametrize("module", DOMAIN_MODULES)
def test_the_domain_imports_only_itself_and_the_standard_library(module: str) -> None:
    own = ("profiles.domain", "profiles.domain.")
    foreign = {
        name
        for name in imported_by(module)
        if not (name == own[0] or name.startswith(own[1]) or top(name) in sys.stdlib_module_names)
    }

    assert foreign == set()


@pytest.mark.parametrize("module", DOMAIN_MODULES)
def test_the_domain_is_pure(module: str) -> None:
    assert {name for name in imported_by(module) if top(name) in IMPURE} == set()


def test_importing_profiles_loads_nothing_outside_the_standard_library() -> None:
    fresh = subprocess.run(
        [sys.executable, "-c", LOADED_WITH_PROFILES], capture_output=True, text=True, check=True
    )

    loaded = fresh.stdout.split()
    assert "profiles" in loaded
    assert {name for name in loaded if top(name) not in {*sys.stdlib_module_names, "profiles"}} == (
        set()
    )
